//! `azure-simulator`: a simulated Azure subscription on loopback, for trying the tool without
//! a real one. Prints the environment to set on stdout, its requests on stderr.

use clap::Parser;
use rsac_azure_simulator::{Settings, Simulator, WatcherCreation};
use std::io::Write;
use std::path::PathBuf;

/// A simulated Azure subscription on loopback.
#[derive(Parser)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: String,
    /// Where state, certificate and the environment file are kept.
    #[arg(long, value_name = "FOLDER")]
    state_dir: PathBuf,
    /// The kubeconfig that every simulated cluster hands out: its current context.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The registry that every simulated registry stands for, as HOST:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    registry: Option<String>,
    /// How many looks an operation takes.
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    polls: u32,
    /// Do not make network watchers, as in a subscription that has opted out.
    #[arg(long)]
    no_network_watchers: bool,
    /// Do not print requests.
    #[arg(long)]
    quiet: bool,
}

fn main() -> std::process::ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "azure-simulator: {why}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let kubeconfig = match &arguments.kubeconfig {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
            format!(
                "--kubeconfig {}: {error}; give a file that can be read",
                file.display()
            )
        })?),
    };
    let folder = arguments.state_dir.clone();
    let watchers = if arguments.no_network_watchers {
        WatcherCreation::Never
    } else {
        WatcherCreation::AtOnce
    };
    let simulator = Simulator::start(Settings {
        listen: arguments.listen,
        polls: arguments.polls,
        retry_after: Some(1),
        watchers,
        kubeconfig,
        registry: arguments.registry,
        state_dir: Some(folder.clone()),
        verbose: !arguments.quiet,
        ..Settings::default()
    })
    .map_err(|error| error.to_string())?;
    let mut text = String::new();
    for (name, value) in simulator.environment() {
        text.push_str(&format!("export {name}={}\n", quoted(&value)));
    }
    let ca = std::path::absolute(folder.join("ca.pem")).map_err(|error| error.to_string())?;
    text.push_str(&format!(
        "export RSAC_ARM_CA_FILE={}\n",
        quoted(&ca.to_string_lossy())
    ));
    let file = folder.join("environment");
    write_private(&file, &text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime
        .block_on(tokio::signal::ctrl_c())
        .map_err(|error| error.to_string())
}

/// The secret in it opens nothing but this simulator; even so it is nobody else's.
fn write_private(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// Quoted for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}
