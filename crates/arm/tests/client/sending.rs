//! Retries, throttling, tokens, and what must not be retried.

use crate::scripted::{GROUP, HOST, Reply, Script, json, raw};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration as Span, OffsetDateTime};
use rsac_arm::{Begun, Call, Class, Patience};
use serde_json::json as value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn patient() -> Patience {
    Patience::default()
}

/// The nominal wait for one throttled GET, by the paused clock.
async fn waited(throttled: Reply) -> f64 {
    let script = Script::of([throttled, json(200, value!({}))]);
    let arm = script.arm_with(patient(), rsac_arm::credentials::fixed("t"));
    let begin = tokio::time::Instant::now();
    assert!(arm.get(GROUP, "1").await.unwrap().is_some());
    assert_eq!(script.asked().len(), 2);
    begin.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn throttling_waits_as_long_as_it_says_in_every_variant() {
    let near = |is: f64, want: f64| assert!((is - want).abs() < 0.1, "{is} for {want}");
    near(waited(raw(429, "").with("retry-after", "17")).await, 17.0);
    near(
        waited(raw(429, "").with("retry-after-ms", "2500")).await,
        2.5,
    );
    near(
        waited(raw(429, "").with("x-ms-retry-after-ms", "900")).await,
        0.9,
    );
    let date = raw(429, "")
        .with("date", "Wed, 25 Nov 2026 10:00:00 GMT")
        .with("retry-after", "Wed, 25 Nov 2026 10:01:00 GMT");
    near(waited(date).await, 60.0);
    let limit = raw(429, "").with("x-ms-ratelimit-microsoft.consumption-retry-after", "3");
    near(waited(limit).await, 3.0);
    let said = value!({"error": {"code": "TooManyRequests", "message": "Retry after 12 seconds."}});
    near(waited(json(429, said)).await, 12.0);
    let bare = waited(raw(429, "")).await;
    assert!((1.0..=2.0).contains(&bare), "{bare}");
}

#[tokio::test]
async fn throttling_without_end_is_an_error_of_its_own() {
    let script = Script::for_ever(raw(429, "").with("retry-after", "60"));
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Throttled);
    let tries = script.asked().len();
    assert!((15..=17).contains(&tries), "{tries}");
}

#[tokio::test]
async fn outages_and_broken_connections_are_tried_again() {
    for trouble in [
        raw(503, "<html>Service Unavailable</html>"),
        json(500, value!({"error": {"code": "InternalServerError"}})),
        raw(408, ""),
        Reply::Reset,
        Reply::Refused,
    ] {
        for call in [
            Call::put(GROUP, "1", value!({})),
            Call::patch(GROUP, "1", value!({})),
            Call::delete(GROUP, "1"),
            Call::post(format!("{GROUP}/listKeys"), "1", None),
        ] {
            let done = json(200, value!({"properties": {}}));
            let script = Script::of([trouble.clone(), trouble.clone(), done]);
            let begun = script.arm().begin(&call).await.unwrap();
            assert!(matches!(begun, Begun::Done { status: 200, .. }));
            assert_eq!(script.asked().len(), 3);
        }
    }
}

#[tokio::test]
async fn a_post_that_acts_is_sent_once_unless_it_was_surely_not_taken() {
    let act = Call::post(format!("{GROUP}/start"), "1", None);
    for (trouble, class) in [
        (raw(500, ""), Class::Outage),
        (raw(503, ""), Class::Outage),
        (Reply::Reset, Class::Unreachable),
    ] {
        let script = Script::of([trouble]);
        let error = script.arm().begin(&act).await.unwrap_err();
        assert_eq!(error.class(), class);
        assert_eq!(script.asked().len(), 1);
    }
    for untaken in [Reply::Refused, raw(429, "")] {
        let script = Script::of([untaken, raw(200, "")]);
        script.arm().begin(&act).await.unwrap();
        assert_eq!(script.asked().len(), 2);
    }
}

#[tokio::test]
async fn tries_are_counted() {
    let script = Script::for_ever(Reply::Reset);
    let error = script.arm().get(GROUP, "1").await.unwrap_err();
    assert_eq!(error.class(), Class::Unreachable);
    assert_eq!(script.asked().len(), 7);
    assert!(error.to_string().contains("7 tries"), "{error}");
}

#[tokio::test]
async fn another_operation_in_progress_is_waited_for_and_a_quota_is_not() {
    let busy = value!({"code": "OperationNotAllowed", "details": null, "subcode": "",
        "message": "Operation is not allowed: Another operation (Updating) is in progress."});
    let quota = value!({"code": "OperationNotAllowed", "subcode": "",
        "message": "results in exceeding approved standardBSFamily Cores quota."});
    let etag = value!({"error": {"code": "EtagMismatch", "message": "m"}});
    let put = Call::put(GROUP, "1", value!({}));

    let script = Script::of([
        json(409, busy.clone()),
        json(409, busy.clone()),
        json(200, value!({})),
    ]);
    script.arm().begin(&put).await.unwrap();
    assert_eq!(script.asked().len(), 3);

    let script = Script::for_ever(json(409, busy));
    let error = script.arm().begin(&put).await.unwrap_err();
    assert_eq!(error.class(), Class::InProgress);
    assert!((10..200).contains(&script.asked().len()));

    for (body, class) in [(quota, Class::Quota), (etag, Class::EtagMismatch)] {
        let script = Script::of([json(409, body)]);
        assert_eq!(script.arm().begin(&put).await.unwrap_err().class(), class);
    }
}

#[derive(Debug, Default)]
struct Counting(AtomicU32);

#[async_trait::async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://management.azure.com/.default"]);
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let hour = OffsetDateTime::now_utc() + Span::hours(1);
        Ok(AccessToken::new(format!("token-{count}"), hour))
    }
}

#[tokio::test]
async fn a_token_is_kept_and_renewed_once_when_it_is_refused() {
    let expired = value!({"error": {"code": "ExpiredAuthenticationToken", "message": "old"}});
    let ok = json(200, value!({}));
    let script = Script::of([ok.clone(), ok.clone(), json(401, expired.clone()), ok]);
    let arm = script.arm_with(Patience::none(), Arc::new(Counting::default()));
    for _ in 0..3 {
        arm.get(GROUP, "1").await.unwrap();
    }
    let tokens: Vec<_> = script
        .asked()
        .iter()
        .map(|asked| asked.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(
        tokens,
        [
            "Bearer token-0",
            "Bearer token-0",
            "Bearer token-0",
            "Bearer token-1"
        ]
    );

    let script = Script::for_ever(json(401, expired));
    let arm = script.arm_with(Patience::none(), Arc::new(Counting::default()));
    assert_eq!(
        arm.get(GROUP, "1").await.unwrap_err().class(),
        Class::Credential
    );
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn headers_are_what_the_service_needs() {
    let script = Script::of([json(200, value!({})), raw(200, "")]);
    let arm = script.arm();
    let put = Call::put(GROUP, "2025-10-01", value!({"location": "uksouth"}));
    arm.begin(&put.with_if_match("\"e\"").only_new())
        .await
        .unwrap();
    arm.begin(&Call::post(format!("{GROUP}/stop"), "1", None))
        .await
        .unwrap();
    let asked = script.asked();
    assert_eq!(
        asked[0].url,
        format!("{HOST}{GROUP}?api-version=2025-10-01")
    );
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(asked[0].header("if-match"), Some("\"e\""));
    assert_eq!(asked[0].header("if-none-match"), Some("*"));
    assert_eq!(asked[0].header("user-agent"), Some("rsac-test/1"));
    assert_eq!(asked[0].body, r#"{"location":"uksouth"}"#);
    assert_eq!(asked[1].body, "");
}

#[tokio::test]
async fn a_child_of_what_was_made_a_moment_ago_waits_for_it() {
    let missing = value!({"error": {"code": "ResourceGroupNotFound", "message": "m"}});
    let put = Call::put(format!("{GROUP}/providers/P/t/n"), "1", value!({}));
    let script = Script::of([
        json(404, missing.clone()),
        json(404, missing.clone()),
        json(201, value!({})),
    ]);
    script.arm().begin(&put.clone().settling()).await.unwrap();
    let script = Script::of([json(404, missing.clone())]);
    assert!(script.arm().begin(&put).await.unwrap_err().is_not_found());
    let script = Script::for_ever(json(404, missing));
    assert!(
        script
            .arm()
            .begin(&put.settling())
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(script.asked().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn nobody_sleeps_for_longer_than_the_bound() {
    let wait = waited(raw(429, "").with("retry-after", "86400")).await;
    assert!(wait <= Duration::from_secs(601).as_secs_f64(), "{wait}");
}

#[tokio::test]
async fn the_services_clock_counts_once_it_has_told_it() {
    let hour = |ahead: i64| {
        let then = OffsetDateTime::now_utc() + Span::hours(ahead);
        let date = azure_core::time::to_rfc7231(&then);
        json(200, value!({})).with("date", date)
    };
    let page = raw(502, "<html>a proxy</html>").with("date", "Wed, 25 Nov 2020 10:00:00 GMT");
    let script = Script::of([hour(-2), page, hour(3)]);
    let arm = script.arm();
    let here = || u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap();
    assert!(arm.now().abs_diff(here()) <= 2);
    arm.get(GROUP, "1").await.unwrap();
    assert!(arm.now().abs_diff(here() - 2 * 3600) <= 2);
    assert!((arm.clock_ahead() + 2 * 3600).abs() <= 2);
    arm.get(GROUP, "1").await.unwrap();
    assert!(arm.now().abs_diff(here() + 3 * 3600) <= 2);
}

#[tokio::test]
async fn an_action_is_sent_again_only_where_twice_is_as_good_as_once() {
    let answers = || [Reply::Reset, json(200, value!({"a": 1}))];
    let call = || Call::post(format!("{GROUP}/providers/X/y/z/act"), "1", None);
    let once = Script::of(answers());
    let error = once.arm().begin(&call()).await.unwrap_err();
    assert_eq!(error.class(), Class::Unreachable);
    assert_eq!(once.asked().len(), 1);
    let again = Script::of(answers());
    let done = again.arm().begin(&call().repeating()).await.unwrap();
    assert!(matches!(done, Begun::Done { status: 200, .. }), "{done:?}");
    assert_eq!(again.asked().len(), 2);
}
