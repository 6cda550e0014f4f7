//! Which subscription of Azure is meant, and where that was said: for `up` and for the words that
//! look at a whole subscription.

use crate::exit::Failure;
use crate::provider::{ProviderError, azure};
use rsac_arm::Cloud;
use rsac_arm::credentials::Environment;
use rsac_arm::subscription::current;

/// A subscription.
pub(super) struct Meant {
    /// Its id.
    pub(super) id: String,
    /// Where it came from, in words.
    pub(super) from: String,
    /// Its cloud, where the Azure CLI tells it.
    pub(super) cloud: Option<String>,
}

/// The subscription that is meant.
///
/// # Errors
/// When nothing names one.
pub(super) fn subscription(flag: Option<&str>) -> Result<Meant, Failure> {
    if let Some(id) = flag {
        return Ok(Meant {
            id: id.to_owned(),
            from: "--subscription".to_owned(),
            cloud: None,
        });
    }
    let here = std::env::current_dir().unwrap_or_default();
    let found = current(&Environment::process(), &here).map_err(ProviderError::from)?;
    match found {
        Some(found) => Ok(Meant {
            cloud: found
                .cloud
                .and_then(|cloud| Cloud::of_azure_cli(&cloud).map(str::to_owned)),
            id: found.id,
            from: found.from,
        }),
        None => Err(azure::no_subscription().into()),
    }
}
