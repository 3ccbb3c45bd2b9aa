//! What monitoring reads: every number is there, and nothing of a person is.

use crate::support::{Browser, TestApp, settings};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::metrics;
use std::time::Duration;
use tower::ServiceExt as _;

async fn scraped(app: &TestApp) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = metrics::router(app.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    String::from_utf8(axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

on_both! {
    async fn what_happened_is_counted_without_a_name(database) {
        let mut settings = settings();
        settings.metrics.listen = "127.0.0.1:0".to_owned();
        let app = TestApp::with(database, settings);
        let mara = app.member("mara@example.org", 10).await;
        let mut browser = Browser::new(&app);
        browser.ask_for_account("bea@example.org").await;
        for path in ["/v1/account", "/v1/uploads/01890000-0000-7000-8000-000000000000", "/nowhere/at/all"] {
            app.api("GET", path, Some(&mara.token), None).await;
        }
        app.api("BREW", "/v1/account", None, None).await;
        app.api("GET", &format!("/confirm?token=apml_{}", "x".repeat(43)), None, None).await;
        // Whoever asked leaves before they have said all of it.
        let never = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = Request::post("/v1/usage")
            .header("authorization", format!("Bearer {}", mara.token))
            .header("content-type", "application/json");
        let asked = app.send(request.body(never).unwrap());
        assert!(tokio::time::timeout(Duration::from_millis(100), asked).await.is_err());
        app.alarms.raise(Alarm::OrderQuarantined, "order 1", "a test");
        let text = scraped(&app).await;
        for line in [
            "pretty_http_requests_total{method=\"GET\",route=\"/v1/account\",status=\"200\"} 1",
            "pretty_http_requests_total{method=\"GET\",route=\"/v1/uploads/{id}\",status=\"404\"} 1",
            "pretty_http_requests_total{method=\"GET\",route=\"(none)\",status=\"404\"} 1",
            "pretty_http_requests_total{method=\"other\",route=\"/v1/account\",status=\"405\"} 1",
            "pretty_http_requests_total{method=\"POST\",route=\"/v1/usage\",status=\"499\"} 1",
            "pretty_http_request_seconds_bucket{method=\"GET\",route=\"/v1/account\",le=\"+Inf\"} 1",
            "pretty_http_request_seconds_count{method=\"GET\",route=\"/v1/account\"} 1",
            "pretty_alarms_total{alarm=\"billing_order_quarantined\"} 1",
            "pretty_alarms_total{alarm=\"billing_refund_late\"} 0",
            "pretty_queue_length{queue=\"letters_waiting\"} 1",
            "pretty_queue_length{queue=\"jobs_queued\"} 0",
            "pretty_ledger_sum 0",
            "pretty_event_listeners 0",
            "pretty_database_up 1",
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in {text}");
        }
        for trace in ["@", "apml_", "mara", "01890000", "nowhere", "BREW", &mara.id.to_string()] {
            assert!(!text.contains(trace), "{trace} in {text}");
        }
        app.letter("Confirm your email address").await;
    }
}

on_both! {
    async fn without_a_database_the_rest_is_still_told(database) {
        let mut settings = settings();
        settings.metrics.listen = "127.0.0.1:0".to_owned();
        let app = TestApp::with(database, settings);
        app.store.close().await;
        app.api("GET", "/healthz", None, None).await;
        let text = scraped(&app).await;
        assert!(text.contains("pretty_database_up 0") && text.contains("route=\"/healthz\""), "{text}");
        assert!(!text.contains("pretty_ledger_sum"), "an unknown sum is not a good one");
    }
}
