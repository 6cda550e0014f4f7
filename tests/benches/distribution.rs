//! What distribution costs: CPU seconds of a master and its workers (HTTP, spools, the
//! ledger and its syncs included), beside those of the same search as a plain loop in
//! one thread. Both in this process, in turn.
//!
//! On a busy machine the difference of two searches is lost in their scatter. So what the
//! threads use that do not search is told too, in parts of what those use that do: all
//! that distribution adds, save what the searching threads do otherwise than the loop
//! (which is nothing but to be handed ranges). Only Linux tells this.
//!
//! `cargo bench -p rsac-tests --bench distribution -- trial-division 3 2 15`: method,
//! rounds, workers, and size: the digits of the number, about.

use rsac_factor::primality::next_prime;
use rsac_factor::{BigUint, Method, choose, search_plan};
use rsac_protocol::{Job, routes};
use rsac_worker::MasterAddress;
use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How often the master is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(200);

/// CPU seconds of all threads of this process.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// CPU seconds of the threads that search until now: workers name them lanes.
fn lane_seconds() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let folder = thread.ok()?.path();
        if std::fs::read_to_string(folder.join("comm")).is_ok_and(|n| n.starts_with("lane-")) {
            let told = std::fs::read_to_string(folder.join("schedstat")).ok()?;
            nanoseconds += told.split_whitespace().next()?.parse::<f64>().ok()?;
        }
    }
    Some(nanoseconds * 1e-9)
}

/// CPU seconds of this process, and seconds of the clock.
struct Cost {
    cpu: f64,
    clock: f64,
}

impl Cost {
    fn of<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Self, T)> {
        let (cpu, clock) = (cpu_seconds(), Instant::now());
        let result = work()?;
        let cost = Self {
            cpu: cpu_seconds() - cpu,
            clock: clock.elapsed().as_secs_f64(),
        };
        Ok((cost, result))
    }
}

/// Two primes of the same size, so that a Cover is searched nearly to its end.
fn number(digits: u32) -> BigUint {
    let power = BigUint::from(10u32).pow(digits.div_ceil(2)) / 3u32;
    let first = next_prime(&power);
    let second = next_prime(&(&first + 2u32));
    first * second
}

/// The search alone.
fn plain_loop(number: &BigUint, method: Method) -> Outcome<()> {
    let plan = choose(number, Some(method), Duration::MAX)?;
    let found = search_plan(&plan, &AtomicBool::new(false));
    found.map(drop).ok_or_else(|| "nothing was found".into())
}

/// The same by a master and workers, in a folder of theirs; answers the CPU seconds of
/// those threads that searched.
async fn distributed(folder: &Path, job: &Job, workers: usize) -> Outcome<Option<f64>> {
    let at = |name: &str| folder.join(name);
    std::fs::write(at("job"), serde_json::to_vec(job)?)?;
    std::fs::write(at("token"), "a-token-of-enough-characters")?;
    let shutdown = CancellationToken::new();
    let mut running = JoinSet::<Outcome<()>>::new();
    let master = rsac_master::Options {
        data: at("data"),
        job: at("job"),
        token_file: at("token"),
        listen: "127.0.0.1:0".parse()?,
        fallback: false,
        address_file: Some(at("address")),
        secured: None,
    };
    let workers_end = CancellationToken::new();
    for i in 0..workers {
        let options = rsac_worker::Options {
            job: job.name.clone(),
            name: format!("worker-{i}"),
            master: MasterAddress::File(at("address")),
            token_file: at("token"),
            ca_file: None,
            spool: at(&format!("spool-{i}")),
            threads: 1,
        };
        let end = workers_end.clone();
        running.spawn(async { Ok(rsac_worker::run(options, end).await?) });
    }
    let serve = tokio::spawn(rsac_master::run(master, shutdown.clone()));
    let client = rsac_master_client::http::plain().build()?;
    loop {
        tokio::time::sleep(PAUSE).await;
        let Ok(address) = std::fs::read_to_string(at("address")) else {
            if serve.is_finished() {
                break;
            }
            continue;
        };
        let url = format!("http://{}{}", address.trim(), routes::PROGRESS);
        let page = client.get(url).send().await?.text().await?;
        let progress: serde_json::Value = serde_json::from_str(&page)?;
        if !progress["solution"].is_null() {
            break;
        }
    }
    let lanes = lane_seconds();
    workers_end.cancel();
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    shutdown.cancel();
    serve.await??;
    Ok(lanes)
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let method = arguments
        .iter()
        .find_map(|text| text.parse::<Method>().ok());
    let given: Vec<u32> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let argument = |at: usize, default: u32| given.get(at).copied().unwrap_or(default);
    let (rounds, workers) = (argument(0, 3), argument(1, 2) as usize);
    let mut out = std::io::stdout().lock();
    let methods = method.map_or_else(
        || vec![(Method::TrialDivision, 20), (Method::QuadraticSieve, 54)],
        |method| vec![(method, 20)],
    );
    for (method, digits) in methods {
        let number = number(argument(2, digits));
        writeln!(out, "{method} of {number}, {workers} workers")?;
        writeln!(
            out,
            "loop CPU s  all CPU s  overhead   not searching CPU s   overhead  clock s"
        )?;
        for _ in 0..rounds {
            let (alone, ()) = Cost::of(|| plain_loop(&number, method))?;
            let folder = tempfile::tempdir()?;
            let job = Job {
                name: "bench".into(),
                attempt: String::new(),
                number: number.to_string(),
                public_exponent: None,
                method: Some(method.name().into()),
                checkpoint_seconds: 10,
                max_cpu_hours: 24.0,
                pre_pass_seconds: 1,
                deadline_seconds: None,
            };
            let (together, lanes) = Cost::of(|| {
                let runtime = tokio::runtime::Runtime::new()?;
                runtime.block_on(distributed(folder.path(), &job, workers))
            })?;
            let lanes = lanes.unwrap_or(f64::NAN);
            writeln!(
                out,
                "{:>10.2} {:>10.2} {:>8.2}% {:>21.3} {:>9.2}% {:>8.2}",
                alone.cpu,
                together.cpu,
                100.0 * (together.cpu / alone.cpu - 1.0),
                together.cpu - lanes,
                100.0 * (together.cpu / lanes - 1.0),
                together.clock,
            )?;
        }
    }
    Ok(())
}
