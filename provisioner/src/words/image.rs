//! `image build`: this program as a container image, to a file, to nodes, to a registry.

use super::Context;
use crate::cli::{Image as ImageArgs, ImageBuild, ImageWord};
use crate::exit::{Exit, Failure};
use crate::image::{self, Executable, Image};
use crate::output::Event;

pub(super) async fn run(ctx: &Context<'_>, args: ImageArgs) -> Result<(), Failure> {
    match args.word {
        ImageWord::Build(args) => build(ctx, args).await,
    }
}

async fn build(ctx: &Context<'_>, args: ImageBuild) -> Result<(), Failure> {
    if ctx.image_file.is_none() && args.push.is_none() && args.load.is_empty() {
        let what = "`image build` has nowhere to put the image";
        return Err(Failure::new(Exit::Usage, what)
            .remedy("--output FILE.tar, --load minikube or --push REGISTRY/REPOSITORY"));
    }
    let path = match args.executable {
        Some(path) => path,
        None => std::env::current_exe().map_err(|error| {
            let what = format!("this executable cannot be found: {error}");
            Failure::new(Exit::Failure, what).remedy("--executable FILE")
        })?,
    };
    // Some seconds of hashing and compressing.
    let built = tokio::task::spawn_blocking(move || Image::build(&Executable::read(&path)?));
    let built = built
        .await
        .map_err(|error| Failure::new(Exit::Failure, format!("building failed: {error}")))??;
    let reference = args.name.unwrap_or_else(|| built.local_reference());
    ctx.out.step(
        "Built",
        format_args!("{} for {}", built.digest(), built.platform),
    );
    let told = |reference: &str, place: &str| {
        ctx.out.tell(&Event::Image {
            reference,
            digest: built.digest(),
            platform: &built.platform.to_string(),
            place,
        })
    };
    if let Some(file) = &ctx.image_file {
        image::write_archive(&built, &reference, file)?;
        ctx.out.step(
            "Written",
            format_args!("{} with {reference}", file.display()),
        );
        told(&reference, &file.to_string_lossy())?;
    }
    for store in &args.load {
        ctx.out
            .busy("Loading", format_args!("{reference} into {store}"));
        image::load(&built, &reference, store).await?;
        ctx.out
            .step("Loaded", format_args!("{reference} into {store}"));
        told(&reference, &store.to_string())?;
    }
    if let Some(target) = &args.push {
        ctx.out.busy("Pushing", target);
        let pushed = image::push(&built, target, args.plain_http, image::Auth::OfDocker).await?;
        ctx.out.step("Pushed", &pushed);
        told(&pushed, target)?;
    }
    Ok(())
}
