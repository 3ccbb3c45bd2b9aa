//! Withdrawing from a purchase within fourteen days: first the numbers, then the confirmation, then a receipt by mail at once.
//!
//! What goes back is the part of the price that goes with the credits not used; a plan ends with it.

use super::orders::{self, Order};
use super::payments::{self, Payment};
use super::refunds::{self, Reason};
use super::subscriptions::{self, When};
use super::{BillingError, money, news, open};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::ledger;
use crate::mail::letter::Letter;
use crate::store::entity::order::{OrderState, ProductKind};
use crate::store::entity::user;
use crate::store::sql;
use crate::world::Moment;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pretty_contract::service::billing as wire;
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// What withdrawing means at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Minor units that go back.
    pub refund: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// Credits that go.
    pub credits: i64,
    /// Until when.
    pub until: Moment,
    /// Names these numbers.
    token: String,
}

impl Offer {
    /// As programs see it.
    pub fn shown(self) -> wire::Withdrawal {
        wire::Withdrawal {
            refund_minor: self.refund,
            currency: self.currency,
            credits_taken: self.credits,
            until: self.until.0,
            confirm_token: self.token,
        }
    }

    /// Names these numbers, for the second step.
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// The first step: what would happen. Nothing does.
///
/// # Errors
/// An order that cannot be withdrawn from, or a database failure.
pub async fn offer(app: &App, user: &user::Model, id: Uuid) -> Result<Offer, BillingError> {
    let order = orders::find(app, user.owner_ref, id).await?;
    let payment = payments::of_order(app.store.reader(), &order).await?;
    let left = match &payment {
        Some(payment) => ledger::left_of(app.store.reader(), &payment.payment_ref, app.world.now()).await?,
        None => 0,
    };
    make(app, &order, payment.as_ref(), left).map(|(offer, _)| offer)
}

fn make<'a>(
    app: &App,
    order: &Order,
    payment: Option<&'a Payment>,
    left: i64,
) -> Result<(Offer, &'a Payment), BillingError> {
    let refuse = |why| Err(BillingError::NotWithdrawable(why));
    if order.withdrawn_at.is_some() {
        return refuse("You have withdrawn from this order already.");
    }
    let Some(until) = orders::withdraw_until(app, order) else {
        return refuse("This order was not paid, is refunded, or is too old to withdraw from.");
    };
    let Some(payment) = payment else { return refuse("Nothing was paid with this order.") };
    if payment.disputed {
        return refuse("A dispute with your bank about this payment has to end first.");
    }
    // What is left is at most what came, so this fits.
    let share = i128::from(payment.amount) * i128::from(left) / i128::from(payment.credits.max(1));
    let refund = i64::try_from(share).unwrap_or(payment.amount).min(payment.amount - payment.refunded);
    if refund <= 0 {
        return refuse("All its credits are used, so there is nothing to give back.");
    }
    let words = format!("{} {} {refund} {left}", order.owner_ref, order.id);
    let token = URL_SAFE_NO_PAD.encode(&Sha256::digest(words.as_bytes())[..18]);
    Ok((Offer { refund, currency: payment.currency.clone(), credits: left, until, token }, payment))
}

/// The second step: credits go, the refund is on its way, a receipt says when.
///
/// # Errors
/// Numbers that have changed since, an order that cannot be withdrawn from, or a database failure.
pub async fn confirm(app: &App, user: &user::Model, id: Uuid, token: &str) -> Result<Order, BillingError> {
    let billing = open(app)?;
    let tx = app.store.write_transaction().await?;
    let order = orders::locked(&tx, id).await?;
    let order = order.filter(|order| order.owner_ref == user.owner_ref).ok_or(BillingError::UnknownOrder)?;
    // A job that takes credits at this moment stands in line here, so that the numbers hold.
    ledger::Ledger::new(&tx, &app.world).expire_lots_of(user.owner_ref).await?;
    let payment = payments::of_order(&*tx, &order).await?;
    let now = app.world.now();
    let left = match &payment {
        Some(payment) => ledger::left_of(&*tx, &payment.payment_ref, now).await?,
        None => 0,
    };
    let (offer, payment) = make(app, &order, payment.as_ref(), left)?;
    if !bool::from(offer.token.as_bytes().ct_eq(token.as_bytes())) {
        return Err(BillingError::WithdrawalChanged);
    }
    refunds::request(app, &tx, payment, offer.refund, offer.credits, Reason::Withdrawal).await?;
    orders::move_to(app, &tx, &order, OrderState::Refunded, None).await?;
    let update = "UPDATE orders SET withdrawn_at = $2 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [order.id.into(), now.into()])).await?;
    let letter = Letter::Withdrawn {
        name: user.name.clone(),
        product: order.product_name.clone(),
        order: order.id.to_string(),
        amount: money::shown(offer.refund, &offer.currency),
        credits: offer.credits,
        at: at(now),
    };
    payments::tell(app, &tx, user, letter).await?;
    news::tell(app, &tx, order.owner_ref, Some(order.id), &[ChangeKind::Credits]).await?;
    tx.commit().await?;
    billing.wake();
    if order.kind == ProductKind::Plan
        && let Some(subscription) = &payment.subscription
        && let Err(error) = subscriptions::end_one(app, subscription, When::Now).await
    {
        // The reconciler ends what was withdrawn from and goes on.
        tracing::warn!(order = %order.id, %error, "a plan that was withdrawn from has not ended yet");
    }
    orders::find(app, user.owner_ref, id).await
}

/// Date and time for a receipt.
fn at(moment: Moment) -> String {
    let utc = moment.to_utc();
    format!("{} {:02}:{:02} UTC", utc.date(), utc.hour(), utc.minute())
}
