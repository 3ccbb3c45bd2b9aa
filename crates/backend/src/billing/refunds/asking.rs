//! Refunds that we ask for: by withdrawal, by an operator, or because nobody is there. The credits go with the wish, the money when Stripe takes it.

use super::{bring_order, claim, lock_order, refunds_of, settle_charge};
use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::billing::payments::{self, Payment};
use crate::billing::stripe_client::StripeError;
use crate::billing::stripe_client::objects::Refund;
use crate::billing::{Billing, BillingError, money, news, open, orders};
use crate::changes::ChangeKind;
use crate::ledger::{ClaimState, credits_to_claw_back};
use crate::store::entity::refund_request;
use crate::store::{WriteTransaction, sql};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use std::time::Duration;
use uuid::Uuid;

type Request = refund_request::Model;

/// A refund that was not sent is tried again after this.
const AGAIN: Duration = Duration::from_secs(60);
/// After this somebody has to know.
const LATE: Duration = Duration::from_secs(3600);

/// Why we give money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person withdrew.
    Withdrawal,
    /// An operator decided so.
    Operator,
    /// Nobody is there to get the credits.
    AccountGone,
}

impl Reason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Operator => "operator",
            Self::AccountGone => "account_gone",
        }
    }
}

/// Takes the credits and notes what goes back; the worker asks Stripe afterwards. The caller has locked the order or the payment.
pub(in crate::billing) async fn request(
    app: &App,
    tx: &WriteTransaction,
    payment: &Payment,
    amount: i64,
    credits: i64,
    reason: Reason,
) -> Result<Uuid, BillingError> {
    let nothing_paid = || BillingError::NotRefundable("Nothing was paid with this order.".to_owned());
    let intent = payment.payment_intent.clone().ok_or_else(nothing_paid)?;
    let (id, now) = (app.world.new_id()?, app.world.now());
    let row = refund_request::ActiveModel {
        id: Set(id),
        payment_ref: Set(payment.payment_ref.clone()),
        owner_ref: Set(payment.owner_ref),
        order_id: Set(payment.order_id),
        payment_intent: Set(intent),
        amount: Set(amount),
        currency: Set(payment.currency.clone()),
        credits: Set(credits),
        reason: Set(reason.word().to_owned()),
        state: Set("waiting".to_owned()),
        stripe_id: Set(None),
        attempts: Set(0),
        due_at: Set(now),
        fault: Set(None),
        created_at: Set(now),
        ended_at: Set(None),
    };
    refund_request::Entity::insert(row).exec_without_returning(&**tx).await?;
    claim(app, tx, payment, format!("refund:{id}"), credits, ClaimState::Taken).await?;
    Ok(id)
}

/// An operator gives back a part of what an order cost, or all that is left of it. May only be asked once at a time.
///
/// # Errors
/// No such order, nothing left to give back, or the database.
pub async fn by_operator(app: &App, id: Uuid, amount: Option<i64>) -> Result<Uuid, BillingError> {
    let tx = app.store.write_transaction().await?;
    let order = orders::locked(&tx, id).await?.ok_or(BillingError::UnknownOrder)?;
    let unpaid = || BillingError::NotRefundable(format!("The order is {} and has no payment.", order.state.word()));
    let payment = payments::of_order(&*tx, &order).await?.ok_or_else(unpaid)?;
    let waiting = refund_request::Entity::find()
        .filter(refund_request::Column::PaymentRef.eq(&payment.payment_ref))
        .filter(refund_request::Column::State.eq("waiting"));
    if waiting.one(&*tx).await?.is_some() {
        return Err(BillingError::NotRefundable("A refund of this order is on its way already.".to_owned()));
    }
    let left = payment.amount - payment.refunded;
    let amount = amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        let left = money::shown(left, &payment.currency);
        return Err(BillingError::NotRefundable(format!("Between one unit and {left} can be given back.")));
    }
    let credits = credits_to_claw_back(payment.credits, amount, payment.amount);
    let id = request(app, &tx, &payment, amount, credits, Reason::Operator).await?;
    news::tell(app, &tx, payment.owner_ref, payment.order_id, &[ChangeKind::Credits]).await?;
    tx.commit().await?;
    if let Some(billing) = &app.billing {
        billing.wake();
    }
    Ok(id)
}

/// Asks Stripe for the refunds that are due; says how many were looked at.
///
/// # Errors
/// When the database fails.
pub async fn perform_due(app: &App) -> Result<usize, BillingError> {
    let billing = open(app)?;
    let mut looked = 0;
    while let Some(request) = take_due(app).await? {
        looked += 1;
        // The number in the key goes up only when Stripe keeps a failure under the one before.
        let key = format!("rf:{}:{}", request.id, request.attempts);
        let intent = &request.payment_intent;
        match billing.client.create_refund(intent, request.amount, &request.id.to_string(), &key).await {
            Ok(refund) => sent(app, &request, &refund).await?,
            Err(error) => not_sent(app, billing, &request, &error).await?,
        }
    }
    Ok(looked)
}

async fn take_due(app: &App) -> Result<Option<Request>, BillingError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let select = format!(
        "SELECT * FROM refund_requests WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1{}",
        tx.claim_clause()
    );
    let found = Request::find_by_statement(sql(&*tx, select, [now.into()])).one(&*tx).await?;
    let Some(request) = found else { return Ok(None) };
    let update = "UPDATE refund_requests SET due_at = $2 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [request.id.into(), now.plus(AGAIN).into()])).await?;
    tx.commit().await?;
    if request.created_at.plus(LATE) <= now {
        app.alarms.raise(Alarm::RefundLate, &format!("refund {}", request.id), request.fault.as_deref().unwrap_or(""));
    }
    Ok(Some(request))
}

async fn sent(app: &App, request: &Request, refund: &Refund) -> Result<(), BillingError> {
    let update = "UPDATE refund_requests SET state = 'sent', stripe_id = $2, ended_at = $3, fault = NULL WHERE id = $1 AND state = 'waiting'";
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, [request.id.into(), refund.id.clone().into(), app.world.now().into()])).await?;
    tx.commit().await?;
    match &refund.charge {
        Some(charge) => settle_charge(app, charge).await,
        None => Ok(()),
    }
}

async fn not_sent(app: &App, billing: &Billing, request: &Request, error: &StripeError) -> Result<(), BillingError> {
    if error.is_kept_failure() {
        // It may have been done all the same, and then another key would do it again.
        if let Some(refund) = made_before(billing, request).await? {
            return sent(app, request, &refund).await;
        }
        return note(app, request, "attempts = attempts + 1", error).await;
    }
    if error.is_temporary() {
        return note(app, request, "attempts = attempts", error).await;
    }
    app.alarms.raise(Alarm::RefundRefused, &format!("refund {}", request.id), &error.to_string());
    let tx = app.store.write_transaction().await?;
    lock_order(&tx, request.order_id).await?;
    let update =
        "UPDATE refund_requests SET state = 'failed', fault = $2, ended_at = $3 WHERE id = $1 AND state = 'waiting'";
    let ended = tx
        .execute_raw(sql(&*tx, update, [request.id.into(), error.to_string().into(), app.world.now().into()]))
        .await?;
    if ended.rows_affected() == 1
        && let Some(payment) = payments::locked(&tx, &request.payment_ref).await?
    {
        // The money stays, so the credits come back.
        claim(app, &tx, &payment, format!("refund:{}", request.id), request.credits, ClaimState::Void).await?;
        bring_order(app, &tx, &payment, payment.refunded, request.reason == Reason::Withdrawal.word()).await?;
        news::tell(app, &tx, payment.owner_ref, payment.order_id, &[ChangeKind::Credits]).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn note(app: &App, request: &Request, count: &str, error: &StripeError) -> Result<(), BillingError> {
    tracing::warn!(refund = %request.id, %error, "a refund waits");
    let update = format!("UPDATE refund_requests SET {count}, fault = $2 WHERE id = $1");
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, [request.id.into(), error.to_string().into()])).await?;
    Ok(tx.commit().await?)
}

async fn made_before(billing: &Billing, request: &Request) -> Result<Option<Refund>, BillingError> {
    let intent = billing.client.payment_intent(&request.payment_intent).await?;
    let Some(charge) = intent.latest_charge else { return Ok(None) };
    let id = request.id.to_string();
    let refunds = refunds_of(billing, &charge).await?;
    Ok(refunds.into_iter().find(|refund| refund.metadata.get("request_id") == Some(&id)))
}
