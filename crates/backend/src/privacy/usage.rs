//! How often something is used: sums of a day, from those who switched it on. No row says who, and no third party hears of it.

use crate::accounts::AccountError;
use crate::app::App;
use crate::store::sql;
use pretty_contract::service::privacy::UsageCount;
use sea_orm::ConnectionTrait;

/// What is counted; anything else is refused, so that no words of a person get in.
pub const NAMES: &[&str] = &[
    "app_opened",
    "photo_enhanced",
    "batch_enhanced",
    "critique_asked",
    "cloud_enhance_asked",
    "export_made",
    "page_viewed",
];
/// More at once is not believed.
const MOST: u32 = 1000;

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
