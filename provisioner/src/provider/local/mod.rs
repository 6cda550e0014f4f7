//! This machine, no Kubernetes: a supervisor and its children.
