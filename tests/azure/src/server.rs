//! The listener: TLS, HTTP/1.1, one task a connection. Scripted faults and hooks act here,
//! around the handling of a request; `lib` starts it.

use crate::answer::Answer;
use crate::fault::{self, Effect, Go, Hook, Plan};
use crate::log::Seen;
use crate::request::Request;
use crate::world::World;
use crate::{authority, disk, gateway};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Azure takes request bodies of 4 MiB.
const MOST_BYTES: usize = 4 << 20;

/// The world, shared with the test.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Shared {
        Shared(Arc::new(Mutex::new(world)))
    }

    /// The world, also after a handler has panicked.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut, as scripted")]
struct Cut;

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, tls: TlsAcceptor, shared: Shared) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            // A client that does not trust our authority breaks off here: its affair.
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| answer(shared.clone(), request));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    shared: Shared,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Cut> {
    let Some(request) = read(request).await else {
        return Ok(response(
            &Answer::gateway(
                413,
                "RequestEntityTooLarge",
                "The request is larger than 4 MiB.",
            ),
            None,
        ));
    };
    let (mut seen, effects, before, after) = register(&shared, &request);
    let index = shared.lock().log.len().saturating_sub(1);
    if consult(before, &seen).await == Go::Drop {
        return Err(Cut);
    }
    let mut plan = Plan::default();
    let (mut lose, mut hang) = (false, false);
    for effect in effects {
        match effect {
            Effect::Answer(answer) => {
                note(&shared, index, &mut seen, &answer, None);
                return Ok(response(&answer, seen.number));
            }
            Effect::ResetBefore => return Err(Cut),
            Effect::HangBefore => std::future::pending::<()>().await,
            Effect::ResetAfter => lose = true,
            Effect::HangAfter => hang = true,
            Effect::SlowOperation(looks) => plan.polls = Some(looks),
            Effect::FailOperation(code, message) => plan.doom = Some((code, message)),
            Effect::WarnOperation(code, message) => plan.warning = Some((code, message)),
            Effect::HideCreated(reads) => plan.hide = reads,
            Effect::ExpireTokens => {
                for token in shared.lock().tokens.values_mut() {
                    token.expires = SystemTime::UNIX_EPOCH;
                }
            }
        }
    }
    let (answer, caller) = {
        let mut world = shared.lock();
        world.plan = plan;
        let done = match seen.number {
            Some(_) => gateway::handle(&mut world, &request),
            None => (
                authority::handle(&mut world, &request).unwrap_or_else(|refusal| refusal),
                None,
            ),
        };
        if let Some(folder) = world.settings.state_dir.clone()
            && let Err(why) = disk::save(&folder, &world.state)
        {
            (Answer::service(500, "SimulatorState", why), done.1)
        } else {
            done
        }
    };
    note(&shared, index, &mut seen, &answer, caller);
    if consult(after, &seen).await == Go::Drop || lose {
        return Err(Cut);
    }
    if hang {
        std::future::pending::<()>().await;
    }
    Ok(response(&answer, seen.number))
}

async fn read(request: hyper::Request<Incoming>) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MOST_BYTES)
        .collect()
        .await
        .ok()?
        .to_bytes();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Some(Request {
        method: parts.method.as_str().to_owned(),
        path: decoded(parts.uri.path()),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    })
}

/// A path without its percent signs.
fn decoded(path: &str) -> String {
    // In a form a plus is a space; in a path it is itself.
    let text = format!("p={}", path.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(text.as_bytes())
        .next()
        .map_or_else(|| path.to_owned(), |(_, value)| value.into_owned())
}

type Registered = (Seen, Vec<Effect>, Option<Hook>, Option<Hook>);

fn register(shared: &Shared, request: &Request) -> Registered {
    let mut world = shared.lock();
    let first = request
        .path
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let arm = ["subscriptions", "providers"].contains(&first.as_str());
    let number = arm.then(|| {
        world.requests += 1;
        world.requests
    });
    let mutating = (arm && request.mutates()).then(|| {
        world.mutations += 1;
        world.mutations
    });
    let seen = Seen::of(request, number, mutating);
    world.log.push(seen.clone());
    let effects = fault::take(&mut world.armed, &seen);
    let hooks = if arm {
        (world.before.clone(), world.after.clone())
    } else {
        (None, None)
    };
    (seen, effects, hooks.0, hooks.1)
}

/// Asks a hook, away from the runtime's threads: it may wait for a process to die.
async fn consult(hook: Option<Hook>, seen: &Seen) -> Go {
    let Some(hook) = hook else { return Go::On };
    let seen = seen.clone();
    tokio::task::spawn_blocking(move || hook(&seen))
        .await
        .unwrap_or(Go::Drop)
}

fn note(shared: &Shared, index: usize, seen: &mut Seen, answer: &Answer, caller: Option<String>) {
    seen.status = Some(answer.status);
    seen.code = answer.code().map(str::to_owned);
    seen.caller = caller;
    let mut world = shared.lock();
    if world.settings.verbose {
        let code = seen.code.as_deref().unwrap_or_default();
        crate::say(&format!(
            "{} {} {} {code}",
            answer.status,
            seen.method,
            seen.target()
        ));
    }
    if let Some(kept) = world.log.get_mut(index) {
        *kept = seen.clone();
    }
}

fn response(answer: &Answer, number: Option<u64>) -> hyper::Response<Full<Bytes>> {
    let (kind, bytes) = answer.encoded();
    let mut builder = hyper::Response::builder()
        .status(answer.status)
        .header("Cache-Control", "no-cache")
        .header("Pragma", "no-cache")
        .header("Expires", "-1")
        .header(
            "Strict-Transport-Security",
            "max-age=31536000; includeSubDomains",
        )
        .header("X-Content-Type-Options", "nosniff");
    if let Some(number) = number {
        let id = format!("5a1c4d2e-0000-4000-8000-{number:012}");
        builder = builder
            .header("x-ms-request-id", &id)
            .header("x-ms-correlation-request-id", &id)
            .header("x-ms-routing-request-id", format!("SIMULATED:{id}"))
            .header(
                "x-ms-ratelimit-remaining-subscription-global-reads",
                "16499",
            );
    }
    if let Some(kind) = kind {
        builder = builder.header("Content-Type", kind);
    }
    for (name, value) in &answer.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    builder
        .body(Full::new(Bytes::from(bytes)))
        .unwrap_or_else(|_| {
            hyper::Response::new(Full::new(Bytes::from_static(
                b"a scripted answer has bad headers",
            )))
        })
}
