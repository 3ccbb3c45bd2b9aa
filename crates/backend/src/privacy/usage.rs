//! How often something is used: sums of a day. What the app does is counted for those who switched it on, views of our own pages for all. No row
//! says who, and no third party hears of it.

use crate::accounts::AccountError;
use crate::app::App;
use crate::store::sql;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use pretty_contract::service::privacy::UsageCount;
use sea_orm::ConnectionTrait;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// What apps tell of; anything else is refused, so that no words of a person get in.
pub const NAMES: &[&str] =
    &["app_opened", "photo_enhanced", "batch_enhanced", "critique_asked", "cloud_enhance_asked", "export_made"];
/// More at once is not believed.
const MOST: u32 = 1000;
/// What is counted here.
const PAGE_VIEWED: &str = "page_viewed";
/// Views are added to the sum no more often than this: what a process counted since is lost with it.
const ADD_EVERY: Duration = Duration::from_secs(60);

/// Whether every event is one that is counted.
pub fn is_known(events: &[UsageCount]) -> bool {
    events.len() <= NAMES.len()
        && events.iter().all(|event| NAMES.contains(&event.name.as_str()) && event.count <= MOST)
}

/// Adds to the sums of today.
///
/// # Errors
/// When the database fails.
pub async fn count(app: &App, events: &[UsageCount]) -> Result<(), AccountError> {
    let day = app.world.now().seconds().div_euclid(86_400);
    let upsert = "INSERT INTO usage_counts (day, name, count) VALUES ($1, $2, $3)
        ON CONFLICT (day, name) DO UPDATE SET count = usage_counts.count + $3";
    let tx = app.store.write_transaction().await?;
    for event in events {
        let values = [day.into(), event.name.as_str().into(), i64::from(event.count).into()];
        tx.execute_raw(sql(&*tx, upsert, values)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Views of our own pages that are not in the sum yet.
#[derive(Debug, Default)]
pub struct Views {
    waiting: AtomicU32,
    added_at: AtomicI64,
}

impl Views {
    /// One more; how many are to be added to the sum now.
    fn note(&self, now: i64) -> u32 {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let last = self.added_at.load(Ordering::Relaxed);
        let every = i64::try_from(ADD_EVERY.as_micros()).unwrap_or(i64::MAX);
        let is_due = now.saturating_sub(last) >= every;
        let is_ours = is_due && self.added_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_ours { self.waiting.swap(0, Ordering::Relaxed) } else { 0 }
    }
}

/// Around our own pages: counts those that are shown. Nobody waits for it, and a page is shown whether or not it can be counted.
pub async fn around_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_look = request.method() == Method::GET;
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if is_look && response.status() == StatusCode::OK && kind.is_some_and(|kind| kind.starts_with("text/html")) {
        let seen = app.views.note(app.world.now().0);
        if seen > 0 {
            tokio::spawn(async move {
                let views = UsageCount { name: PAGE_VIEWED.to_owned(), count: seen };
                if let Err(error) = count(&app, &[views]).await {
                    tracing::warn!(%error, "views of pages were not counted");
                }
            });
        }
    }
    response
}
