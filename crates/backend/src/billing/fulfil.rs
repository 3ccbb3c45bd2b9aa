//! The one function that turns a paid session into credits. Webhook, return page, poll and reconciler all end here.

use super::alarm::Alarm;
use super::orders::{self, Order};
use super::payments::{self, Came};
use super::stripe_client::objects::{LineItem, PaymentStatus, Session, SessionStatus};
use super::{Billing, BillingError, customers, invoices, money, news, open, refunds, subscriptions};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::ledger::{Outcome, Source};
use crate::mail::letter::Letter;
use crate::store::entity::order::{self, OrderState, ProductKind};
use crate::store::{WriteTransaction, sql};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

/// What a look at a session came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// Our order is as the session says.
    Ours,
    /// Not a session of ours.
    NotOurs,
}

/// Fetches a session and brings its order to where it is.
pub(super) async fn session(app: &App, id: &str) -> Result<Settled, BillingError> {
    let billing = open(app)?;
    let session = match billing.client.session(id).await {
        Err(error) if error.is_missing() => return Ok(Settled::NotOurs),
        other => other?,
    };
    let Some(order) = order_of(app, &session).await? else { return Ok(Settled::NotOurs) };
    match (&session.status, &session.payment_status) {
        (Some(SessionStatus::Expired), _) => over(app, &order, OrderState::Expired, None).await?,
        (Some(SessionStatus::Complete), PaymentStatus::Paid | PaymentStatus::NoPaymentRequired) => {
            paid(app, billing, &order, &session).await?;
        }
        (Some(SessionStatus::Complete), PaymentStatus::Unpaid) => slow(app, billing, &order, &session).await?,
        (Some(SessionStatus::Open), _) => adopt(app, &order, &session).await?,
        // A state that is newer than this program says nothing yet.
        (Some(SessionStatus::Complete | SessionStatus::Other(_)) | None, _) => {
            tracing::warn!(order = %order.id, ?session.status, ?session.payment_status, "a session in a state that is not known");
        }
    }
    Ok(Settled::Ours)
}

async fn order_of(app: &App, session: &Session) -> Result<Option<Order>, BillingError> {
    let named = session.client_reference_id.as_deref().or(session.metadata.get("order_id").map(String::as_str));
    let Some(id) = named.and_then(|id| Uuid::parse_str(id).ok()) else { return Ok(None) };
    Ok(order::Entity::find_by_id(id).one(app.store.reader()).await?)
}

/// The session was made and its answer got lost: now the order knows it.
async fn adopt(app: &App, order: &Order, session: &Session) -> Result<(), BillingError> {
    let update = "UPDATE orders SET stripe_session = $2, checkout_url = $3, state = 'open' WHERE id = $1 AND state = 'created' AND stripe_session IS NULL";
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, [order.id.into(), session.id.clone().into(), session.url.clone().into()])).await?;
    news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
    Ok(tx.commit().await?)
}

/// Nothing was or will be paid with this session.
async fn over(app: &App, order: &Order, state: OrderState, fault: Option<&str>) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let Some(order) = orders::locked(&tx, order.id).await? else { return Ok(()) };
    if matches!(order.state, OrderState::Created | OrderState::Open) {
        orders::move_to(app, &tx, &order, state, fault).await?;
        news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The page was gone through, the money is not here: it is on its way, or it did not come.
async fn slow(app: &App, billing: &Billing, order: &Order, session: &Session) -> Result<(), BillingError> {
    let failed = match &session.payment_intent {
        Some(intent) => {
            let status = billing.client.payment_intent(intent).await?.status;
            matches!(status.as_str(), "requires_payment_method" | "canceled")
        }
        None => false,
    };
    if failed {
        return over(app, order, OrderState::Failed, Some("the payment did not succeed")).await;
    }
    let update = "UPDATE orders SET checkout_url = NULL, stripe_session = $2, state = 'open' WHERE id = $1 AND state IN ('created', 'open')";
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, [order.id.into(), session.id.clone().into()])).await?;
    news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
    Ok(tx.commit().await?)
}

async fn paid(app: &App, billing: &Billing, order: &Order, session: &Session) -> Result<(), BillingError> {
    let settled = matches!(order.state, OrderState::Fulfilled | OrderState::Refunded | OrderState::Quarantined);
    if settled && order.stripe_session.as_deref() == Some(&session.id) {
        return Ok(());
    }
    let lines = billing.client.session_lines(&session.id).await?.data;
    let customer = customers::id_of(app, order.owner_ref).await?;
    if let Err(difference) = compare(app, order, session, &lines, customer.as_deref()) {
        return quarantine(app, order, session, &difference).await;
    }
    match order.kind {
        ProductKind::Pack => pack(app, order, session).await,
        ProductKind::Plan => plan(app, order, session).await,
    }
}

/// Whether what was paid is what was ordered, in every respect.
fn compare(
    app: &App,
    order: &Order,
    session: &Session,
    lines: &[LineItem],
    customer: Option<&str>,
) -> Result<(), String> {
    let same = |what: &str, fits: bool| if fits { Ok(()) } else { Err(format!("{what} differs")) };
    let mode = if order.kind == ProductKind::Plan { "subscription" } else { "payment" };
    same("the mode, test or live,", session.livemode == app.settings.stripe.is_live())?;
    same("the kind of session", session.mode == mode)?;
    same("the session", order.stripe_session.as_deref().is_none_or(|known| known == session.id))?;
    same("the customer", customer.is_some() && session.customer.as_deref() == customer)?;
    same("the currency", session.currency.as_deref() == Some(&order.currency))?;
    let [line] = lines else { return Err(format!("{} lines instead of one", lines.len())) };
    same("the price", line.price.as_ref().is_some_and(|price| price.id == order.stripe_price))?;
    same("the quantity", line.quantity == Some(1))?;
    same("the currency of the line", line.currency == order.currency)?;
    let total = session.amount_total.unwrap_or(-1);
    if app.settings.stripe.promotion_codes {
        same("the amount before the promotion code", session.amount_subtotal == Some(order.amount))?;
        same("the amount", (0..=order.amount).contains(&total))?;
    } else {
        same("the amount", total == order.amount)?;
    }
    same(
        "whether anything was to be paid",
        (session.payment_status == PaymentStatus::NoPaymentRequired) == (total == 0),
    )
}

async fn quarantine(app: &App, order: &Order, session: &Session, why: &str) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let Some(order) = orders::locked(&tx, order.id).await? else { return Ok(()) };
    if matches!(order.state, OrderState::Fulfilled | OrderState::Refunded) {
        // A second session of an order that is done with: the order stays as it is, the money has to be looked at.
        app.alarms.raise(Alarm::OrderQuarantined, &format!("order {} session {}", order.id, session.id), why);
        return Ok(());
    }
    orders::move_to(app, &tx, &order, OrderState::Quarantined, Some(why)).await?;
    if order.stripe_session.is_none() {
        let update = "UPDATE orders SET stripe_session = $2 WHERE id = $1";
        tx.execute_raw(sql(&*tx, update, [order.id.into(), session.id.clone().into()])).await?;
    }
    news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
    tx.commit().await?;
    app.alarms.raise(Alarm::OrderQuarantined, &format!("order {}", order.id), why);
    Ok(())
}

async fn pack(app: &App, order: &Order, session: &Session) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let Some(order) = orders::locked(&tx, order.id).await? else { return Ok(()) };
    if matches!(order.state, OrderState::Fulfilled | OrderState::Refunded | OrderState::Quarantined) {
        return Ok(());
    }
    let amount = session.amount_total.unwrap_or(order.amount);
    let came = Came {
        payment_ref: format!("stripe:cs:{}", session.id),
        order_id: Some(order.id),
        subscription: None,
        payment_intent: session.payment_intent.clone(),
        currency: order.currency.clone(),
        amount,
        credits: order.credits,
        source: Source::Paid,
        expires_at: None,
    };
    let Some(person) = payments::person(&tx, order.owner_ref).await? else {
        nobody(app, &tx, &order, came).await?;
        note_paid(app, &tx, &order, OrderState::Quarantined, session, Some("the account is gone")).await?;
        return Ok(tx.commit().await?);
    };
    if payments::take(app, &tx, order.owner_ref, came).await? == Outcome::Done {
        let letter = Letter::Receipt {
            name: person.name.clone(),
            product: order.product_name.clone(),
            credits: order.credits,
            amount: money::shown(amount, &order.currency),
            order: order.id.to_string(),
            date: app.world.now().to_utc().date().to_string(),
            withdrawal_days: app.settings.stripe.withdrawal_days,
        };
        payments::tell(app, &tx, &person, letter).await?;
    }
    note_paid(app, &tx, &order, OrderState::Fulfilled, session, None).await?;
    news::tell(app, &tx, order.owner_ref, Some(order.id), &[ChangeKind::Credits]).await?;
    Ok(tx.commit().await?)
}

/// Money for an account that is gone goes back.
pub(super) async fn nobody(app: &App, tx: &WriteTransaction, order: &Order, came: Came) -> Result<(), BillingError> {
    app.alarms.raise(Alarm::AccountGone, &format!("order {}", order.id), "paid after the account was deleted");
    let payment_ref = came.payment_ref.clone();
    payments::note(app, tx, order.owner_ref, came).await?;
    if let Some(payment) = payments::locked(tx, &payment_ref).await?
        && payment.amount > 0
    {
        refunds::request(app, tx, &payment, payment.amount, 0, refunds::Reason::AccountGone).await?;
    }
    Ok(())
}

/// The order was paid; when is noted once.
async fn note_paid(
    app: &App,
    tx: &WriteTransaction,
    order: &Order,
    state: OrderState,
    session: &Session,
    fault: Option<&str>,
) -> Result<(), BillingError> {
    orders::move_to(app, tx, order, state, fault).await?;
    let update = "UPDATE orders SET stripe_session = $2, stripe_subscription = $3, paid_at = COALESCE(paid_at, $4) WHERE id = $1";
    let values =
        [order.id.into(), session.id.clone().into(), session.subscription.clone().into(), app.world.now().into()];
    tx.execute_raw(sql(&**tx, update, values)).await?;
    Ok(())
}

/// A plan's credits come with its invoice, which the same function settles that hears of renewals.
async fn plan(app: &App, order: &Order, session: &Session) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let Some(order) = orders::locked(&tx, order.id).await? else { return Ok(()) };
    if matches!(order.state, OrderState::Created | OrderState::Open | OrderState::Expired | OrderState::Failed) {
        note_paid(app, &tx, &order, OrderState::Paid, session, None).await?;
        news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
        tx.commit().await?;
    } else {
        drop(tx);
    }
    match (&session.invoice, &session.subscription) {
        (Some(invoice), _) => invoices::settle(app, invoice).await,
        (None, Some(subscription)) => subscriptions::settle(app, subscription).await.map(|_| ()),
        (None, None) => Err(BillingError::NotYet("the session has no subscription yet")),
    }
}
