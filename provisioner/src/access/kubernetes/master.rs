//! What a job has found (from its Secret), and what only its master knows (asked through
//! the API server's port-forward, over TLS with the job's own token).

use super::{KubernetesAccess, ask};
use crate::access::AccessError;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::Api;
use rsac_api::names;
use rsac_master_client::{ClientError, MasterClient, Way};
use rsac_protocol::{Problem, Solution, UnitsPage};

const SOLUTION: &str = "solution.json";
const AUTHORITY: &str = "ca.crt";
const TOKEN: &str = "token";

impl KubernetesAccess {
    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The answer to the number that the job is about now.
    pub(super) async fn stored_solution(
        &self,
        name: &str,
    ) -> Result<Option<Solution>, AccessError> {
        let cracker = super::Access::get(self, name).await?;
        let Ok(target) = cracker.spec.target() else {
            return Ok(None);
        };
        let secret = names::result_secret(name);
        let Some(secret) = ask(name, self.secrets().get_opt(&secret)).await? else {
            return Ok(None);
        };
        let Some(ByteString(text)) = secret.data.and_then(|mut data| data.remove(SOLUTION)) else {
            return Ok(None);
        };
        let solution: Solution = serde_json::from_slice(&text).map_err(|error| {
            let secret = names::result_secret(name);
            AccessError::Other(format!("Secret {secret}, {SOLUTION}: {error}"))
        })?;
        // One of an earlier number is no answer to this one.
        let number = target.number.to_string();
        Ok(Some(solution).filter(|solution| solution.number == number))
    }

    pub(super) async fn ask_for_units(
        &self,
        name: &str,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, AccessError> {
        let master = self.master(name).await?;
        let page = master.units(plan, after).await;
        page.map_err(|error| refused(name, error))
    }

    pub(super) async fn ask_for_progress(&self, name: &str) -> Result<String, AccessError> {
        let master = self.master(name).await?;
        master
            .progress()
            .await
            .map_err(|error| refused(name, error))
    }

    async fn master(&self, name: &str) -> Result<MasterClient, AccessError> {
        super::Access::get(self, name).await?;
        let silent = |why: String| AccessError::NoMaster {
            name: name.to_owned(),
            why,
        };
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let pod = names::master_pod(name);
        let found = ask(name, pods.get_opt(&pod)).await?;
        let found = found.ok_or_else(|| silent(format!("it has no pod {pod}")))?;
        let phase = found
            .status
            .and_then(|status| status.phase)
            .unwrap_or_default();
        let not_running = || silent(format!("its pod {pod} is {phase}"));
        if !matches!(phase.as_str(), "Running" | "Pending") {
            return Err(not_running());
        }
        let secret = names::access_secret(name);
        let access = ask(name, self.secrets().get_opt(&secret)).await?;
        let mut data = access.and_then(|secret| secret.data).unwrap_or_default();
        let mut part = |key: &str| {
            let value = data.remove(key).map(|bytes| bytes.0);
            value.ok_or_else(|| silent(format!("Secret {secret} has no {key}")))
        };
        let (authority, token) = (part(AUTHORITY)?, part(TOKEN)?);
        let token = String::from_utf8_lossy(&token).trim().to_owned();
        let way = Way::PortForward {
            pods: Box::new(pods),
            pod: pod.clone(),
            port: names::TLS_PORT,
        };
        let client = MasterClient::new(way, &token, &authority);
        let client = client.map_err(|error| silent(error.to_string()))?;
        // The kubelet tells of a pod once a second, and forwards to it before: the status may
        // know the answer, from the master, while its pod is still called pending.
        if phase == "Pending" && client.progress().await.is_err() {
            return Err(not_running());
        }
        Ok(client)
    }
}

fn refused(name: &str, error: ClientError) -> AccessError {
    match error {
        ClientError::Refused(Problem { code, message, .. })
            if matches!(code.status(), 400 | 404) =>
        {
            AccessError::Other(message)
        }
        error => AccessError::NoMaster {
            name: name.to_owned(),
            why: error.to_string(),
        },
    }
}
