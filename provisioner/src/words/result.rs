//! `result`: the factors, or the private key made from them.

use super::connection::Connection;
use super::view::View;
use super::{Context, solved, wait};
use crate::cli::ResultOf;
use crate::exit::{Exit, Failure};
use rsac_api::key::{PrivateKeyPem, private_key_pem};
use rsac_api::{BigUint, RSACracker};
use rsac_protocol::Solution;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub(super) async fn run(ctx: &Context<'_>, args: ResultOf) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let cracker = connection.pick(args.name.as_deref()).await?;
    let view = View(&cracker);
    let name = view.name();
    let solution = match view.end() {
        Some(end) if !end.solved => {
            return Err(wait::without_factors(ctx, name, end.reason, end.message));
        }
        Some(_) => connection.access.solution(name).await?,
        // The status may be of an older spec, and so may the solution be.
        None => None,
    };
    let Some(solution) = solution else {
        let what = format!(
            "{} (no answer yet)",
            crate::output::progress_line(&view.bar())
        );
        return Err(Failure::new(Exit::NotYet, what)
            .remedy(format!("`rsac-infra watch {name}` waits for it")));
    };
    if !args.private_key {
        return solved::show(ctx, &connection.stack, &cracker, &solution);
    }
    let pem = private_key(&cracker, &solution)?;
    match &args.out {
        None => ctx.out.to_stdout(pem.expose())?,
        Some(path) => {
            write_new(path, pem.expose()).map_err(|error| refused(path, &error))?;
            ctx.out.step("Written", path.display());
        }
    }
    solved::mark(ctx, &connection.stack, &cracker, &solution);
    Ok(())
}

/// The private key that belongs to the job's public key.
fn private_key(cracker: &RSACracker, solution: &Solution) -> Result<PrivateKeyPem, Failure> {
    let bad =
        |why: String| Failure::new(Exit::BadInput, format!("{}: {why}", View(cracker).name()));
    let target = cracker
        .spec
        .target()
        .map_err(|error| bad(error.to_string()))?;
    let Some(exponent) = target.exponent else {
        let why =
            "the job was made from a number: without a public exponent there is no private key";
        return Err(bad(why.to_owned())
            .remedy("crack the public key itself: `rsac-infra crack public.pem`"));
    };
    let factors = solution.factors.iter().map(|factor| factor.parse());
    let factors: Vec<BigUint> = factors.collect::<Result<_, _>>().map_err(|_| {
        Failure::new(
            Exit::Failure,
            "the stack's answer holds a factor that is no number",
        )
    })?;
    private_key_pem(&factors, &exponent).map_err(|error| bad(error.to_string()))
}

/// Writes a file that nobody else can read; one that is there stays as it is.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        Failure::new(
            Exit::Conflict,
            format!("--out {path}: there is such a file"),
        )
        .remedy("give another name: a file is never overwritten")
    } else {
        Failure::new(Exit::Failure, format!("--out {path}: {error}"))
    }
}
