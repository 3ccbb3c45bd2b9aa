//! What is read from the database when metrics are asked for: lengths and ages of the queues, and the ledger's sum.

use crate::app::App;
use crate::store::{StoreError, count_of, sql};
use crate::world::Moment;
use sea_orm::FromQueryResult;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Between two looks at the queues, however many ask.
const QUEUES_EVERY: Duration = Duration::from_secs(5);
/// Between two sums of the ledger, which reads all of it.
const LEDGER_EVERY: Duration = Duration::from_secs(600);

/// Name, where its rows are, and since when each of them waits.
const QUEUES: [(&str, &str, &str); 10] = [
    ("jobs_queued", "jobs WHERE state = 'queued'", "due_at"),
    ("jobs_running", "jobs WHERE state = 'running'", "created_at"),
    ("letters_waiting", "letters WHERE state IN ('waiting', 'sending')", "created_at"),
    ("letters_failed", "letters WHERE state = 'failed'", "ended_at"),
    ("payment_events", "stripe_events WHERE state = 'waiting'", "received_at"),
    ("payment_events_parked", "stripe_events WHERE state = 'parked'", "received_at"),
    ("refunds", "refund_requests WHERE state = 'waiting'", "created_at"),
    ("exports", "exports WHERE state = 'making'", "created_at"),
    ("deletions", "deletions", "due_at"),
    ("doomed_objects", "doomed_objects", "due_at"),
];

/// A queue at one moment.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) name: &'static str,
    pub(super) length: i64,
    /// How long its first row has been waiting; nothing when that is not due yet.
    pub(super) oldest: Duration,
}

/// What was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) queues: Vec<Queue>,
    /// Zero, or something is very wrong.
    pub(super) ledger_sum: i64,
}

#[derive(Debug, Default)]
struct Last {
    queues: Option<(Instant, Vec<Queue>)>,
    ledger_sum: Option<(Instant, i64)>,
}

/// The last look.
#[derive(Debug, Default)]
pub(super) struct Observed(Mutex<Last>);

impl Observed {
    /// Looks again if the last look is old; none when the database does not answer.
    pub(super) async fn look(&self, app: &App) -> Option<Seen> {
        let mut last = self.0.lock().await;
        match refreshed(app, &mut last).await {
            Ok(seen) => Some(seen),
            Err(error) => {
                tracing::warn!(%error, "metrics cannot be read from the database");
                None
            }
        }
    }
}

async fn refreshed(app: &App, last: &mut Last) -> Result<Seen, StoreError> {
    let queues = match &last.queues {
        Some((at, queues)) if at.elapsed() < QUEUES_EVERY => queues.clone(),
        _ => {
            let mut queues = Vec::with_capacity(QUEUES.len());
            for (name, rows, since) in QUEUES {
                queues.push(queue(app, name, rows, since).await?);
            }
            last.queues = Some((Instant::now(), queues.clone()));
            queues
        }
    };
    let ledger_sum = match last.ledger_sum {
        Some((at, sum)) if at.elapsed() < LEDGER_EVERY => sum,
        _ => {
            let select = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM ledger_postings";
            let sum = count_of(app.store.reader(), select, []).await?;
            last.ledger_sum = Some((Instant::now(), sum));
            sum
        }
    };
    Ok(Seen { queues, ledger_sum })
}

async fn queue(app: &App, name: &'static str, rows: &str, since: &str) -> Result<Queue, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        n: i64,
        oldest: Option<i64>,
    }
    let reader = app.store.reader();
    let select = format!("SELECT COUNT(*) AS n, MIN({since}) AS oldest FROM {rows}");
    let row = Row::find_by_statement(sql(reader, select, [])).one(reader).await?;
    let row = row.unwrap_or(Row { n: 0, oldest: None });
    let waited = row.oldest.map_or(0, |oldest| app.world.now().0 - Moment(oldest).0).max(0);
    Ok(Queue { name, length: row.n, oldest: Duration::from_micros(waited.unsigned_abs()) })
}
