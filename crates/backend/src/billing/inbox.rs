//! The inbox of Stripe's events: verified on their raw bytes, kept once, answered at once, worked off afterwards.
//!
//! An event never carries state in: it names an object, which is fetched. One that cannot be worked off waits longer and longer, then is
//! parked for an operator.

use super::alarm::Alarm;
use super::stripe_client::signature::{Event, Refused, verify};
use super::{BillingError, customers, disputes, fulfil, invoices, open, refunds, subscriptions};
use crate::app::App;
use crate::store::entity::stripe_event;
use crate::store::sql;
use crate::world::Moment;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;

type Row = stripe_event::Model;

/// How long a worker may take before another one may try.
const LEASE: Duration = Duration::from_secs(120);
/// The last attempt comes about seven hours after the first.
const MOST_ATTEMPTS: i64 = 12;
/// How long it is kept that an event was worked off: longer than Stripe sends it again.
const KEPT: Duration = Duration::from_secs(60 * 24 * 3600);

/// Takes a webhook in.
///
/// # Errors
/// A body that is not Stripe's is refused (and counted); a database failure makes Stripe send it again.
pub async fn receive(app: &App, signature: &str, body: &[u8]) -> Result<(), Reception> {
    let secrets = app.settings.stripe.webhook_secrets();
    let event = verify(&secrets, signature, body, app.world.now().seconds()).map_err(|refused| {
        app.alarms.note(Alarm::WebhookRefused, "stripe", &refused.to_string());
        Reception::Refused(refused)
    })?;
    keep(app, &event).await.map_err(Reception::NotKept)?;
    if let Some(billing) = &app.billing {
        billing.wake();
    }
    Ok(())
}

/// Why a webhook was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Reception {
    /// It is not from Stripe, or not as it was sent.
    #[error(transparent)]
    Refused(Refused),
    /// It could not be kept: Stripe has to send it again.
    #[error(transparent)]
    NotKept(BillingError),
}

/// Keeps an event, once. One of the other mode is kept and left alone.
pub(super) async fn keep(app: &App, event: &Event) -> Result<(), BillingError> {
    let now = app.world.now();
    let own_mode = event.livemode == app.settings.stripe.is_live();
    if !own_mode {
        app.alarms.raise(Alarm::WrongMode, &event.id, "an event of the other mode, test or live");
    }
    let insert = "INSERT INTO stripe_events (id, kind, object_id, related, made_at, state, attempts, due_at, received_at, ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, $8) ON CONFLICT DO NOTHING";
    let values: [sea_orm::Value; 8] = [
        event.id.clone().into(),
        event.kind.clone().into(),
        event.object_id().map(str::to_owned).into(),
        event.charge().map(str::to_owned).into(),
        Moment(event.created.saturating_mul(1_000_000)).into(),
        if own_mode { "waiting" } else { "ignored" }.into(),
        now.into(),
        (!own_mode).then_some(now).into(),
    ];
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, insert, values)).await?;
    Ok(tx.commit().await?)
}

/// Works off what is due, one event at a time; says how many.
///
/// # Errors
/// When the database fails; what Stripe does is noted in the rows.
pub async fn work_off_due(app: &App) -> Result<usize, BillingError> {
    open(app)?;
    let mut worked = 0;
    while let Some(row) = take_due(app).await? {
        worked += 1;
        let end = match act(app, &row).await {
            Ok(()) => End::Done,
            Err(error) if row.attempts >= MOST_ATTEMPTS => {
                app.alarms.raise(Alarm::EventParked, &row.id, &error.to_string());
                End::Parked(error.to_string())
            }
            Err(error) => End::Again(error.to_string()),
        };
        note(app, &row, end).await?;
    }
    Ok(worked)
}

async fn take_due(app: &App) -> Result<Option<Row>, BillingError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let select = format!(
        "SELECT * FROM stripe_events WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, made_at, id LIMIT 1{}",
        tx.claim_clause()
    );
    let Some(mut row) = Row::find_by_statement(sql(&*tx, select, [now.into()])).one(&*tx).await? else {
        return Ok(None);
    };
    let update = "UPDATE stripe_events SET due_at = $2, attempts = attempts + 1 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [row.id.clone().into(), now.plus(LEASE).into()])).await?;
    tx.commit().await?;
    row.attempts += 1;
    Ok(Some(row))
}

/// What an event is about, and what is looked at because of it.
async fn act(app: &App, row: &Row) -> Result<(), BillingError> {
    let Some(object) = row.object_id.as_deref() else { return Ok(()) };
    let kind = row.kind.as_str();
    match kind {
        "radar.early_fraud_warning.created" => {
            app.alarms.raise(Alarm::FraudWarning, row.related.as_deref().unwrap_or(object), "refund it or look closer");
            Ok(())
        }
        "customer.created" => customers::created(app, object).await,
        "customer.deleted" => customers::deleted(app, object).await,
        _ if kind.starts_with("checkout.session.") => fulfil::session(app, object).await.map(|_| ()),
        _ if kind.starts_with("customer.subscription.") => subscriptions::settle(app, object).await.map(|_| ()),
        "invoice.paid" | "invoice.payment_failed" | "invoice.payment_action_required" => {
            invoices::settle(app, object).await
        }
        _ if kind.starts_with("refund.") => match &row.related {
            Some(charge) => refunds::settle_charge(app, charge).await,
            None => match open(app)?.client.refund(object).await?.charge {
                Some(charge) => refunds::settle_charge(app, &charge).await,
                None => Ok(()),
            },
        },
        _ if kind.starts_with("charge.dispute.") => disputes::settle(app, object).await,
        // Kept, and nothing to do: also of kinds that are newer than this program.
        _ => Ok(()),
    }
}

enum End {
    Done,
    Again(String),
    Parked(String),
}

async fn note(app: &App, row: &Row, end: End) -> Result<(), BillingError> {
    let now = app.world.now();
    let (state, due, fault, ended) = match end {
        End::Done => ("done", now, None, Some(now)),
        End::Parked(fault) => ("parked", now, Some(fault), Some(now)),
        End::Again(fault) => {
            tracing::warn!(event = row.id, kind = row.kind, fault, "an event waits");
            ("waiting", now.plus(backoff(row.attempts)), Some(fault), None)
        }
    };
    let update = "UPDATE stripe_events SET state = $2, due_at = $3, fault = $4, ended_at = $5 WHERE id = $1 AND state = 'waiting'";
    let values: [sea_orm::Value; 5] = [row.id.clone().into(), state.into(), due.into(), fault.into(), ended.into()];
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, values)).await?;
    Ok(tx.commit().await?)
}

/// Ten seconds, twenty, forty, … two hours at most.
fn backoff(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 11) - 1).unwrap_or(0);
    Duration::from_secs((10 * 2_u64.pow(doublings)).min(7200))
}

/// Lets a parked event have its attempts again; says whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn unpark(app: &App, id: &str) -> Result<bool, BillingError> {
    let update = "UPDATE stripe_events SET state = 'waiting', attempts = 0, due_at = $2, ended_at = NULL WHERE id = $1 AND state = 'parked'";
    let tx = app.store.write_transaction().await?;
    let found = tx.execute_raw(sql(&*tx, update, [id.into(), app.world.now().into()])).await?.rows_affected();
    tx.commit().await?;
    Ok(found == 1)
}

/// Events that wait for an operator, oldest first: id, kind and what went wrong.
///
/// # Errors
/// When the database fails.
pub async fn parked(app: &App) -> Result<Vec<(String, String, String)>, BillingError> {
    let reader = app.store.reader();
    let select = "SELECT * FROM stripe_events WHERE state = 'parked' ORDER BY received_at LIMIT 200";
    let rows = Row::find_by_statement(sql(reader, select, [])).all(reader).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.kind, row.fault.unwrap_or_default())).collect())
}

/// Removes events that were done with long ago; says how many.
pub(super) async fn sweep(app: &App) -> Result<u64, BillingError> {
    let tx = app.store.write_transaction().await?;
    let delete = "DELETE FROM stripe_events WHERE ended_at < $1 AND state <> 'parked'";
    let gone = tx.execute_raw(sql(&*tx, delete, [app.world.now().minus(KEPT).into()])).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}
