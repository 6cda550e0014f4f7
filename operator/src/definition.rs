//! Whether the cluster knows RSACrackers: an operator may start before its definition, or
//! outlive it. Asked by a list of them, which needs no right that the operator does not
//! have anyway.

use kube::api::ListParams;
use kube::{Api, Client};
use rsac_api::RSACracker;
use std::time::Duration;

const CALL: Duration = Duration::from_secs(5);
const ROUND: Duration = Duration::from_secs(1);

/// Why the operator cannot work now; none when it can.
pub(crate) async fn missing(client: &Client, namespaces: &[String]) -> Option<String> {
    let api: Api<RSACracker> = match namespaces.first() {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let one = ListParams::default().limit(1);
    match tokio::time::timeout(CALL, api.list_metadata(&one)).await {
        Ok(Ok(_)) => None,
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Some(
            "the definition rsacrackers.suu-kopf.dev is not there; apply deploy/crd".to_owned(),
        ),
        Ok(Err(kube::Error::Api(status))) => Some(status.message.clone()),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the API server does not answer".to_owned()),
    }
}

/// Waits until the cluster knows them; says each new reason why it does not.
pub(crate) async fn wait(client: &Client, namespaces: &[String], say: impl Fn(Option<String>)) {
    let mut said = None;
    loop {
        let missing = missing(client, namespaces).await;
        if missing != said {
            if let Some(why) = &missing {
                tracing::warn!("waiting: {why}");
            }
            say(missing.clone());
            said = missing.clone();
        }
        if missing.is_none() {
            say(None);
            return;
        }
        tokio::time::sleep(ROUND).await;
    }
}
