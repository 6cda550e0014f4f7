//! The api-versions of every kind of request: stable ones, in one place.

/// Resource groups, deployments, providers, lists of resources.
pub(super) const RESOURCES: &str = "2021-04-01";
/// Subscriptions and their regions.
pub(super) const SUBSCRIPTIONS: &str = "2022-12-01";
/// Locks.
pub(super) const LOCKS: &str = "2020-05-01";
/// What a caller may do, and who may do what.
pub(super) const AUTHORIZATION: &str = "2022-04-01";
/// Networks and their watchers.
pub(super) const NETWORK: &str = "2024-05-01";
/// How many cores are used, of how many.
pub(super) const COMPUTE: &str = "2024-07-01";
/// Which sizes there are.
pub(super) const SKUS: &str = "2021-07-01";
/// Features of a subscription.
pub(super) const FEATURES: &str = "2021-07-01";
/// Container registries, their scope maps and tokens.
pub(super) const REGISTRY: &str = "2025-11-01";
