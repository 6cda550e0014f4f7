//! What to do about Azure's errors; whose each is, its own words say.

use crate::cluster::merge::MergeError;
use crate::provider::ProviderError;
use rsac_arm::{ArmError, Class};

/// What to do where this caller sees no such subscription.
pub(super) const NO_SUBSCRIPTION: &str =
    "--subscription ID, or `az account set`; `az account list` shows those there are";

impl From<ArmError> for ProviderError {
    fn from(error: ArmError) -> Self {
        Self::Setting {
            remedy: match error.code() {
                // It would else be a group that somebody deleted.
                "SubscriptionNotFound" => NO_SUBSCRIPTION.to_owned(),
                _ => remedy(error.class()).to_owned(),
            },
            what: error.to_string(),
        }
    }
}

impl From<MergeError> for ProviderError {
    fn from(error: MergeError) -> Self {
        let what = error.to_string();
        match error {
            MergeError::Conflict { .. } => Self::Conflict {
                what,
                remedy: "--overwrite-existing, another --kubeconfig, or another --cluster-name"
                    .to_owned(),
            },
            error => Self::Setting {
                what,
                remedy: error.remedy(),
            },
        }
    }
}

fn remedy(class: Class) -> &'static str {
    match class {
        Class::Credential => {
            "`az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        }
        Class::Permission => {
            "take another account, or ask for the role Contributor on the subscription or group"
        }
        Class::Policy => {
            "give what the policy asks for (--tag, --location, --agent-vm-size), or ask who keeps it"
        }
        Class::Quota => {
            "fewer or smaller nodes (--agent-count, --agent-vm-size), another --location, or ask \
             Azure for more: https://aka.ms/ProdportalCRP"
        }
        Class::Throttled => "wait some minutes: others in the subscription use the same limits",
        Class::InProgress => "wait until the other operation ends",
        Class::Locked => "whoever set the lock may remove it: rsac-infra removes none",
        Class::NotRegistered => {
            "`az provider register --namespace Microsoft.ContainerService`, or another --cloud"
        }
        Class::Outage => "see https://azure.status.microsoft, and try again",
        Class::Unreachable => "see to the network and the proxy (HTTPS_PROXY), and try again",
        Class::Canceled => "see the resource group's activity log for who canceled it",
        Class::NotFound => "see the resource group's activity log for who deleted it",
        Class::Conflict | Class::EtagMismatch => "look at what is there, and try again",
        Class::Invalid => "see the field that Azure names",
        Class::Failed => "see Azure's reason; some pass when tried again",
        Class::Unfinished => "try again: it goes on in Azure meanwhile",
        Class::Unreadable => "try again; -vv shows the requests",
    }
}
