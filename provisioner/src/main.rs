//! rsac-infra, the one binary a user installs.
fn main() {}
