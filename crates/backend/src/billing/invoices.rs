//! Invoices of the plan: each one that is paid brings a month's credits, once.

use super::alarm::Alarm;
use super::catalogue;
use super::orders::{self, Order};
use super::payments::{self, Came};
use super::stripe_client::objects::Invoice;
use super::subscriptions::{self, Kept, When};
use super::{Billing, BillingError, fulfil, money, news, open};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::ledger::{Outcome, Source};
use crate::mail::letter::Letter;
use crate::store::entity::order::{self, OrderState};
use crate::store::entity::user;
use crate::store::{WriteTransaction, sql};
use crate::world::Moment;
use sea_orm::{ConnectionTrait, EntityTrait};
use std::time::Duration;
use uuid::Uuid;

/// What a payment of this plan costs and brings.
struct Terms {
    product_name: String,
    amount: i64,
    credits: i64,
    currency: String,
}

/// Fetches an invoice with its subscription; when it is paid, its credits come.
pub(super) async fn settle(app: &App, id: &str) -> Result<(), BillingError> {
    let billing = open(app)?;
    let invoice = match billing.client.invoice(id).await {
        Err(error) if error.is_missing() => return Ok(()),
        other => other?,
    };
    if invoice.livemode != app.settings.stripe.is_live() {
        app.alarms.raise(Alarm::WrongMode, &format!("invoice {id}"), "test and live are mixed");
        return Ok(());
    }
    let Some(subscription) = invoice.subscription() else { return Ok(()) };
    let kept = subscriptions::settle(app, subscription).await?;
    let first = match invoice.billing_reason.as_deref() {
        Some("subscription_create") => true,
        Some("subscription_cycle") => false,
        // A change within a month brings no other month's credits.
        _ => return Ok(()),
    };
    if invoice.status.as_deref() != Some("paid") {
        return Ok(());
    }
    let Some(owner) = kept.owner_ref else {
        tracing::warn!(invoice = id, "an invoice of nobody we know");
        return Ok(());
    };
    let order = match kept.order_id {
        Some(id) => order::Entity::find_by_id(id).one(app.store.reader()).await?,
        None => None,
    };
    let terms = match terms(app, &kept, order.as_ref(), &invoice) {
        Ok(terms) => terms,
        Err(why) => return quarantine(app, order.filter(|_| first).as_ref(), id, &why).await,
    };
    let intent = paid_by(billing, &invoice).await?;
    let came = Came {
        payment_ref: format!("stripe:in:{id}"),
        order_id: order.as_ref().filter(|_| first).map(|order| order.id),
        subscription: Some(kept.stripe_id.clone()),
        payment_intent: intent,
        currency: terms.currency.clone(),
        amount: invoice.amount_paid,
        credits: terms.credits,
        source: Source::Monthly,
        expires_at: Some(good_until(app, &kept, &invoice)),
    };
    take(app, owner, order.filter(|_| first), &kept, came, &terms).await
}

/// The terms under which the plan was ordered, or those of the catalogue after a change of the plan; and that the invoice fits them.
fn terms(app: &App, kept: &Kept, order: Option<&Order>, invoice: &Invoice) -> Result<Terms, String> {
    let ordered = order.filter(|order| kept.product.as_deref() == Some(&order.product)).map(|order| Terms {
        product_name: order.product_name.clone(),
        amount: order.amount,
        credits: order.credits,
        currency: order.currency.clone(),
    });
    let listed = || {
        let plan = catalogue::find(&app.settings, kept.product.as_deref()?)?;
        let currency = app.settings.catalogue.currency.clone();
        Some(Terms { product_name: plan.name, amount: plan.amount, credits: plan.credits, currency })
    };
    let terms = ordered.or_else(listed).ok_or("the price is of no plan that is known")?;
    if invoice.currency != terms.currency {
        return Err("the currency differs".to_owned());
    }
    let discounted = app.settings.stripe.promotion_codes && (0..=terms.amount).contains(&invoice.amount_paid);
    if invoice.amount_paid != terms.amount && !discounted {
        return Err("the amount differs".to_owned());
    }
    Ok(terms)
}

async fn quarantine(app: &App, order: Option<&Order>, invoice: &str, why: &str) -> Result<(), BillingError> {
    app.alarms.raise(Alarm::OrderQuarantined, &format!("invoice {invoice}"), why);
    let Some(order) = order else { return Ok(()) };
    let tx = app.store.write_transaction().await?;
    if let Some(order) = orders::locked(&tx, order.id).await?
        && !matches!(order.state, OrderState::Fulfilled | OrderState::Refunded)
    {
        orders::move_to(app, &tx, &order, OrderState::Quarantined, Some(why)).await?;
        news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The payment intent behind a paid invoice, by which refunds and disputes find it.
async fn paid_by(billing: &Billing, invoice: &Invoice) -> Result<Option<String>, BillingError> {
    if invoice.amount_paid == 0 {
        return Ok(None);
    }
    let payments = billing.client.invoice_payments(&invoice.id).await?.data;
    let paid = payments.iter().find(|payment| payment.status == "paid").and_then(|payment| payment.payment_intent());
    // Credits from the customer's balance pay without an intent.
    Ok(paid.map(str::to_owned))
}

fn good_until(app: &App, kept: &Kept, invoice: &Invoice) -> Moment {
    let end = invoice.period_end().map_or(kept.period_end, |at| Moment(at.saturating_mul(1_000_000)));
    end.plus(Duration::from_secs(24 * 3600) * app.settings.stripe.monthly_credits_grace_days)
}

async fn take(
    app: &App,
    owner: Uuid,
    order: Option<Order>,
    kept: &Kept,
    came: Came,
    terms: &Terms,
) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    let order = match order {
        Some(order) => orders::locked(&tx, order.id).await?,
        None => None,
    };
    if order.as_ref().is_some_and(|order| order.state == OrderState::Quarantined) {
        return Ok(());
    }
    let Some(person) = payments::person(&tx, owner).await? else {
        if let Some(order) = &order
            && payments::locked(&tx, &came.payment_ref).await?.is_none()
        {
            fulfil::nobody(app, &tx, order, came).await?;
            orders::move_to(app, &tx, order, OrderState::Quarantined, Some("the account is gone")).await?;
            tx.commit().await?;
        } else {
            drop(tx);
            app.alarms.raise(Alarm::AccountGone, &kept.stripe_id, "a renewal was paid after the account was deleted");
        }
        return subscriptions::end_one(app, &kept.stripe_id, When::Now).await;
    };
    let amount = came.amount;
    let is_new = payments::take(app, &tx, owner, came).await? == Outcome::Done;
    if is_new {
        tell(app, &tx, &person, order.as_ref(), kept, terms, amount).await?;
    }
    let moved = order.as_ref().filter(|order| !matches!(order.state, OrderState::Fulfilled | OrderState::Refunded));
    if let Some(order) = moved {
        orders::move_to(app, &tx, order, OrderState::Fulfilled, None).await?;
        let update = "UPDATE orders SET stripe_subscription = $2, paid_at = COALESCE(paid_at, $3) WHERE id = $1";
        let values = [order.id.into(), kept.stripe_id.clone().into(), app.world.now().into()];
        tx.execute_raw(sql(&*tx, update, values)).await?;
    }
    let also: &[ChangeKind] = if is_new { &[ChangeKind::Credits, ChangeKind::Account] } else { &[] };
    news::tell(app, &tx, owner, moved.map(|order| order.id), also).await?;
    Ok(tx.commit().await?)
}

async fn tell(
    app: &App,
    tx: &WriteTransaction,
    person: &user::Model,
    order: Option<&Order>,
    kept: &Kept,
    terms: &Terms,
    amount: i64,
) -> Result<(), BillingError> {
    let (name, product, credits) = (person.name.clone(), terms.product_name.clone(), terms.credits);
    let amount = money::shown(amount, &terms.currency);
    let renews = kept.period_end.to_utc().date().to_string();
    let letter = match order {
        Some(order) => Letter::PlanStarted {
            name,
            product,
            credits,
            amount,
            order: order.id.to_string(),
            renews,
            withdrawal_days: app.settings.stripe.withdrawal_days,
        },
        None => Letter::PlanRenewed { name, product, credits, amount, renews },
    };
    payments::tell(app, tx, person, letter).await
}
