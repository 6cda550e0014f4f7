//! `manifests`: CRD and operator as files, for who installs them with kubectl or another
//! tool. deploy/ is made with it.

use super::Context;
use crate::cli::Manifests;
use crate::deploy::render::{self, Manifest, Options};
use crate::exit::{Exit, Failure};
use rsac_api::names;
use std::path::Path;

pub(super) fn run(ctx: &Context<'_>, args: Manifests) -> Result<(), Failure> {
    let defaults = Options::default();
    let options = Options {
        image: args.image.unwrap_or(defaults.image),
        pull_secret: args.pull_secret,
        pulls_by_role: false,
        namespace: args.operator_namespace.unwrap_or(defaults.namespace),
        watched: args.watch,
    };
    let namespaces = options.watched.iter().map(|name| ("--watch", name));
    for (flag, name) in namespaces.chain([("--operator-namespace", &options.namespace)]) {
        must_be_a_namespace(flag, name)?;
    }
    let bad = |error: render::RenderError| Failure::new(Exit::BadInput, error.to_string());
    let crd = rsac_api::crd_yaml();
    let crd = crd.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let Some(folder) = args.dir else {
        let operator = render::operator(&options).map_err(bad)?;
        let texts = std::iter::once(crd).chain(operator.into_iter().map(|m| m.text));
        let texts: Vec<String> = texts.collect();
        return ctx.out.to_stdout(&texts.join("---\n"));
    };
    let crd = Manifest {
        path: "crd/rsacrackers.yaml".to_owned(),
        text: crd,
    };
    let files = render::all(&options).map_err(bad)?;
    for file in std::iter::once(crd).chain(files) {
        write(&folder.join(&file.path), &file.text)?;
    }
    ctx.out.step("Wrote", folder.display());
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Failure::new(Exit::Failure, format!("{}: {error}", path.display())))
}

/// A namespace is a DNS label.
pub(super) fn must_be_a_namespace(flag: &str, name: &str) -> Result<(), Failure> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label = (1..=63).contains(&name.len())
        && name.bytes().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if is_label {
        return Ok(());
    }
    let what = format!("{flag} {name:?} is no name of a namespace");
    Err(Failure::new(Exit::BadInput, what)
        .remedy("use 1 to 63 of a-z, 0-9 and '-', such as ".to_owned() + names::OPERATOR_NAMESPACE))
}
