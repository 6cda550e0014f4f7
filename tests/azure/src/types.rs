//! Which resource types there are, and at which api-versions: Azure refuses every other one.
//! `gateway` asks here. The lists are those that Azure's errors and API pages name; previews
//! that were withdrawn (`2022-05-02-preview` of managedClusters) are left out on purpose.

/// One resource type.
#[derive(Debug)]
pub(crate) struct Kind {
    /// In Azure's own spelling.
    pub(crate) name: &'static str,
    pub(crate) versions: &'static [&'static str],
    /// Whether it lives in a region, and so needs `location`.
    pub(crate) tracked: bool,
}

const RESOURCES: &[&str] = &[
    "2014-04-01",
    "2015-01-01",
    "2015-11-01",
    "2016-02-01",
    "2016-09-01",
    "2017-05-01",
    "2017-05-10",
    "2018-02-01",
    "2018-05-01",
    "2019-03-01",
    "2019-05-01",
    "2019-05-10",
    "2019-07-01",
    "2019-08-01",
    "2019-10-01",
    "2020-06-01",
    "2020-08-01",
    "2020-10-01",
    "2021-01-01",
    "2021-04-01",
    "2022-09-01",
    "2022-12-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
];
const AKS: &[&str] = &[
    "2017-08-31",
    "2018-03-31",
    "2019-02-01",
    "2019-04-01",
    "2019-06-01",
    "2019-08-01",
    "2019-10-01",
    "2019-11-01",
    "2020-01-01",
    "2020-02-01",
    "2020-03-01",
    "2020-04-01",
    "2020-06-01",
    "2020-07-01",
    "2020-09-01",
    "2020-11-01",
    "2020-12-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-07-01",
    "2021-08-01",
    "2021-09-01",
    "2021-10-01",
    "2022-01-01",
    "2022-02-01",
    "2022-03-01",
    "2022-04-01",
    "2022-06-01",
    "2022-07-01",
    "2022-08-01",
    "2022-09-01",
    "2022-11-01",
    "2023-01-01",
    "2023-02-01",
    "2023-03-01",
    "2023-04-01",
    "2023-05-01",
    "2023-06-01",
    "2023-07-01",
    "2023-08-01",
    "2023-09-01",
    "2023-10-01",
    "2023-11-01",
    "2024-01-01",
    "2024-02-01",
    "2024-05-01",
    "2024-06-01",
    "2024-07-01",
    "2024-08-01",
    "2024-09-01",
    "2024-10-01",
    "2025-01-01",
    "2025-02-01",
    "2025-03-01",
    "2025-04-01",
    "2025-05-01",
    "2025-06-02-preview",
    "2025-07-01",
    "2025-07-02-preview",
    "2025-08-01",
    "2025-08-02-preview",
    "2025-09-01",
    "2025-09-02-preview",
    "2025-10-01",
    "2025-10-02-preview",
    "2026-01-01",
    "2026-02-01",
    "2026-03-01",
    "2026-04-01",
    "2026-05-01",
    "2026-07-01",
];
const NETWORK: &[&str] = &[
    "2018-11-01",
    "2019-04-01",
    "2019-11-01",
    "2020-05-01",
    "2020-06-01",
    "2020-07-01",
    "2020-08-01",
    "2020-11-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-08-01",
    "2022-01-01",
    "2022-05-01",
    "2022-07-01",
    "2022-09-01",
    "2022-11-01",
    "2023-02-01",
    "2023-04-01",
    "2023-05-01",
    "2023-06-01",
    "2023-09-01",
    "2023-11-01",
    "2024-01-01",
    "2024-03-01",
    "2024-05-01",
    "2024-07-01",
    "2024-10-01",
    "2025-01-01",
    "2025-03-01",
    "2025-05-01",
];
const COMPUTE: &[&str] = &[
    "2019-03-01",
    "2019-07-01",
    "2019-12-01",
    "2020-06-01",
    "2020-12-01",
    "2021-03-01",
    "2021-07-01",
    "2021-11-01",
    "2022-03-01",
    "2022-08-01",
    "2022-11-01",
    "2023-03-01",
    "2023-07-01",
    "2023-09-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-04-01",
];
const SKUS: &[&str] = &[
    "2017-03-30",
    "2017-09-01",
    "2018-06-01",
    "2019-04-01",
    "2021-07-01",
];
const DISKS: &[&str] = &[
    "2019-11-01",
    "2020-12-01",
    "2021-04-01",
    "2021-12-01",
    "2022-03-02",
    "2022-07-02",
    "2023-01-02",
    "2023-04-02",
    "2023-10-02",
    "2024-03-02",
    "2025-01-02",
];
const LOCKS: &[&str] = &["2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"];
const PERMISSIONS: &[&str] = &[
    "2015-07-01",
    "2018-07-01",
    "2022-04-01",
    "2022-05-01-preview",
];
const ASSIGNMENTS: &[&str] = &[
    "2015-07-01",
    "2018-07-01",
    "2020-04-01-preview",
    "2022-04-01",
];
const REGISTRY: &[&str] = &[
    "2017-10-01",
    "2019-05-01",
    "2021-09-01",
    "2022-12-01",
    "2023-07-01",
    "2025-04-01",
    "2025-11-01",
];
/// Tokens and scope maps left preview with one version only.
const REGISTRY_TOKENS: &[&str] = &[
    "2019-05-01-preview",
    "2020-11-01-preview",
    "2021-08-01-preview",
    "2023-01-01-preview",
    "2023-11-01-preview",
    "2024-11-01-preview",
    "2025-05-01-preview",
    "2025-11-01",
];
const FEATURES: &[&str] = &["2015-12-01", "2021-07-01"];
const IDENTITY: &[&str] = &["2018-11-30", "2023-01-31", "2024-11-30"];

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
