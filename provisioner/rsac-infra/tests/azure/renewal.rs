//! After AKS rotated its certificates, or somebody reset the credentials: the words fetch the
//! kubeconfig anew, once, and go on.

use crate::cloud::Said;
use crate::ground::Ground;
use rsac_azure_simulator::{Settings, Simulator};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CLUSTER: &str =
    "/resourceGroups/rsac-azure/providers/Microsoft.ContainerService/managedClusters/rsac";
const RENEWED: &str = "Renewed the credentials that the cluster no longer takes";
const TOKENS: [&str; 4] = ["second-token", "third-token", "fourth-token", "fifth-token"];

/// A stack that is up, whose cluster's certificates are rotated as often as there are tokens.
fn up() -> Ground {
    let ground = Ground::new(false);
    let rotated = TOKENS.map(|token| ground.cluster.kubeconfig_with(token));
    ground
        .cloud
        .azure
        .change(|settings| settings.kubeconfigs_rotated = rotated.to_vec());
    ground
        .up(&["--image", "registry.example.com/rsac-infra:1"])
        .must(0, &["Applied my-rsac"]);
    ground.cloud.azure.forget_requests();
    ground
}

fn rotate(ground: &Ground, token: &str) {
    ground.cloud.azure.rotate(CLUSTER);
    ground.cluster.takes(token);
}

/// How often Azure was asked for a kubeconfig, since the last time.
fn fetched(ground: &Ground) -> usize {
    let seen = ground.cloud.azure.requests();
    ground.cloud.azure.forget_requests();
    let credentials = |path: &str| path.ends_with("/listClusterUserCredential");
    seen.iter().filter(|seen| credentials(&seen.path)).count()
}

fn users(ground: &Ground) -> String {
    std::fs::read_to_string(ground.cloud.path("kubeconfig")).unwrap()
}

fn was_renewed(said: &Said) -> bool {
    said.err.matches(RENEWED).count() == 1
}

#[test]
fn each_word_renews_what_the_cluster_no_longer_takes_once_and_goes_on() {
    let ground = up();
    let user = ground.cloud.path("kubeconfig");
    let private = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o77 == 0;
    assert!(users(&ground).contains(crate::api_server::TOKEN));
    for (word, token) in [("status", TOKENS[0]), ("list", TOKENS[1])] {
        rotate(&ground, token);
        let said = ground.run(&[word]).must(0, &[&user.display().to_string()]);
        assert!(said.out.contains("my-rsac"), "{}", said.out);
        assert!(was_renewed(&said), "{}", said.err);
        assert_eq!(fetched(&ground), 1, "{word}");
        let own = ground.cloud.path("state/stacks/azure/kubeconfig");
        for path in [&user, &own] {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(token), "{text}");
            assert!(private(path), "{}", path.display());
        }
        assert_eq!(
            users(&ground).matches("token:").count(),
            1,
            "none is left over"
        );
        // No secret is said, and it is done with.
        assert!(!said.err.contains(token) && !said.out.contains(token));
        let said = ground.run(&[word]).must(0, &[]);
        assert!(!said.err.contains("Renew"), "{}", said.err);
        assert_eq!(fetched(&ground), 0, "{word}");
    }
    rotate(&ground, TOKENS[2]);
    let said = ground.up(&[]).must(0, &["(is there)", RENEWED]);
    assert!(
        was_renewed(&said) && !said.err.contains("+ install"),
        "{}",
        said.err
    );
    assert_eq!(fetched(&ground), 1);
    // The context that is current is the user's choice.
    let other = users(&ground).replace("current-context: rsac", "current-context: other");
    std::fs::write(&user, other).unwrap();
    rotate(&ground, TOKENS[3]);
    let said = ground.run(&["status", "--output", "json"]).must(0, &[]);
    let event = format!("{{\"type\":\"note\",\"message\":\"{RENEWED}");
    assert!(said.out.contains(&event), "{}", said.out);
    assert!(
        users(&ground).contains("current-context: other"),
        "{}",
        users(&ground)
    );
    ground
        .down()
        .must(0, &["Undone make namespace rsac", "nothing of it is left"]);
    ground.cloud.must_be_empty();
    let text = std::fs::read_to_string(&user).unwrap_or_default();
    assert!(!text.contains("token"), "{text}");
}

#[test]
fn down_shows_the_results_and_deletes_the_jobs_with_renewed_credentials() {
    let ground = up();
    rotate(&ground, TOKENS[0]);
    let said = ground.down().must(0, &["Undone make namespace rsac"]);
    assert!(was_renewed(&said), "{}", said.err);
    assert!(!said.err.contains("results that were not shown are lost"));
    assert_eq!(fetched(&ground), 1);
    assert!(!ground.cloud.path("kubeconfig").exists());
    ground.cloud.must_be_empty();
}

#[test]
fn a_refusal_that_new_credentials_do_not_explain_is_told_after_one_try() {
    let ground = up();
    let before = users(&ground);
    ground.cluster.takes("nobodys");
    for word in ["list", "status"] {
        let said = ground.run(&[word]).must(1, &["Unauthorized"]);
        assert!(!said.err.contains("Renew"), "{}", said.err);
        assert_eq!(fetched(&ground), 1);
    }
    // Azure has others, and they are refused too.
    ground.cloud.azure.rotate(CLUSTER);
    ground.run(&["list"]).must(1, &["Unauthorized", RENEWED]);
    assert_eq!(fetched(&ground), 1);
    assert_ne!(users(&ground), before);
    // Who may not ask Azure is told so.
    rotate(&ground, TOKENS[1]);
    ground.grant(rsac_azure_simulator::Grant::reader);
    ground.run(&["list"]).must(
        1,
        &[
            "Failed to renew the credentials that the cluster refuses",
            "listClusterUserCredential",
        ],
    );
}

#[test]
fn an_entry_that_somebody_changed_or_took_out_is_left_alone() {
    let ground = up();
    let changed = users(&ground).replace(crate::api_server::TOKEN, "my-own");
    std::fs::write(ground.cloud.path("kubeconfig"), &changed).unwrap();
    rotate(&ground, TOKENS[0]);
    ground
        .run(&["list"])
        .must(0, &["Renewed", "keeps the old ones"]);
    assert_eq!(users(&ground), changed);
    std::fs::write(ground.cloud.path("kubeconfig"), "").unwrap();
    rotate(&ground, TOKENS[1]);
    let said = ground.run(&["list"]).must(0, &[RENEWED]);
    assert!(!said.err.contains("also in"), "{}", said.err);
    assert_eq!(users(&ground), "");
}

#[test]
fn a_certificate_of_another_authority_is_taken_for_a_rotation_only_where_azure_says_so() {
    // Speaks TLS, by an authority that the kubeconfig does not know.
    let tls = Simulator::start(Settings::default()).unwrap();
    let ground = up();
    let stale = ground
        .cluster
        .kubeconfig()
        .replace(&format!("http://{}", ground.cluster.host()), &tls.endpoint);
    let own = ground.cloud.path("state/stacks/azure/kubeconfig");
    std::fs::write(&own, stale).unwrap();
    let said = ground.run(&["list"]).must(0, &[RENEWED]);
    assert!(said.out.contains("my-rsac"), "{}", said.out);
    assert_eq!(fetched(&ground), 1);
    // Where Azure names no other authority, nobody is believed.
    let stale = ground
        .cluster
        .kubeconfig()
        .replace(&format!("http://{}", ground.cluster.host()), &tls.endpoint);
    ground
        .cloud
        .azure
        .change(|settings| settings.kubeconfig = Some(stale));
    std::fs::remove_file(&own).unwrap();
    ground
        .up(&["--only", "cluster", "--overwrite-existing"])
        .must(0, &[]);
    fetched(&ground);
    let said = ground.run(&["list"]).must(7, &["certificate"]);
    assert!(!said.err.contains("Renewed"), "{}", said.err);
    assert_eq!(fetched(&ground), 1);
}
