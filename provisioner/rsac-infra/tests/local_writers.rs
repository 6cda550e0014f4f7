//! What a manifest changes on this machine alone: the same table as on Kubernetes, which
//! `kubernetes_access.rs` holds up to an API server.

mod local;
mod writers;

use local::{HANG, Stack};
use tokio::time::timeout;
use writers::{Apply, Patch, Scale, Writer};

#[tokio::test]
async fn one_rule_for_every_pair_of_writers() {
    let stack = Stack::new();
    let access = stack.up().await;
    let all: [&dyn Writer; 3] = [&Apply, &Scale, &Patch];
    timeout(HANG, writers::every_pair(&*access, &all))
        .await
        .unwrap();
    timeout(HANG, writers::parts(&*access)).await.unwrap();
    stack.down().await;
    stack.assert_gone().await;
}
