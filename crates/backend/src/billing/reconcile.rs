//! What makes lost webhooks harmless: every quarter of an hour Stripe's own list of events, once a day every charge against our payments.

use super::alarm::Alarm;
use super::orders::LOOK_EVERY;
use super::stripe_client::objects::Charge;
use super::subscriptions::When;
use super::{BillingError, inbox, open, payments, refunds, subscriptions};
use crate::app::App;
use crate::store::entity::payment;
use crate::store::{count_of, sql};
use crate::world::Moment;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Clocks differ, and an event may be listed a little after it was made.
const OVERLAP: Duration = Duration::from_secs(600);
/// Stripe keeps events about this long.
const OLDEST: Duration = Duration::from_secs(28 * 24 * 3600);

/// Does what is due, on one of all replicas.
pub(super) async fn run_due(app: &App) -> Result<(), BillingError> {
    if let Some(reached) = take(app, "events", LOOK_EVERY).await? {
        let seen = events_since(app, reached).await?;
        reach(app, "events", seen).await?;
        for subscription in subscriptions::overdue(app).await? {
            if let Err(error) = subscriptions::settle(app, &subscription).await {
                tracing::warn!(subscription, %error, "a subscription could not be looked at");
            }
        }
        for subscription in subscriptions::withdrawn(app).await? {
            if let Err(error) = subscriptions::end_one(app, &subscription, When::Now).await {
                tracing::warn!(subscription, %error, "a plan that was withdrawn from has not ended yet");
            }
        }
        for (subscription, when) in subscriptions::leaving(app).await? {
            if let Err(error) = subscriptions::end_one(app, &subscription, when).await {
                tracing::warn!(subscription, %error, "a plan of somebody who is leaving has not ended yet");
            }
        }
        inbox::sweep(app).await?;
    }
    if take(app, "charges", DAY).await?.is_some() {
        compare_charges(app).await?;
    }
    Ok(())
}

/// The mark, when its task is due and nobody else took it.
pub(super) async fn take(app: &App, name: &str, every: Duration) -> Result<Option<Moment>, BillingError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let insert = "INSERT INTO billing_marks (name, reached, due_at) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
    tx.execute_raw(sql(&*tx, insert, [name.into()])).await?;
    let update = "UPDATE billing_marks SET due_at = $3 WHERE name = $1 AND due_at <= $2";
    let taken = tx.execute_raw(sql(&*tx, update, [name.into(), now.into(), now.plus(every).into()])).await?;
    let reached = count_of(&*tx, "SELECT reached AS n FROM billing_marks WHERE name = $1", [name.into()]).await?;
    tx.commit().await?;
    Ok((taken.rows_affected() == 1).then_some(Moment(reached)))
}

/// The task was done, and has its turn again after this long.
pub(super) async fn rest(app: &App, name: &str, every: Duration) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let update = "UPDATE billing_marks SET due_at = $2 WHERE name = $1";
    tx.execute_raw(sql(&*tx, update, [name.into(), app.world.now().plus(every).into()])).await?;
    Ok(tx.commit().await?)
}

async fn reach(app: &App, name: &str, reached: Moment) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let update = "UPDATE billing_marks SET reached = $2 WHERE name = $1 AND reached < $2";
    tx.execute_raw(sql(&*tx, update, [name.into(), reached.into()])).await?;
    Ok(tx.commit().await?)
}

/// Puts every event since the mark into the inbox, where those that came already stay as they are; says up to when.
async fn events_since(app: &App, reached: Moment) -> Result<Moment, BillingError> {
    let now = app.world.now();
    let from = reached.minus(OVERLAP).max(now.minus(OLDEST));
    let mut before: Option<String> = None;
    loop {
        let page = open(app)?.client.events(from.seconds(), before.as_deref()).await?;
        for event in &page.data {
            inbox::keep(app, event).await?;
        }
        before = page.data.last().map(|event| event.id.clone());
        if !page.has_more || before.is_none() {
            return Ok(now);
        }
    }
}

/// Every charge of the last two days must be a payment of ours with the same money gone back, and every payment a charge.
async fn compare_charges(app: &App) -> Result<(), BillingError> {
    let now = app.world.now();
    // What was paid a moment ago may not have been heard of yet.
    let (from, until) = (now.minus(DAY * 2), now.minus(Duration::from_secs(3600)));
    let charges = charges(app, from.minus(DAY), now).await?;
    for charge in charges
        .iter()
        .filter(|charge| charge.paid && charge.created >= from.seconds() && charge.created < until.seconds())
    {
        if let Some(why) = difference(app, charge).await? {
            app.alarms.raise(Alarm::SumsDiffer, &format!("charge {}", charge.id), &why);
        }
    }
    let known: BTreeSet<&str> = charges.iter().filter_map(|charge| charge.payment_intent.as_deref()).collect();
    let find = payment::Entity::find()
        .filter(payment::Column::PaidAt.gte(from))
        .filter(payment::Column::PaidAt.lt(until))
        .filter(payment::Column::PaymentIntent.is_not_null());
    for payment in find.all(app.store.reader()).await? {
        if !payment.payment_intent.as_deref().is_some_and(|intent| known.contains(intent)) {
            app.alarms.raise(Alarm::SumsDiffer, &payment.payment_ref, "there is no charge for this payment");
        }
    }
    Ok(())
}

async fn charges(app: &App, from: Moment, until: Moment) -> Result<Vec<Charge>, BillingError> {
    let mut all: Vec<Charge> = Vec::new();
    loop {
        let before = all.last().map(|charge| charge.id.clone());
        let page = open(app)?.client.charges(from.seconds(), until.seconds() + 1, before.as_deref()).await?;
        let more = page.has_more && !page.data.is_empty();
        all.extend(page.data);
        if !more {
            return Ok(all);
        }
    }
}

async fn difference(app: &App, charge: &Charge) -> Result<Option<String>, BillingError> {
    let Some(intent) = &charge.payment_intent else { return Ok(Some("it has no payment intent".to_owned())) };
    let Some(payment) = payments::by_intent(app, intent).await? else {
        return Ok(Some("it is no payment of ours".to_owned()));
    };
    if payment.amount != charge.amount || payment.currency != charge.currency {
        return Ok(Some("the amount is not the payment's".to_owned()));
    }
    if payment.refunded != charge.amount_refunded {
        // A refund nobody told us of is not lost for that.
        refunds::settle_charge(app, &charge.id).await?;
        let after = payments::by_intent(app, intent).await?.map(|payment| payment.refunded);
        if after != Some(charge.amount_refunded) {
            return Ok(Some("what went back is not what we know of".to_owned()));
        }
    }
    Ok(None)
}
