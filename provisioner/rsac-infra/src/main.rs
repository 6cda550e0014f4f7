//! rsac-infra, the one binary a user installs. It alone links all roles: the same
//! executable is the tool, the supervisor, the master and the worker.

mod roles;

use clap::Parser;
use rsac_provisioner::cli::{Cli, wants_json};
use rsac_provisioner::exit::{Exit, Failure};
use rsac_provisioner::interrupt::Interrupts;
use rsac_provisioner::output::{Event, Output};
use rsac_provisioner::provider::Provider;
use rsac_provisioner::provider::azure::{Azure, Tell};
use rsac_provisioner::provider::kubeconfig::Kubeconfig;
use rsac_provisioner::provider::local::Local;
use rsac_provisioner::provider::minikube::Minikube;
use rsac_provisioner::settings;
use rsac_provisioner::stack::{Stack, Store};
use rsac_provisioner::words::{self, Context};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // The one provider of TLS: clients that are not given one ask for the process's.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(code) = roles::dispatch() {
        return code;
    }
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        tell_programs(&error);
        error.exit()
    });
    let out = Arc::new(Output::of_process(&cli.common));
    log_to_stderr(cli.common.verbose);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let what = format!("the process cannot start its threads: {error}");
            out.failure(&Failure::new(Exit::Failure, what));
            return ExitCode::from(Exit::Failure.code());
        }
    };
    let exit = runtime.block_on(run(cli, &out));
    // A question that nobody answered still waits for its line, in a thread that never ends.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ExitCode::from(exit.code())
}

/// A program that reads stdout learns there too that the command line was not understood.
fn tell_programs(error: &clap::Error) {
    if !error.use_stderr() || !wants_json(std::env::args_os(), std::env::var_os("RSAC_OUTPUT")) {
        return;
    }
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let event = Event::Error {
        exit: Exit::Usage.code(),
        name: Exit::Usage.name(),
        message: first.trim_start_matches("error: ").trim(),
        remedies: &["`rsac-infra --help`, or of a word: `rsac-infra WORD --help`".to_owned()],
    };
    // The same goes to stderr, whatever becomes of this.
    let _ = writeln!(io::stdout(), "{}", event.to_line());
}

async fn run(cli: Cli, out: &Arc<Output>) -> Exit {
    let state_directory = match settings::state_directory(cli.common.state_dir.clone(), |name| {
        std::env::var_os(name)
    }) {
        Ok(path) => path,
        Err(failure) => {
            out.failure(&failure);
            return failure.exit;
        }
    };
    let interrupts = Interrupts::default();
    tokio::spawn(raise_at_ctrl_c(interrupts.clone()));
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let ctx = Context {
        out,
        store: Store::new(state_directory),
        stack: cli.common.stack.clone(),
        open: &{
            let out = Arc::clone(out);
            move |stack| open(stack, &out)
        },
        interrupts,
        ask: is_terminal.then_some(&ask),
        image_file: cli.common.file().map(std::path::Path::to_owned),
        stdin: &|limit| rsac_provisioner::crack::read_at_most(io::stdin().lock(), limit),
    };
    words::run(&ctx, cli).await
}

/// The provider of a stack, by its name.
fn open(stack: &Stack, out: &Arc<Output>) -> Result<Box<dyn Provider>, Failure> {
    match settings::provider(&stack.record.provider)? {
        settings::KUBECONFIG => return Ok(Box::new(Kubeconfig::new(stack.clone()))),
        settings::MINIKUBE => return Ok(Box::new(Minikube::new(stack.clone()))),
        settings::AZURE => {
            return Ok(Box::new(Azure::new(stack.clone()).telling(teller(out))));
        }
        _ => {}
    }
    let executable = std::env::current_exe().map_err(|error| {
        let what = format!("this executable cannot be found for its other roles: {error}");
        Failure::new(Exit::Provider, what)
    })?;
    Ok(Box::new(Local::new(stack.folder.clone(), executable)))
}

/// What a place does unasked, for people and programs.
fn teller(out: &Arc<Output>) -> Tell {
    let out = Arc::clone(out);
    Arc::new(move |verb, what| {
        // Nothing depends on its being read.
        let message = &format!("{verb} {what}");
        let _ = out.tell(&Event::Note { message });
        out.busy(verb, what);
    })
}

async fn raise_at_ctrl_c(interrupts: Interrupts) {
    while tokio::signal::ctrl_c().await.is_ok() {
        interrupts.raise();
    }
}

/// Puts a question on the terminal.
fn ask(question: String) -> futures_util::future::BoxFuture<'static, io::Result<String>> {
    Box::pin(async move {
        let line = tokio::task::spawn_blocking(move || {
            io::stderr().write_all(question.as_bytes())?;
            io::stderr().flush()?;
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            Ok(line)
        });
        line.await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    })
}

/// What the code says of itself, for who asks with -v or RUST_LOG.
fn log_to_stderr(verbose: u8) {
    let default = match verbose {
        // What a client logs on its own is told by whoever asked it.
        0 => "warn,kube_client=off",
        1 => "rsac_provisioner=debug,warn,kube_client=off",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .init();
}
