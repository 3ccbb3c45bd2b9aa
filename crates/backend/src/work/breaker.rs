//! How each outside service is, for all replicas: one that fails again and again is left alone for a while, then tried with a single job.
//!
//! Jobs wait meanwhile and lose no attempt. One that refuses our account or no longer has our model needs an operator: it is closed at once,
//! and new jobs are refused with `unavailable` rather than left to wait.

use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::Moment;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;

/// So many failures in a row close it.
const FAILURES: i64 = 5;
/// How long the first time; it doubles with each failure after.
const FIRST: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(600);
/// How long the single job has before another one is tried.
const TRIAL: Duration = Duration::from_secs(30);
/// How long a service that needs an operator is left alone.
const REFUSED: Duration = Duration::from_secs(600);
/// Why it is closed when it asked for it itself.
const THROTTLED: &str = "throttled";

#[derive(Clone, Debug, Default, FromQueryResult)]
struct State {
    failures: i64,
    closed_until: i64,
    reason: Option<String>,
}

async fn state(connection: &impl ConnectionTrait, provider: &str, lock: &str) -> Result<State, StoreError> {
    let select = format!("SELECT failures, closed_until, reason FROM provider_states WHERE name = $1{lock}");
    let found = State::find_by_statement(sql(connection, select, [provider.into()])).one(connection).await?;
    Ok(found.unwrap_or_default())
}

async fn write(tx: &WriteTransaction, provider: &str, state: State) -> Result<(), StoreError> {
    let upsert = "INSERT INTO provider_states (name, failures, closed_until, reason) VALUES ($1, $2, $3, $4)
        ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, closed_until = excluded.closed_until, reason = excluded.reason";
    let values = [provider.into(), state.failures.into(), state.closed_until.into(), state.reason.into()];
    tx.execute_raw(sql(&**tx, upsert, values)).await?;
    Ok(())
}

/// Whether a job may be claimed. After its time a closed service lets one through: whoever hears yes must try.
///
/// # Errors
/// When the database fails.
pub async fn lets_through(app: &App, provider: &str) -> Result<bool, StoreError> {
    let now = app.world.now();
    let seen = state(app.store.reader(), provider, "").await?;
    if seen.closed_until == 0 {
        return Ok(true);
    }
    if seen.closed_until > now.0 {
        return Ok(false);
    }
    let tx = app.store.write_transaction().await?;
    let update = "UPDATE provider_states SET closed_until = $2, reason = NULL WHERE name = $1 AND closed_until = $3";
    let values = [provider.into(), now.plus(TRIAL).into(), seen.closed_until.into()];
    let taken = tx.execute_raw(sql(&*tx, update, values)).await?.rows_affected() == 1;
    tx.commit().await?;
    Ok(taken)
}

/// Whether a service needs an operator before it works again.
///
/// # Errors
/// When the database fails.
pub async fn is_refused(app: &App, provider: &str) -> Result<bool, StoreError> {
    let seen = state(app.store.reader(), provider, "").await?;
    Ok(seen.reason.is_some_and(|reason| reason != THROTTLED) && seen.closed_until > app.world.now().0)
}

/// It answered as it should.
pub(super) async fn worked(app: &App, provider: &str) {
    let seen = state(app.store.reader(), provider, "").await;
    if seen.is_ok_and(|seen| seen.failures == 0 && seen.closed_until == 0) {
        return;
    }
    // What still ran when it asked us to wait does not shorten the wait.
    let open = |seen: &State, now: Moment| {
        let waits = seen.reason.as_deref() == Some(THROTTLED) && seen.closed_until > now.0;
        if waits { State { failures: 0, ..seen.clone() } } else { State::default() }
    };
    change(app, provider, open).await;
}

/// It did not answer, or with a fault of its own.
pub(super) async fn failed(app: &App, provider: &str) {
    let closed = |seen: &State, now: Moment| {
        let failures = seen.failures.saturating_add(1);
        let doublings = u32::try_from((failures - FAILURES).clamp(0, 10)).unwrap_or(0);
        let wait = FIRST.saturating_mul(2_u32.pow(doublings)).min(LONGEST);
        let closed_until =
            if failures >= FAILURES { now.plus(wait).0.max(seen.closed_until) } else { seen.closed_until };
        State { failures, closed_until, reason: seen.reason.clone() }
    };
    change(app, provider, closed).await;
}

/// It asked us to wait.
pub(super) async fn throttled(app: &App, provider: &str, wait: Duration) {
    let closed = |seen: &State, now: Moment| State {
        closed_until: now.plus(wait.min(LONGEST)).0.max(seen.closed_until),
        reason: seen.reason.clone().or_else(|| Some(THROTTLED.to_owned())),
        failures: seen.failures,
    };
    change(app, provider, closed).await;
}

/// It refuses us until an operator has acted.
pub(super) async fn refused(app: &App, provider: &str, alarm: Alarm, why: &str) {
    app.alarms.raise(alarm, provider, why);
    let closed = |seen: &State, now: Moment| State {
        failures: seen.failures.saturating_add(1),
        closed_until: now.plus(REFUSED).0,
        reason: Some(alarm.name().to_owned()),
    };
    change(app, provider, closed).await;
}

/// What is noted here only saves calls: a database that fails must not fail the job as well.
async fn change(app: &App, provider: &str, next: impl Fn(&State, Moment) -> State) {
    let noted = async {
        let tx = app.store.write_transaction().await?;
        let seen = state(&*tx, provider, tx.lock_clause()).await?;
        let next = next(&seen, app.world.now());
        if next.closed_until > seen.closed_until {
            tracing::warn!(provider = provider, failures = next.failures, "an outside service is left alone");
        }
        write(&tx, provider, next).await?;
        tx.commit().await
    };
    let noted: Result<(), StoreError> = noted.await;
    if let Err(error) = noted {
        tracing::error!(%error, provider = provider, "how an outside service is could not be noted");
    }
}
