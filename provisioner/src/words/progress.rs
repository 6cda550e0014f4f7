//! `progress`: the first system's three numbers, from a stack's master, or, inside the
//! master's own container, from itself.

use super::Context;
use super::connection::{Connection, of_master};
use super::view::View;
use crate::cli::Progress;
use crate::exit::{Exit, Failure};
use crate::stack::StackError;
use rsac_protocol::routes;
use std::time::Duration;

/// Where a master answers that nobody told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

pub(super) async fn run(ctx: &Context<'_>, args: Progress) -> Result<(), Failure> {
    if let Some(url) = &args.url {
        return ctx.out.to_stdout(&ask(url).await?);
    }
    match ctx.store.resolve(ctx.stack.as_deref()) {
        Err(StackError::None(_)) if args.name.is_none() => {
            return ctx.out.to_stdout(&ask(DEFAULT_URL).await?);
        }
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let connection = Connection::open(ctx).await?;
    let cracker = connection.pick(args.name.as_deref()).await?;
    let answer = connection.access.progress(View(&cracker).name()).await;
    let answer = answer.map_err(|error| of_master(&cracker, error))?;
    ctx.out.to_stdout(&answer)
}

/// The master's answer, as it is.
async fn ask(address: &str) -> Result<String, Failure> {
    let url = progress_url(address)?;
    let failed = |error: reqwest::Error| {
        // The causes say more than the error: "connection refused".
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        Failure::new(Exit::Provider, format!("the master does not answer: {why}"))
            .remedy("--url http://HOST:PORT, or --stack NAME")
    };
    let client = rsac_master_client::http::plain()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?;
    let answer = answer.error_for_status().map_err(failed)?;
    answer.text().await.map_err(failed)
}

/// `host:port`, `http://host:port` or the whole address.
fn progress_url(address: &str) -> Result<reqwest::Url, Failure> {
    let bad = |why: &str| {
        Failure::new(Exit::BadInput, format!("--url {address:?}: {why}"))
            .remedy(format!("write it like {DEFAULT_URL}"))
    };
    let with_scheme = match address.contains("://") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    };
    let mut url = reqwest::Url::parse(&with_scheme).map_err(|error| bad(&error.to_string()))?;
    if url.scheme() != "http" {
        return Err(bad("a master speaks plain HTTP"));
    }
    if url.path() == "/" {
        url.set_path(routes::PROGRESS);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let url = |address| progress_url(address).map(|url| url.to_string());
        let whole = "http://127.0.0.1:8080/progress";
        assert_eq!(url("127.0.0.1:8080").unwrap(), whole);
        assert_eq!(url("http://127.0.0.1:8080").unwrap(), whole);
        assert_eq!(url(whole).unwrap(), whole);
        assert!(url("https://host").is_err());
        assert!(url("http://").is_err());
    }
}
