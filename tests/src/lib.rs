//! Nothing to import: this package is its tests and benchmarks, which need several rooms at
//! once. The simulation of a search is in `simulation/`; end-to-end tests that run the
//! executable are in `e2e/` and `cluster/`, and belong to its package.
