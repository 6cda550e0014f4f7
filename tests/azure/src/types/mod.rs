//! Which resource types there are, and at which api-versions: Azure refuses every other one.
//! `gateway` asks here. Previews that were withdrawn (`2022-05-02-preview` of managedClusters) are left out on purpose.

mod versions;

use versions::{
    AKS, ASSIGNMENTS, COMPUTE, DISKS, FEATURES, IDENTITY, LOCKS, NETWORK, PERMISSIONS, REGISTRY,
    REGISTRY_TOKENS, RESOURCES, SKUS,
};

/// One resource type.
#[derive(Debug)]
pub(crate) struct Kind {
    /// In Azure's own spelling.
    pub(crate) name: &'static str,
    pub(crate) versions: &'static [&'static str],
    /// Whether it lives in a region, and so needs `location`.
    pub(crate) tracked: bool,
}

const fn kind(name: &'static str, versions: &'static [&'static str], tracked: bool) -> Kind {
    Kind {
        name,
        versions,
        tracked,
    }
}

static KINDS: &[Kind] = &[
    kind("Microsoft.Resources/subscriptions", RESOURCES, false),
    kind(
        "Microsoft.Resources/subscriptions/locations",
        RESOURCES,
        false,
    ),
    kind(
        "Microsoft.Resources/subscriptions/providers",
        RESOURCES,
        false,
    ),
    kind(
        "Microsoft.Resources/subscriptions/resourceGroups",
        RESOURCES,
        true,
    ),
    kind(
        "Microsoft.Resources/subscriptions/resources",
        RESOURCES,
        false,
    ),
    kind("Microsoft.Resources/deployments", RESOURCES, false),
    kind(
        "Microsoft.Resources/deployments/operations",
        RESOURCES,
        false,
    ),
    kind("Microsoft.ContainerService/managedClusters", AKS, true),
    kind(
        "Microsoft.ContainerService/managedClusters/agentPools",
        AKS,
        false,
    ),
    kind("Microsoft.ContainerRegistry/registries", REGISTRY, true),
    kind(
        "Microsoft.ContainerRegistry/registries/scopeMaps",
        REGISTRY_TOKENS,
        false,
    ),
    kind(
        "Microsoft.ContainerRegistry/registries/tokens",
        REGISTRY_TOKENS,
        false,
    ),
    kind("Microsoft.Network/networkWatchers", NETWORK, true),
    kind("Microsoft.Network/networkWatchers/flowLogs", NETWORK, true),
    kind(
        "Microsoft.Network/networkWatchers/connectionMonitors",
        NETWORK,
        true,
    ),
    kind(
        "Microsoft.Network/networkWatchers/packetCaptures",
        NETWORK,
        false,
    ),
    kind("Microsoft.Network/virtualNetworks", NETWORK, true),
    kind("Microsoft.Network/virtualNetworks/subnets", NETWORK, false),
    kind("Microsoft.Network/loadBalancers", NETWORK, true),
    kind("Microsoft.Network/publicIPAddresses", NETWORK, true),
    kind("Microsoft.Network/networkSecurityGroups", NETWORK, true),
    kind("Microsoft.Network/routeTables", NETWORK, true),
    kind("Microsoft.Compute/virtualMachineScaleSets", COMPUTE, true),
    kind("Microsoft.Compute/locations/usages", COMPUTE, false),
    kind("Microsoft.Compute/disks", DISKS, true),
    kind("Microsoft.Compute/skus", SKUS, false),
    kind(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        IDENTITY,
        true,
    ),
    kind("Microsoft.Features/providers/features", FEATURES, false),
    kind("Microsoft.Authorization/locks", LOCKS, false),
    kind("Microsoft.Authorization/permissions", PERMISSIONS, false),
    kind(
        "Microsoft.Authorization/roleAssignments",
        ASSIGNMENTS,
        false,
    ),
];

/// A type by its name, without case.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.name.eq_ignore_ascii_case(name))
}

/// A namespace in Azure's own spelling, if there is one of that name.
pub(crate) fn namespace(name: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .filter_map(|kind| kind.name.split('/').next())
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// The types of a namespace.
pub(crate) fn of(namespace: &str) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(move |kind| {
        kind.name
            .split('/')
            .next()
            .is_some_and(|own| own.eq_ignore_ascii_case(namespace))
    })
}

/// All namespaces, once each.
pub(crate) fn namespaces() -> Vec<&'static str> {
    let mut all: Vec<&str> = KINDS
        .iter()
        .filter_map(|kind| kind.name.split('/').next())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Kind {
    /// The type without its namespace.
    pub(crate) fn short(&self) -> &'static str {
        self.name
            .split_once('/')
            .map_or(self.name, |(_, rest)| rest)
    }
}

/// Whether a text has the shape of an api-version.
pub(crate) fn well_formed(version: &str) -> bool {
    let date = version.get(..10).unwrap_or_default();
    let digits = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let rest = version.get(10..).unwrap_or_default();
    date.len() == 10 && digits && (rest.is_empty() || rest == "-preview")
}
