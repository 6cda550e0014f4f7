//! The ways of the image to the nodes, each by a whole `up` and `down` against stand-ins of a
//! registry and of a Kubernetes API: the stack's own registry, `--attach-acr`, `--registry`,
//! `--image`, and from one to another.

use crate::ground::{ACR_PULL, Ground};
use rsac_azure_simulator::{Grant, Settings};
use serde_json::json;
use std::process::Command;

#[test]
fn a_registry_of_the_stacks_own_is_pushed_to_once_and_goes_with_the_group() {
    let ground = Ground::new(false);
    let password = Settings::default().registry_password.0;
    ground.registry.admit("rsac-push", &password);
    ground
        .up(&[])
        .must(0, &["a registry of the stack's own", "Applied my-rsac"]);
    assert_eq!(ground.registry.repositories(), ["rsac-infra"]);
    assert_eq!(ground.registry.pushed_by(), ["rsac-push"]);
    let (image, secret) = ground.cluster.operator().unwrap();
    let wanted = format!("{}/rsac-infra@sha256:", ground.registry.host());
    assert!(image.starts_with(&wanted), "{image}");
    let secret = ground
        .cluster
        .object(&format!("secrets/{}", secret.unwrap()))
        .unwrap();
    let config = secret["stringData"][".dockerconfigjson"].as_str().unwrap();
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    let login = &config["auths"][ground.registry.host()];
    assert_eq!(login["username"], "rsac-pull");
    assert_eq!(login["password"], password);

    // The words know their stack and reach the job in the cluster.
    assert!(ground.run(&["list"]).must(0, &[]).out.contains("my-rsac"));

    ground.cloud.azure.forget_requests();
    ground.up(&[]).must(0, &["(is there)"]);
    assert_eq!(ground.cloud.changes(), Vec::<String>::new());
    let down = ground
        .down()
        .must(0, &["registries/rsac", "nothing of it is left"]);
    ground.cloud.must_be_empty();
    // Of what went with the cluster or the group, no line says that it was undone.
    let undone: Vec<&str> = down
        .err
        .lines()
        .filter(|line| line.contains("Undone"))
        .collect();
    for title in ["make resource group rsac-azure", "make namespace rsac"] {
        assert!(
            undone.iter().any(|line| line.contains(title)),
            "{title}: {undone:?}"
        );
    }
    for part in ["operator", "CRD", "image"] {
        assert!(
            !undone.iter().any(|line| line.contains(part)),
            "{part}: {undone:?}"
        );
    }
}

#[test]
fn an_acr_is_attached_once_by_name_or_id_and_the_role_is_taken_back() {
    for by_id in [false, true] {
        let ground = Ground::new(true);
        let id = ground.theirs();
        ground.registry.admit("somebody", "else");
        let named = if by_id { id.as_str() } else { "THEIRACR" };
        ground
            .up(&["--attach-acr", named])
            .must(0, &["Applied my-rsac"]);
        // Pushed as who is signed in, without Docker.
        assert_eq!(ground.registry.exchanges(), 1);
        let zeros = "00000000-0000-0000-0000-000000000000";
        assert_eq!(ground.registry.pushed_by(), [zeros]);
        assert_eq!(
            ground.cluster.operator().unwrap().1,
            None,
            "no Secret is needed"
        );
        let roles = ground.roles();
        assert_eq!(roles.len(), 1);
        assert!(
            roles[0].to_lowercase().starts_with(&id.to_lowercase()),
            "{roles:?}"
        );
        let role = ground.cloud.azure.resource(&roles[0]).unwrap();
        assert_eq!(role["properties"]["principalId"], ground.kubelets());
        let definition = role["properties"]["roleDefinitionId"].as_str().unwrap();
        assert!(definition.ends_with(ACR_PULL), "{definition}");

        ground.cloud.azure.forget_requests();
        ground.up(&[]).must(0, &["(is there)"]);
        assert_eq!(ground.cloud.changes(), Vec::<String>::new());
        let host = ground.registry.host();
        ground.down().must(
            0,
            &[&roles[0], &format!("Kept image {host}/rsac-infra@sha256:")],
        );
        assert_eq!(ground.cloud.azure.groups(), ["theirs"]);
        assert_eq!(ground.cloud.azure.resources(), [id]);
    }
}

#[test]
fn a_role_that_somebody_else_gave_is_used_and_stays() {
    for is_owner in [true, false] {
        let ground = Ground::new(is_owner);
        ground.theirs();
        ground.up(&["--only", "cluster"]).must(0, &[]);
        let given = ground.others_assign();
        ground
            .up(&["--attach-acr", "theirAcr"])
            .must(0, &["Applied my-rsac"]);
        assert_eq!(ground.roles(), std::slice::from_ref(&given));
        ground.down().must(0, &["nothing of it is left"]);
        assert_eq!(ground.roles(), [given]);
    }
}

#[test]
fn who_may_not_assign_roles_is_told_before_anything_costs_and_what_to_do() {
    let ground = Ground::new(false);
    ground.theirs();
    let attach = ["--attach-acr", "theirAcr"];
    let remedies = [
        "without --attach-acr",
        "az aks update --name rsac --resource-group rsac-azure",
    ];
    ground
        .up(&attach)
        .must(7, &["roleAssignments/write", remedies[0], remedies[1]]);
    ground.nothing_was_sent();
    // Of a cluster that is there, Azure has the last word.
    ground.up(&["--only", "cluster"]).must(0, &[]);
    let refused = ["AuthorizationFailed", remedies[0], remedies[1]];
    ground.up(&attach).must(7, &refused);
    assert_eq!(ground.registry.repositories(), Vec::<String>::new());
    ground.down().must(0, &["nothing of it is left"]);
    assert_eq!(ground.cloud.azure.groups(), ["theirs"]);
}

#[test]
fn an_acr_that_is_not_there_is_told_before_anything_costs() {
    let ground = Ground::new(true);
    let nowhere = ground.theirs().replace("theirAcr", "nowhere");
    for named in ["nowhere", nowhere.as_str()] {
        let said = [
            &format!("--attach-acr {named:?}: there is no such"),
            "az acr list",
        ];
        ground.up(&["--attach-acr", named]).must(7, &said);
        ground.nothing_was_sent();
    }
}

#[test]
fn a_role_that_may_not_be_taken_back_is_named_and_hinders_no_down() {
    let ground = Ground::new(true);
    ground.theirs();
    ground.up(&["--attach-acr", "theirAcr"]).must(0, &[]);
    let roles = ground.roles();
    ground.grant(Grant::contributor);
    let command = format!("az role assignment delete --ids {}", roles[0]);
    ground.down().must(0, &[&command, "Deleted"]);
    assert_eq!(ground.roles(), roles);
    assert_eq!(ground.cloud.azure.groups(), ["theirs"]);
}

#[test]
fn a_registry_of_the_users_is_pushed_to_with_his_login_which_stays_here() {
    let ground = Ground::new(false);
    let target = format!("{}/team/rsac", ground.registry.host());
    ground.registry.admit("me", "pa:ss+w0rd");
    ground.docker_login(ground.registry.host(), "me", "mistaken");
    let flags = ["--registry", target.as_str()];
    let refused = ground
        .up(&flags)
        .must(7, &["did not take the image", "docker login"]);
    assert!(!refused.err.contains("mistaken"), "{}", refused.err);
    ground.docker_login(ground.registry.host(), "me", "pa:ss+w0rd");
    let said = ground
        .up(&flags)
        .must(0, &["the nodes get no login for", "--pull-with-login"]);
    assert!(!said.err.contains("w0rd") && !said.out.contains("w0rd"));
    assert_eq!(ground.registry.repositories(), ["team/rsac"]);
    let (image, secret) = ground.cluster.operator().unwrap();
    assert!(image.starts_with(&format!("{target}@sha256:")), "{image}");
    assert_eq!(secret, None);
    assert_eq!(ground.cluster.object("secrets/rsac-pull"), None);
    ground
        .down()
        .must(0, &[&format!("Kept image {target}@sha256:")]);
    ground.cloud.must_be_empty();
}

#[test]
fn a_login_goes_into_the_cluster_only_when_the_user_says_so() {
    let ground = Ground::new(false);
    let host = ground.registry.host().to_owned();
    let target = format!("{host}/team/rsac");
    ground.registry.admit("me", "pa:ss+w0rd");
    let flags = ["--registry", target.as_str(), "--pull-with-login"];
    ground.up(&flags).must(
        7,
        &[&format!("Docker keeps no login for {host}"), "docker login"],
    );
    ground.nothing_was_sent();
    ground.docker_login(&host, "me", "pa:ss+w0rd");
    let plan = [&["plan", "--provider", "azure"], &flags[..]].concat();
    ground
        .run(&plan)
        .must(0, &["your login to pull its image with"]);
    let said = ground
        .up(&flags)
        .must(0, &["your login to pull its image with"]);
    assert!(!said.err.contains("w0rd") && !said.out.contains("w0rd"));
    let (_, secret) = ground.cluster.operator().unwrap();
    let secret = ground
        .cluster
        .object(&format!("secrets/{}", secret.unwrap()))
        .unwrap();
    let config = secret["stringData"][".dockerconfigjson"].as_str().unwrap();
    let wanted = json!({"auths": {host: {"username": "me", "password": "pa:ss+w0rd"}}});
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(config).unwrap(),
        wanted
    );
    ground.up(&[]).must(0, &["(is there)"]);
    // Nothing that stays on this machine has it.
    let kept = Command::new("grep")
        .args(["-rl", "w0rd"])
        .arg(ground.cloud.path("state"))
        .output();
    assert_eq!(String::from_utf8_lossy(&kept.unwrap().stdout), "");
    ground.down().must(0, &["nothing of it is left"]);
}

#[test]
fn an_image_that_is_named_is_used_as_it_is() {
    let ground = Ground::new(false);
    let image = "registry.example.com/rsac-infra:1";
    ground.up(&["--image", image]).must(0, &["Applied my-rsac"]);
    assert_eq!(ground.cluster.operator().unwrap(), (image.to_owned(), None));
    let registries = |change: &String| change.contains("ContainerRegistry/registries");
    assert!(!ground.cloud.changes().iter().any(registries));
    assert_eq!(ground.registry.repositories(), Vec::<String>::new());
    ground.down().must(0, &["nothing of it is left"]);
    ground.cloud.must_be_empty();
}

#[test]
fn the_image_moves_when_another_way_is_given() {
    let ground = Ground::new(true);
    ground.theirs();
    let host = ground.registry.host().to_owned();
    ground.up(&[]).must(0, &[]);
    assert!(ground.cluster.operator().unwrap().1.is_some());
    let target = format!("{host}/moved");
    ground
        .up(&["--registry", &target])
        .must(0, &["push the image of this program to"]);
    let (image, secret) = ground.cluster.operator().unwrap();
    assert!(image.starts_with(&target), "{image}");
    assert_eq!(secret, None, "the Secret is of the other registry");
    ground.up(&["--attach-acr", "theirAcr"]).must(0, &[]);
    let (image, _) = ground.cluster.operator().unwrap();
    assert!(image.starts_with(&format!("{host}/rsac-infra@")), "{image}");
    ground.up(&["--image", "example.com/i:2"]).must(0, &[]);
    assert_eq!(ground.cluster.operator().unwrap().0, "example.com/i:2");
    ground.cloud.azure.forget_requests();
    ground.up(&[]).must(0, &["(is there)"]);
    assert_eq!(ground.cloud.changes(), Vec::<String>::new());
    ground.down().must(0, &["nothing of it is left"]);
    assert_eq!(ground.cloud.azure.groups(), ["theirs"]);
    assert_eq!(ground.roles(), Vec::<String>::new());
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let ground = Ground::new(true);
    for (flags, code, said) in [
        (
            &["--image", "a/b:1", "--registry", "a/c"][..],
            2,
            "--image names an image",
        ),
        (
            &["--image", "a/b:1", "--attach-acr", "c"],
            2,
            "--image names an image",
        ),
        (&["--pull-with-login"], 2, "--pull-with-login is for"),
        (
            &["--attach-acr", "c", "--pull-with-login"],
            2,
            "--pull-with-login is for",
        ),
        (
            &["--registry", "a/B"],
            3,
            "--registry: image reference \"a/B\"",
        ),
        (&["--registry", "a/b@sha256:00"], 3, "not to a digest"),
    ] {
        ground.up(flags).must(code, &[said]);
        ground.nothing_was_sent();
    }
}
