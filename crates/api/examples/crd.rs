//! Writes the custom resource definition to standard output, as YAML:
//! `cargo run -p rsac-api --example crd > deploy/crd/rsacrackers.yaml`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::io::stdout().write_all(rsac_api::crd_yaml()?.as_bytes())?;
    Ok(())
}
