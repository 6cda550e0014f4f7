//! Reads and lists: what counts as not there, pages, and answers that do not read.

use crate::scripted::{GROUP, HOST, Script, json, raw};
use rsac_arm::{Call, Class, Method};
use serde_json::json as value;

#[tokio::test]
async fn not_there_is_none_but_a_page_of_some_proxy_is_not() {
    let missing = value!({"error": {"code": "ResourceNotFound", "message": "m"}});
    let script = Script::of([json(404, missing)]);
    assert_eq!(script.arm().get(GROUP, "1").await.unwrap(), None);

    let script = Script::of([raw(404, "<html>nginx</html>")]);
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Unreadable);

    let subscription = value!({"error": {"code": "SubscriptionNotFound", "message": "m"}});
    let script = Script::of([json(404, subscription)]);
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.code(), "SubscriptionNotFound");
}

#[tokio::test]
async fn existence_is_asked_by_head() {
    let forbidden = value!({"error": {"code": "AuthorizationFailed", "message": "m"}});
    let script = Script::of([raw(204, ""), raw(404, ""), json(403, forbidden)]);
    let arm = script.arm();
    assert!(arm.exists(GROUP, "1").await.unwrap());
    assert!(!arm.exists(GROUP, "1").await.unwrap());
    let error = arm.exists(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Permission);
    assert_eq!(script.asked()[0].method, "HEAD");
}

#[tokio::test]
async fn unreadable_answers_are_asked_for_again_and_then_named_without_showing_them() {
    let secret = r#"{"kubeconfigs":[{"value":"c2VjcmV0"#;
    let script = Script::of([raw(200, secret), json(200, value!({"a": 1}))]);
    assert!(script.arm().get(GROUP, "1").await.unwrap().is_some());

    let script = Script::for_ever(raw(200, secret).with("x-ms-request-id", "id-7"));
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Unreadable);
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
    assert!(error.to_string().contains("id-7"), "{error}");
    assert_eq!(script.asked().len(), 3);

    let script = Script::for_ever(raw(200, ""));
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
}

#[tokio::test]
async fn lists_follow_their_pages_unchanged() {
    let next = format!("{HOST}{GROUP}/resources?api-version=1&%24skiptoken=a%2Fb%3D");
    let script = Script::of([
        json(200, value!({"value": [1, 2], "nextLink": next})),
        json(
            200,
            value!({"nextLink": format!("{GROUP}/resources?$skiptoken=c")}),
        ),
        json(200, value!({"value": [3], "nextLink": ""})),
    ]);
    let call = Call::new(Method::Get, format!("{GROUP}/resources"), "1").with_query("$top", "2");
    assert_eq!(script.arm().list_call(&call).await.unwrap(), [1, 2, 3]);
    let asked = script.asked();
    assert_eq!(asked[1].url, next);
    assert!(asked[2].url.starts_with(HOST));
}

#[tokio::test]
async fn lists_that_lead_elsewhere_or_in_circles_end() {
    let script = Script::of([json(
        200,
        value!({"value": [], "nextLink": "https://evil.example/x?sig=abc"}),
    )]);
    let error = script.arm().list(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Unreadable);
    assert!(error.to_string().contains("evil.example") && !error.to_string().contains("abc"));
    assert_eq!(script.asked().len(), 1);

    let again = format!("{HOST}{GROUP}?page=1");
    let script = Script::for_ever(json(200, value!({"value": [1], "nextLink": again})));
    let error = script.arm().list(GROUP, "1").await.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");

    for odd in [value!({"value": {}}), value!({}), value!(7), value!("x")] {
        let script = Script::for_ever(json(200, odd));
        let error = script.arm().list(GROUP, "1").await.unwrap_err();
        assert_eq!(error.class(), Class::Unreadable);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = raw(307, "").with("location", "https://evil.example/x?code=s3cret");
    let script = Script::of([elsewhere]);
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Unreadable);
    let text = error.to_string();
    assert!(
        text.contains("evil.example") && !text.contains("s3cret"),
        "{text}"
    );
    assert_eq!(script.asked().len(), 1);
}
