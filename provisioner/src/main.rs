//! rsac-infra, the one binary a user installs. It alone links all roles: the same
//! executable is the tool, the supervisor, the master and the worker.

fn main() {}
