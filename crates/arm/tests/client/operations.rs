//! Long-running operations: where their end is looked for, and how it is told.

use crate::scripted::{GROUP, HOST, Reply, Script, json, raw};
use rsac_arm::{Arm, ArmError, Begun, Call, Class, Method, Operation, Patience, Progress};
use serde_json::{Value, json as value};
use std::sync::Mutex;

const STATUS: &str = "https://management.azure.com/subscriptions/s/providers/P/operations/o?api-version=2016-03-30&t=63&c=MII%2Fb&s=s1gn4ture";
const RESULT: &str =
    "https://management.azure.com/subscriptions/s/operationresults/r?api-version=1&s=s1gn4ture";

fn status(word: &str) -> Reply {
    json(200, value!({"name": "o", "status": word}))
}

fn resource(state: &str) -> Reply {
    json(
        200,
        value!({"id": GROUP, "properties": {"provisioningState": state}}),
    )
}

fn put() -> Call {
    Call::put(GROUP, "7", value!({"location": "uksouth"}))
}

async fn begin(arm: &Arm, call: &Call) -> Operation {
    match arm.begin(call).await.unwrap() {
        Begun::Running(operation) => operation,
        done => panic!("{done:?}"),
    }
}

/// Begins and follows, and answers what was said on the way.
async fn run(
    script: &std::sync::Arc<Script>,
    call: &Call,
) -> (Result<Option<Value>, ArmError>, Vec<Progress>) {
    let arm = script.arm();
    let operation = begin(&arm, call).await;
    let said = Mutex::new(Vec::new());
    let end = arm
        .follow(&operation, &|progress| {
            said.lock().unwrap().push(progress.clone())
        })
        .await;
    (end, said.into_inner().unwrap())
}

#[tokio::test]
async fn the_status_url_is_followed_unchanged_and_then_the_resource_is_read() {
    let warned =
        value!({"status": "InProgress", "error": {"code": "NotLatestOperation", "message": "m"}});
    let script = Script::of([
        json(
            201,
            value!({"properties": {"provisioningState": "Creating"}}),
        )
        .with("azure-asyncoperation", STATUS),
        status("ProvisioningControlPlane"),
        json(200, warned),
        json(
            200,
            value!({"status": "CreatingAgentPool: 0/1", "percentComplete": 40.0}),
        ),
        status("succeeded"),
        resource("Succeeded"),
    ]);
    let (end, said) = run(&script, &put()).await;
    assert_eq!(end.unwrap().unwrap()["id"], GROUP);
    let words: Vec<_> = said.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(
        words,
        [
            "ProvisioningControlPlane",
            "InProgress",
            "CreatingAgentPool: 0/1"
        ]
    );
    assert_eq!(said[1].warning.as_ref().unwrap().code, "NotLatestOperation");
    assert_eq!(said[2].percent, Some(40.0));
    let asked = script.asked();
    assert!(asked[1..5].iter().all(|one| one.url == STATUS));
    assert_eq!(asked[5].url, format!("{HOST}{GROUP}?api-version=7"));
}

#[tokio::test]
async fn a_failure_is_classified_from_both_shapes() {
    for (body, class, code) in [
        (
            value!({"status": "Failed", "error": {"code": "QuotaExceeded", "message": "m"}}),
            Class::Quota,
            "QuotaExceeded",
        ),
        (
            value!({"status": "FAILED", "code": "Odd", "message": "m", "details": null}),
            Class::Failed,
            "Odd",
        ),
        (
            value!({"status": "Canceled", "error": {"code": "OperationPreempted", "message": "m"}}),
            Class::Canceled,
            "OperationPreempted",
        ),
        (value!({"status": "Cancelled"}), Class::Canceled, ""),
        (
            value!({"status": "Failed", "error": {"code": "NotFound", "message": "the subnet"}}),
            Class::Failed,
            "NotFound",
        ),
        (
            value!({"status": "Failed", "error": {"code": "DeploymentFailed", "message": "m",
                "details": [{"code": "RequestDisallowedByPolicy", "message": "d"}]}}),
            Class::Policy,
            "DeploymentFailed",
        ),
    ] {
        let begun = raw(202, "").with("azure-asyncoperation", STATUS);
        let script = Script::of([begun, json(200, body)]);
        let (end, _) = run(&script, &put()).await;
        let error = end.unwrap_err();
        assert_eq!((error.class(), error.code()), (class, code));
        assert!(!error.to_string().contains("s1gn4ture"));
    }
}

#[tokio::test]
async fn a_delete_ends_with_its_result_url() {
    let begun = raw(202, "")
        .with("location", RESULT)
        .with("retry-after", "15");
    let script = Script::of([
        begun.clone(),
        raw(202, ""),
        raw(202, "plain words"),
        raw(200, ""),
    ]);
    let (end, said) = run(&script, &Call::delete(GROUP, "1")).await;
    assert_eq!((end.unwrap(), said.len()), (None, 2));
    let gone = json(
        404,
        value!({"error": {"code": "ResourceGroupNotFound", "message": "m"}}),
    );
    let script = Script::of([begun, raw(202, ""), gone]);
    assert_eq!(
        run(&script, &Call::delete(GROUP, "1")).await.0.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_delete_of_what_is_not_there_is_done() {
    let missing = json(
        404,
        value!({"error": {"code": "ResourceNotFound", "message": "m"}}),
    );
    for (reply, status) in [(missing, 404), (raw(204, ""), 204), (raw(200, ""), 200)] {
        let script = Script::of([reply]);
        let begun = script.arm().begin(&Call::delete(GROUP, "1")).await.unwrap();
        assert_eq!(begun, Begun::Done { status, body: None });
    }
    let script = Script::of([raw(404, "<html>proxy</html>")]);
    assert!(script.arm().begin(&Call::delete(GROUP, "1")).await.is_err());
}

#[tokio::test]
async fn without_urls_the_resource_s_own_state_is_followed() {
    for accepted in [resource("Accepted"), raw(202, ""), raw(200, "{\"trunc")] {
        let script = Script::of([accepted, resource("Dreaming"), resource("Succeeded")]);
        let (end, said) = run(&script, &put()).await;
        assert!(end.unwrap().is_some());
        assert_eq!(said[0].status, "Dreaming");
    }
    let why = value!({"properties": {"provisioningState": "Failed",
        "status": {"provisioningError": {"code": "AllocationFailed", "message": "m"}}}});
    let script = Script::of([raw(202, ""), json(200, why)]);
    assert_eq!(
        run(&script, &put()).await.0.unwrap_err().class(),
        Class::Quota
    );

    let missing = json(
        404,
        value!({"error": {"code": "ResourceNotFound", "message": "m"}}),
    );
    let script = Script::of([
        raw(202, ""),
        resource("Succeeded"),
        resource("Deleting"),
        missing,
    ]);
    assert_eq!(
        run(&script, &Call::delete(GROUP, "1")).await.0.unwrap(),
        None
    );
}

#[tokio::test]
async fn an_action_ends_with_its_result_or_none() {
    let post = Call::post(format!("{GROUP}/stop"), "1", None);
    let begun = raw(202, "")
        .with("azure-asyncoperation", STATUS)
        .with("location", RESULT);
    let script = Script::of([begun.clone(), status("Succeeded"), raw(204, "")]);
    assert_eq!(run(&script, &post).await.0.unwrap(), None);

    let script = Script::of([begun, status("Succeeded"), json(200, value!({"a": 1}))]);
    assert_eq!(run(&script, &post).await.0.unwrap(), Some(value!({"a": 1})));

    let only = raw(202, "").with("azure-asyncoperation", STATUS);
    let script = Script::of([
        only,
        json(200, value!({"status": "Succeeded", "properties": {"b": 2}})),
    ]);
    assert_eq!(run(&script, &post).await.0.unwrap(), Some(value!({"b": 2})));

    let what_if = Call::post(format!("{GROUP}/whatIf"), "1", Some(value!({})));
    let script = Script::of([
        raw(202, "").with("location", RESULT),
        json(200, value!({"status": "Running"})),
        json(
            200,
            value!({"status": "Succeeded", "properties": {"changes": []}}),
        ),
    ]);
    let (end, _) = run(&script, &what_if).await;
    assert_eq!(end.unwrap().unwrap()["properties"]["changes"], value!([]));
}

#[tokio::test]
async fn no_token_goes_to_a_foreign_poll_host() {
    let foreign = "https://management.azure.com.evil.example/o?sig=s1gn4ture";
    let script = Script::of([
        raw(202, "").with("azure-asyncoperation", foreign),
        resource("Succeeded"),
    ]);
    // The resource itself tells the end.
    assert!(run(&script, &put()).await.0.unwrap().is_some());

    let script = Script::of([raw(202, "").with("azure-asyncoperation", foreign)]);
    let post = Call::post(format!("{GROUP}/stop"), "1", None);
    let error = script.arm().begin(&post).await.unwrap_err();
    assert_eq!(error.class(), Class::Unreadable);
    let text = error.to_string();
    assert!(
        text.contains("evil.example") && !text.contains("s1gn4ture"),
        "{text}"
    );

    // A saved operation that someone changed.
    let script = Script::of([]);
    let saved = value!({"method": "DELETE", "path": GROUP, "api": "1", "status_url": foreign});
    let operation: Operation = serde_json::from_value(saved).unwrap();
    assert!(script.arm().follow(&operation, &|_| ()).await.is_err());

    // One that a poll names.
    let script = Script::of([
        raw(202, "").with("azure-asyncoperation", STATUS),
        status("Running").with("azure-asyncoperation", foreign),
        status("Succeeded"),
    ]);
    assert!(run(&script, &Call::delete(GROUP, "1")).await.0.is_ok());
    let own = format!("{HOST}/");
    assert!(script.asked().iter().all(|one| one.url.starts_with(&own)));
}

#[tokio::test]
async fn polls_survive_outages_and_records_that_have_not_spread() {
    let missing = json(404, value!({"error": {"code": "NotFound", "message": "m"}}));
    let script = Script::of([
        raw(202, "").with("azure-asyncoperation", STATUS),
        missing.clone(),
        raw(502, "<html>"),
        Reply::Reset,
        raw(429, "").with("retry-after", "1"),
        raw(200, "{\"stat"),
        status("Running"),
        status("Succeeded"),
        missing.clone(),
        resource("Updating"),
        resource("Succeeded"),
    ]);
    assert!(run(&script, &put()).await.0.unwrap().is_some());

    // A record that is gone: the resource is asked.
    let mut replies = vec![raw(202, "").with("azure-asyncoperation", STATUS)];
    replies.extend(std::iter::repeat_n(missing.clone(), 9));
    replies.push(resource("Succeeded"));
    assert!(run(&Script::of(replies), &put()).await.0.unwrap().is_some());

    // The resource is not there after all.
    let script = Script::for_ever(missing);
    let operation = Operation::of_resource(Method::Put, GROUP, "1");
    let error = script.arm().follow(&operation, &|_| ()).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn an_operation_that_does_not_end_is_left_running_and_named() {
    let operation: Operation = serde_json::from_value(
        value!({"method": "PUT", "path": GROUP, "api": "1", "status_url": STATUS}),
    )
    .unwrap();
    for wait in ["0", "30"] {
        let script = Script::for_ever(status("ReconcilingDNS").with("retry-after", wait));
        let error = script.arm().follow(&operation, &|_| ()).await.unwrap_err();
        assert_eq!(error.class(), Class::Unfinished);
        assert!(error.to_string().contains("ReconcilingDNS"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn polls_wait_as_asked() {
    let script = Script::of([
        raw(202, "")
            .with("location", RESULT)
            .with("retry-after", "15"),
        raw(202, "").with("retry-after", "20"),
        raw(200, ""),
    ]);
    let arm = script.arm_with(Patience::default(), rsac_arm::credentials::fixed("t"));
    let begun = tokio::time::Instant::now();
    arm.run(&Call::delete(GROUP, "1")).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 35);
}

#[tokio::test]
async fn a_saved_operation_is_the_same_and_shows_no_signature() {
    let script = Script::of([raw(202, "")
        .with("azure-asyncoperation", STATUS)
        .with("location", RESULT)]);
    let operation = begin(&script.arm(), &put()).await;
    let saved = serde_json::to_string(&operation).unwrap();
    assert!(saved.contains("s1gn4ture"));
    let loaded: Operation = serde_json::from_str(&saved).unwrap();
    assert_eq!(loaded, operation);
    assert!(!format!("{operation:?}").contains("s1gn4ture"));
    assert_eq!((loaded.method(), loaded.path()), (Method::Put, GROUP));
}

#[tokio::test]
async fn a_put_that_failed_at_once_is_an_error() {
    let script = Script::of([resource("Failed")]);
    assert_eq!(
        script.arm().begin(&put()).await.unwrap_err().class(),
        Class::Failed
    );
    let script = Script::of([raw(200, "no json")]);
    let post = Call::post(format!("{GROUP}/x"), "1", None);
    assert_eq!(
        script.arm().begin(&post).await.unwrap_err().class(),
        Class::Unreadable
    );
}

#[tokio::test]
async fn a_put_of_which_the_answer_was_lost_finds_itself_in_progress() {
    let busy = value!({"error": {"code": "AnotherOperationInProgress", "message": "m"}});
    let script = Script::of([Reply::Reset, json(409, busy), resource("Succeeded")]);
    let begun = script.arm().begin(&put()).await.unwrap();
    assert!(matches!(begun, Begun::Done { status: 200, .. }));
    assert_eq!(script.lines().len(), 3);
}
