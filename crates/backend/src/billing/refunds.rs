//! Refunds: those we ask for, and what any of them takes back.
//!
//! A refund of ours takes its credits when it is asked for, under a claim of its own name; Stripe's refund carries that name, so the same
//! refund is never taken twice. Any other refund of the charge takes the part of the credits that goes with its part of the money.

mod asking;

pub(super) use asking::request;
pub use asking::{Reason, by_operator, perform_due};

use super::orders::{self, Order};
use super::payments::{self, Payment};
use super::stripe_client::objects::{Charge, Refund, RefundStatus};
use super::{Billing, BillingError, fulfil, money, news, open};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::ledger::{Claim, ClaimState, Ledger, credits_to_claw_back};
use crate::mail::letter::Letter;
use crate::store::entity::order::{self, OrderState};
use crate::store::entity::refund_request;
use crate::store::{WriteTransaction, sql};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

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
    let refunds = refunds_of(billing, id).await?;
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
    news::tell(app, &tx, payment.owner_ref, payment.order_id, &[ChangeKind::Credits]).await?;
    Ok(tx.commit().await?)
}

/// All refunds of a charge, oldest first.
async fn refunds_of(billing: &Billing, charge: &str) -> Result<Vec<Refund>, BillingError> {
    let mut all: Vec<Refund> = Vec::new();
    loop {
        let before = all.last().map(|refund| refund.id.clone());
        let page = billing.client.refunds(charge, before.as_deref()).await?;
        let more = page.has_more && !page.data.is_empty();
        all.extend(page.data);
        if !more {
            // Stripe lists the newest first.
            all.reverse();
            return Ok(all);
        }
    }
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
        news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
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
