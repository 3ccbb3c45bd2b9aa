//! Refunds: those we ask for, and what any of them takes back.
//!
//! A refund of ours takes its credits when it is asked for, under a claim of its own name; Stripe's refund carries that name, so the same
//! refund is never taken twice. Any other refund of the charge takes the part of the credits that goes with its part of the money.

use super::alarm::Alarm;
use super::orders::{self, Order};
use super::payments::{self, Payment};
use super::stripe_client::StripeError;
use super::stripe_client::objects::{Charge, Refund, RefundStatus};
use super::{Billing, BillingError, fulfil, money, open};
use crate::app::App;
use crate::ledger::{Claim, ClaimState, Ledger, credits_to_claw_back};
use crate::mail::letter::Letter;
use crate::store::entity::order::{self, OrderState};
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
    fn word(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Operator => "operator",
            Self::AccountGone => "account_gone",
        }
    }
}

/// Takes the credits and notes what goes back; the worker asks Stripe afterwards. The caller has locked the order or the payment.
pub(super) async fn request(
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
    tx.commit().await?;
    if let Some(billing) = &app.billing {
        billing.wake();
    }
    Ok(id)
}

async fn claim(
    app: &App,
    tx: &WriteTransaction,
    payment: &Payment,
    key: String,
    credits: i64,
    state: ClaimState,
) -> Result<(), BillingError> {
    // A part of the money that is smaller than one credit takes none.
    if credits > 0 {
        let claim = Claim { key, order_ref: payment.payment_ref.clone(), credits, state };
        Ledger::new(tx, &app.world).claim(payment.owner_ref, claim).await?;
    }
    Ok(())
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
    let refunds = billing.client.refunds(&charge).await?.data;
    Ok(refunds.into_iter().find(|refund| refund.metadata.get("request_id") == Some(&id)))
}

/// The payment behind a charge. One that we have not heard of yet is looked for through its order.
pub(super) async fn payment_of(app: &App, billing: &Billing, charge: &Charge) -> Result<Found, BillingError> {
    let Some(intent) = &charge.payment_intent else { return Ok(Found::NotOurs) };
    if let Some(payment) = payments::by_intent(app, intent).await? {
        return Ok(Found::Payment(payment));
    }
    let metadata = billing.client.payment_intent(intent).await?.metadata;
    let id = metadata.get("order_id").and_then(|id| Uuid::parse_str(id).ok());
    let order = match id {
        Some(id) => order::Entity::find_by_id(id).one(app.store.reader()).await?,
        None => None,
    };
    let Some(order) = order else { return Err(BillingError::NotYet("no payment of this charge is known")) };
    if let Some(session) = &order.stripe_session {
        fulfil::session(app, session).await?;
    }
    if let Some(payment) = payments::by_intent(app, intent).await? {
        return Ok(Found::Payment(payment));
    }
    match order::Entity::find_by_id(order.id).one(app.store.reader()).await? {
        Some(order) if order.state == OrderState::Quarantined => Ok(Found::Quarantined(order)),
        _ => Err(BillingError::NotYet("the order of this charge is not settled")),
    }
}

/// Whose money a charge was.
pub(super) enum Found {
    /// A payment of ours.
    Payment(Payment),
    /// An order that brought no credits.
    Quarantined(Order),
    /// Nobody's here.
    NotOurs,
}

/// Fetches the refunds of a charge and takes back what they say.
pub(super) async fn settle_charge(app: &App, id: &str) -> Result<(), BillingError> {
    let billing = open(app)?;
    let charge = billing.client.charge(id).await?;
    let payment = match payment_of(app, billing, &charge).await? {
        Found::Payment(payment) => payment,
        Found::Quarantined(order) => return settle_quarantined(app, &order, &charge).await,
        Found::NotOurs => return Ok(()),
    };
    let ticket = payments::ticket(app, &payment.payment_ref).await?;
    let mut refunds = billing.client.refunds(id).await?.data;
    // Stripe lists the newest first.
    refunds.reverse();
    let tx = app.store.write_transaction().await?;
    lock_order(&tx, payment.order_id).await?;
    let Some(payment) = payments::locked(&tx, &payment.payment_ref).await? else { return Ok(()) };
    let requests = refund_request::Entity::find()
        .filter(refund_request::Column::PaymentRef.eq(&payment.payment_ref))
        .all(&*tx)
        .await?;
    let mut share = Share::default();
    let mut refunded = 0;
    for refund in &refunds {
        let Some(state) = claim_state(refund) else { continue };
        if state == ClaimState::Taken {
            refunded += refund.amount;
        }
        let ours = requests.iter().find(|request| refund.metadata.get("request_id") == Some(&request.id.to_string()));
        let (key, credits) = match ours {
            Some(request) => (format!("refund:{}", request.id), request.credits),
            None => (format!("stripe:re:{}", refund.id), share.of(&payment, refund.amount)),
        };
        claim(app, &tx, &payment, key, credits, state).await?;
    }
    if payment.written < ticket {
        let withdrawn = requests.iter().any(|request| request.reason == Reason::Withdrawal.word());
        tell_of(app, &tx, &payment, refunded, withdrawn).await?;
        let update = "UPDATE payments SET refunded = $2, written = $3 WHERE payment_ref = $1";
        tx.execute_raw(sql(&*tx, update, [payment.payment_ref.clone().into(), refunded.into(), ticket.into()])).await?;
        bring_order(app, &tx, &payment, refunded, withdrawn && refunded < payment.refunded).await?;
    }
    Ok(tx.commit().await?)
}

/// Everyone locks the order before the payment before the ledger, so that nobody waits for someone who waits for them.
async fn lock_order(tx: &WriteTransaction, id: Option<Uuid>) -> Result<(), BillingError> {
    if let Some(id) = id {
        orders::locked(tx, id).await?;
    }
    Ok(())
}

/// A refund's claim; nothing can be said of a state that is newer than this program.
fn claim_state(refund: &Refund) -> Option<ClaimState> {
    match &refund.status {
        Some(RefundStatus::Failed | RefundStatus::Canceled) => Some(ClaimState::Void),
        Some(RefundStatus::Other(word)) => {
            tracing::warn!(refund = refund.id, word, "a refund in a state that is not known");
            None
        }
        Some(RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Succeeded) | None => {
            Some(ClaimState::Taken)
        }
    }
}

/// Which credits go with which refund. It depends on amounts and their order only, which never change, so that the same refund always
/// takes the same; and parts of one payment add up to what the whole would take.
#[derive(Default)]
struct Share {
    before: i64,
}

impl Share {
    fn of(&mut self, payment: &Payment, amount: i64) -> i64 {
        let before = self.before;
        self.before = before.saturating_add(amount);
        let part = |refunded| credits_to_claw_back(payment.credits, refunded, payment.amount);
        // More than was paid can only come back when some of it had failed: then each stands for itself.
        if self.before > payment.amount { part(amount) } else { part(self.before) - part(before) }
    }
}

/// Brings the order to what became of its payment. `failed`: a withdrawal's refund did not work, so it can be asked for again.
async fn bring_order(
    app: &App,
    tx: &WriteTransaction,
    payment: &Payment,
    refunded: i64,
    failed: bool,
) -> Result<(), BillingError> {
    let Some(id) = payment.order_id else { return Ok(()) };
    let Some(order) = orders::locked(tx, id).await? else { return Ok(()) };
    if failed && order.withdrawn_at.is_some() {
        tx.execute_raw(sql(&**tx, "UPDATE orders SET withdrawn_at = NULL WHERE id = $1", [id.into()])).await?;
    }
    let withdrawn = order.withdrawn_at.is_some() && !failed;
    let whole = payment.amount > 0 && refunded >= payment.amount;
    match order.state {
        OrderState::Fulfilled | OrderState::Quarantined if whole => {
            orders::move_to(app, tx, &order, OrderState::Refunded, None).await
        }
        OrderState::Refunded if !whole && !withdrawn => {
            orders::move_to(app, tx, &order, OrderState::Fulfilled, None).await
        }
        _ => Ok(()),
    }
}

async fn settle_quarantined(app: &App, order: &Order, charge: &Charge) -> Result<(), BillingError> {
    if charge.amount_refunded < charge.amount {
        return Ok(());
    }
    let tx = app.store.write_transaction().await?;
    if let Some(order) = orders::locked(&tx, order.id).await?
        && order.state == OrderState::Quarantined
    {
        orders::move_to(app, &tx, &order, OrderState::Refunded, order.fault.as_deref()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Money is on its way back. Of a withdrawal the person was told when they withdrew.
async fn tell_of(
    app: &App,
    tx: &WriteTransaction,
    payment: &Payment,
    refunded: i64,
    withdrawn: bool,
) -> Result<(), BillingError> {
    if refunded <= payment.refunded || withdrawn {
        return Ok(());
    }
    let Some(person) = payments::person(tx, payment.owner_ref).await? else { return Ok(()) };
    let amount = money::shown(refunded - payment.refunded, &payment.currency);
    payments::tell(app, tx, &person, Letter::Refunded { name: person.name.clone(), amount }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Moment;

    #[test]
    fn st16_parts_add_up_to_the_whole() {
        let payment = |credits, amount| Payment {
            payment_ref: "stripe:cs:1".into(),
            owner_ref: Uuid::nil(),
            order_id: None,
            subscription: None,
            payment_intent: None,
            currency: "usd".into(),
            amount,
            credits,
            refunded: 0,
            disputed: false,
            asked: 0,
            written: 0,
            paid_at: Moment(0),
        };
        for (credits, amount, parts, expected) in [
            (100, 1000, vec![333, 333, 334], vec![33, 33, 34]),
            (100, 500, vec![500], vec![100]),
            (7, 500, vec![1, 499], vec![0, 7]),
            (100, 1000, vec![500, 1000], vec![50, 100]),
            (i64::from(i32::MAX), 99_999_999, vec![33_333_333, 66_666_666], vec![715_827_882, 1_431_655_765]),
        ] {
            let payment = payment(credits, amount);
            let mut share = Share::default();
            let taken: Vec<i64> = parts.iter().map(|part| share.of(&payment, *part)).collect();
            assert_eq!(taken, expected, "{credits} for {amount} in {parts:?}");
        }
    }
}
