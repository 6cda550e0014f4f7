//! A case of the campaign: a road, the request of it that is disturbed, and how. Its name is
//! enough to run it again.

use crate::cloud::Cloud;
use crate::kind::{Kind, faults, kills};
use rsac_azure_simulator::{Seen, Settings};
use serde_json::json;

/// What a user does. The last word is what is run until it ends well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// `up --only cluster`.
    Up,
    /// `up --only cluster --via deployment`.
    UpByDeployment,
    /// `up` into a group that others made.
    UpInTheirs,
    /// Another `up` of a stack that is there: more nodes, no spot nodes any more, a tag.
    Again,
    /// `down`, of a stack whose `up` ended well.
    Down,
    /// The same in a subscription that had no network watcher before.
    DownAlone,
    /// `down`, of a stack in a group that others made.
    DownInTheirs,
    /// `up`, disturbed, and then `down`.
    Abandoned,
    /// The same, with a deployment.
    AbandonedDeployment,
    /// The same, in a group that others made.
    AbandonedInTheirs,
}

pub(crate) const ROADS: [Road; 10] = [
    Road::Up,
    Road::UpByDeployment,
    Road::UpInTheirs,
    Road::Again,
    Road::Down,
    Road::DownAlone,
    Road::DownInTheirs,
    Road::Abandoned,
    Road::AbandonedDeployment,
    Road::AbandonedInTheirs,
];

/// The group that others made, in which a road goes.
pub(crate) const THEIRS: &str = "shared";

pub(crate) const DOWN: [&str; 3] = ["down", "--yes", "--with-network-watcher"];

impl Road {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::UpByDeployment => "up-by-deployment",
            Self::UpInTheirs => "up-in-theirs",
            Self::Again => "again",
            Self::Down => "down",
            Self::DownAlone => "down-alone",
            Self::DownInTheirs => "down-in-theirs",
            Self::Abandoned => "abandoned",
            Self::AbandonedDeployment => "abandoned-deployment",
            Self::AbandonedInTheirs => "abandoned-in-theirs",
        }
    }

    fn is_in_theirs(self) -> bool {
        matches!(
            self,
            Self::UpInTheirs | Self::DownInTheirs | Self::AbandonedInTheirs
        )
    }

    fn is_by_deployment(self) -> bool {
        matches!(self, Self::UpByDeployment | Self::AbandonedDeployment)
    }

    /// Whether the disturbed word is one of a stack that is there.
    pub(crate) fn needs_a_stack(self) -> bool {
        matches!(
            self,
            Self::Again | Self::Down | Self::DownAlone | Self::DownInTheirs
        )
    }

    /// Whether everything of the stack is gone in the end.
    pub(crate) fn ends_empty(self) -> bool {
        !matches!(
            self,
            Self::Up | Self::UpByDeployment | Self::UpInTheirs | Self::Again
        )
    }

    /// The words of its `up`.
    pub(crate) fn up(self, cloud: &Cloud) -> Vec<String> {
        let mut words = self.plain_up(cloud);
        if self == Self::Again {
            words.extend(["--spot-workers", "1"].map(str::to_owned));
        }
        words
    }

    /// The words of another `up`.
    fn other_up(self, cloud: &Cloud) -> Vec<String> {
        let changes = [
            "--spot-workers",
            "0",
            "--agent-count",
            "3",
            "--tag",
            "team=red",
        ];
        let mut words = self.plain_up(cloud);
        words.extend(changes.map(str::to_owned));
        words
    }

    fn plain_up(self, cloud: &Cloud) -> Vec<String> {
        let key = cloud.path("key.pub").display().to_string();
        let words = ["up", "--provider", "azure", "--only", "cluster"];
        let mut words = words.map(str::to_owned).to_vec();
        words.extend(["--ssh-public-key".to_owned(), key]);
        if self.is_by_deployment() {
            words.extend(["--via", "deployment"].map(str::to_owned));
        }
        if self.is_in_theirs() {
            words.extend(["--resource-group", THEIRS].map(str::to_owned));
        }
        words
    }

    /// The words that are disturbed.
    pub(crate) fn disturbed(self, cloud: &Cloud) -> Vec<String> {
        match self.needs_a_stack() {
            true => self.again(cloud),
            false => self.up(cloud),
        }
    }

    /// The words that are run after that, until they end well.
    pub(crate) fn again(self, cloud: &Cloud) -> Vec<String> {
        match self.ends_empty() {
            true => DOWN.map(str::to_owned).to_vec(),
            false if self == Self::Again => self.other_up(cloud),
            false => self.up(cloud),
        }
    }

    /// A subscription with neighbours, and a user with a cluster of another kind.
    pub(crate) fn arrange(self) -> Cloud {
        let cloud = Cloud::with(Settings {
            polls: 2,
            ..Settings::default()
        });
        let azure = &cloud.azure;
        let disk = |group: &str| {
            format!("/resourceGroups/{group}/providers/Microsoft.Compute/disks/theirs")
        };
        azure.make_group("theirs", "uksouth", json!({"cost": "7"}));
        azure.make(&disk("theirs"), json!({"location": "uksouth"}));
        if self != Self::DownAlone {
            azure.make_group("NetworkWatcherRG", "westeurope", json!({}));
            let watcher = "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_westeurope";
            azure.make(watcher, json!({"location": "westeurope"}));
        }
        if self.is_in_theirs() {
            azure.make_group(THEIRS, "uksouth", json!({"cost": "8"}));
            azure.make(&disk(THEIRS), json!({"location": "uksouth"}));
        }
        std::fs::write(cloud.path("kubeconfig"), KUBECONFIG).unwrap();
        cloud
    }
}

/// What the user has before.
pub(crate) const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: mine
contexts:
- name: mine
  context: {cluster: mine, user: mine}
clusters:
- name: mine
  cluster: {server: 'https://mine.example'}
users:
- name: mine
  user: {token: mine}
";

/// A case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) road: Road,
    pub(crate) kind: Kind,
    /// The number of the request, from 1.
    pub(crate) at: u64,
    /// Whether it goes out with the log that `-vv` shows, which must hold no secret either.
    pub(crate) is_verbose: bool,
}

impl Case {
    /// The request of the next run at which that is killed too.
    pub(crate) fn second(&self) -> Option<u64> {
        (self.kind.name == "kill-twice").then(|| 1 + self.at * 7 % 20)
    }

    pub(crate) fn name(&self) -> String {
        format!("{}/{}/{}", self.road.name(), self.kind.name, self.at)
    }
}

/// All cases of a road whose undisturbed requests these are.
pub(crate) fn of(road: Road, requests: &[Seen]) -> Vec<Case> {
    let is_plain = matches!(road, Road::Up | Road::DownAlone);
    let is_abandoned = road.ends_empty() && !road.needs_a_stack();
    let mut kinds = kills();
    kinds.extend(faults().into_iter().filter(|kind| {
        // What fails an `up` on the way; the rest it copes with, which `up` itself shows.
        !is_abandoned || ["long-reset", "fails", "policy"].contains(&kind.name)
    }));
    let mut cases = Vec::new();
    for seen in requests {
        // Reads that differ from those of the plain road in nothing need not see every fault.
        let is_read = seen.mutating.is_none();
        let fits = |kind: &&Kind| kind.fits(seen) && (is_plain || !is_read || kind.is_kill());
        for kind in kinds.iter().filter(fits) {
            let at = seen.number.unwrap_or_default();
            cases.push(Case {
                road,
                kind: kind.clone(),
                at,
                is_verbose: !kind.is_kill() && at % 4 == 0,
            });
        }
    }
    cases
}
