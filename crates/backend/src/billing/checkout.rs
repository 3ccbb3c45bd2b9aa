//! Makes the payment page of an order. The same order asks under the same key with the same words, so that a lost answer is found again.

use super::alarm::Alarm;
use super::orders::{self, Order};
use super::stripe_client::{NewSession, Sale, StripeError};
use super::{Billing, BillingError, customers, news};
use crate::app::App;
use crate::store::entity::order::{self, OrderState, ProductKind};
use crate::store::entity::user;
use crate::store::sql;
use sea_orm::{ConnectionTrait, EntityTrait};
use std::time::Duration;

/// Stripe wants sessions to live half an hour at least; after this there is no time left to make one.
const TIME_TO_BEGIN: Duration = Duration::from_secs(25 * 60);

/// Makes the page, or finds the one that was made.
pub(super) async fn begin(
    app: &App,
    billing: &Billing,
    user: &user::Model,
    order: Order,
) -> Result<Order, BillingError> {
    if order.created_at.plus(TIME_TO_BEGIN) <= app.world.now() {
        give_up(app, &order).await?;
        return again(app, order).await;
    }
    let customer = customers::of(app, billing, user).await?;
    let id = order.id.to_string();
    let new = NewSession {
        sale: if order.kind == ProductKind::Plan { Sale::Subscription } else { Sale::Once },
        customer: &customer,
        price: &order.stripe_price,
        quantity: 1,
        order: &id,
        expires_at: order.session_expires_at.seconds(),
        success_url: &format!("{}/billing/done?session_id={{CHECKOUT_SESSION_ID}}", app.base_url),
        cancel_url: &format!("{}/billing/left", app.base_url),
        promotion_codes: app.settings.stripe.promotion_codes,
    };
    match billing.client.create_session(&new, &format!("ord:{id}:s{}", order.attempt)).await {
        Ok(session) => {
            // A webhook may have been quicker; then only the page's address is new.
            let update = "UPDATE orders SET stripe_session = $2, checkout_url = $3, state = 'open'
                WHERE id = $1 AND state IN ('created', 'open') AND (stripe_session IS NULL OR stripe_session = $2)";
            let tx = app.store.write_transaction().await?;
            tx.execute_raw(sql(&*tx, update, [order.id.into(), session.id.into(), session.url.into()])).await?;
            news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
            tx.commit().await?;
        }
        Err(error) => {
            refused(app, &order, &customer, &error).await?;
            return Err(error.into());
        }
    }
    again(app, order).await
}

async fn again(app: &App, order: Order) -> Result<Order, BillingError> {
    let found = order::Entity::find_by_id(order.id).one(app.store.reader()).await?;
    found.ok_or(BillingError::UnknownOrder)
}

/// What follows from a refusal. Of a temporary one nothing does: the order stays as it is and asks again.
async fn refused(app: &App, order: &Order, customer: &str, error: &StripeError) -> Result<(), BillingError> {
    if error.is_kept_failure() {
        // Nobody ever saw the session that may have been made, so another one does no harm.
        let update = "UPDATE orders SET attempt = attempt + 1 WHERE id = $1 AND attempt = $2";
        let tx = app.store.write_transaction().await?;
        tx.execute_raw(sql(&*tx, update, [order.id.into(), order.attempt.into()])).await?;
        tx.commit().await?;
    } else if error.is_customer_missing() {
        customers::forget(app, customer).await?;
    } else if !error.is_temporary() {
        app.alarms.raise(Alarm::CheckoutRefused, &format!("order {}", order.id), &error.to_string());
    }
    Ok(())
}

/// An order that never got a page comes to nothing.
pub(super) async fn give_up(app: &App, order: &Order) -> Result<(), BillingError> {
    if order.created_at.plus(TIME_TO_BEGIN) > app.world.now() {
        return Ok(());
    }
    let tx = app.store.write_transaction().await?;
    if let Some(order) = orders::locked(&tx, order.id).await?
        && order.state == OrderState::Created
    {
        orders::move_to(app, &tx, &order, OrderState::Failed, Some("no payment page could be made in time")).await?;
        news::tell(app, &tx, order.owner_ref, Some(order.id), &[]).await?;
        tx.commit().await?;
    }
    Ok(())
}
