//! What monitoring reads: `GET /metrics` in Prometheus' text, on a listener of its own, which is off until it is configured.
//!
//! Requests are counted as they end. What every replica sees alike (queues, the outbox, the ledger's sum) is read from the database when it is
//! asked for, and not more often than is useful. A label is one of our own words: a route's pattern, a state, an alarm. Nothing that came
//! with a request, names a person or grows without end is ever one.

mod observed;

use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::settings::Settings;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use observed::Observed;
use std::fmt;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Seconds: from what a cache answers to what is cut off.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// How often what was recorded is folded into its buckets, should nobody ask for it.
const FOLD: Duration = Duration::from_secs(5);

const REQUESTS: &str = "pretty_http_requests_total";
const SECONDS: &str = "pretty_http_request_seconds";

/// Counts of this process.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    observed: Observed,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// None while nobody is to read them: then nothing is counted either.
    pub fn configured(settings: &Settings) -> Option<Self> {
        if settings.metrics.listen.is_empty() {
            return None;
        }
        let builder = match PrometheusBuilder::new().set_buckets(&BUCKETS) {
            Ok(builder) => builder,
            // Only for an empty list.
            Err(error) => {
                tracing::error!(%error, "nothing is measured");
                return None;
            }
        };
        let recorder = builder.build_recorder();
        Some(Self { handle: recorder.handle(), recorder, observed: Observed::default() })
    }

    /// A request has ended.
    pub fn request(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let labels = [("method", word(method).to_owned()), ("route", route.to_owned())];
        with_local_recorder(&self.recorder, || {
            histogram!(SECONDS, &labels).record(took);
            let [method, route] = labels;
            counter!(REQUESTS, &[method, route, ("status", status.to_string())]).increment(1);
        });
    }

    /// Everything, as text.
    async fn text(&self, app: &App) -> String {
        let observed = self.observed.look(app).await;
        with_local_recorder(&self.recorder, || {
            for alarm in Alarm::ALL {
                counter!("pretty_alarms_total", "alarm" => alarm.name()).absolute(app.alarms.count(alarm));
            }
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; no count here comes near its limit")]
            let float = |number: i64| number as f64;
            gauge!("pretty_event_listeners").set(float(i64::try_from(app.changes.people()).unwrap_or(i64::MAX)));
            gauge!("pretty_database_up").set(if observed.is_some() { 1.0 } else { 0.0 });
            let Some(observed) = &observed else { return };
            for queue in &observed.queues {
                gauge!("pretty_queue_length", "queue" => queue.name).set(float(queue.length));
                gauge!("pretty_queue_oldest_seconds", "queue" => queue.name).set(queue.oldest.as_secs_f64());
            }
            gauge!("pretty_ledger_sum").set(float(observed.ledger_sum));
        });
        self.handle.render()
    }
}

/// A method of ours, or `other`: anybody can make up more.
fn word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What the listener answers.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<App>) -> Response {
    match &app.metrics {
        Some(metrics) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text(&app).await)
                .into_response()
        }
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

/// Answers on `listener` until told to stop.
pub async fn serve(app: App, listener: tokio::net::TcpListener, stop: CancellationToken) {
    let folding = async {
        loop {
            tokio::time::sleep(FOLD).await;
            if let Some(metrics) = &app.metrics {
                metrics.handle.run_upkeep();
            }
        }
    };
    let serving = axum::serve(listener, router(app.clone())).with_graceful_shutdown(stop.cancelled_owned());
    tokio::select! {
        result = async { serving.await } => {
            if let Err(error) = result {
                tracing::error!(%error, "metrics are not served any more");
            }
        }
        () = folding => {}
    }
}
