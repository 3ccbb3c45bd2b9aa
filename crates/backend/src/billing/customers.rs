//! One customer at Stripe a person. Our row comes first, so that a lost answer is asked for again under the same key, or heard of by Stripe's news.

use super::{Billing, BillingError, open};
use crate::app::App;
use crate::privacy::books::is_closed;
use crate::store::entity::{billing_customer, user};
use crate::store::sql;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

/// The person's customer, made when there is none.
pub(super) async fn of(app: &App, billing: &Billing, user: &user::Model) -> Result<String, BillingError> {
    let row = row_of(app, user.owner_ref).await?;
    if let Some(id) = row.stripe_id {
        return Ok(id);
    }
    let key = format!("cus:{}", row.request_id);
    let made = match billing.client.create_customer(&user.email, &user.owner_ref.to_string(), &key).await {
        // The address changed since the answer was lost, or Stripe keeps a failure under the key: only another key helps.
        Err(error) if error.is_key_reused() || error.is_kept_failure() => {
            let update = "UPDATE billing_customers SET request_id = $3 WHERE owner_ref = $1 AND request_id = $2 AND stripe_id IS NULL";
            let values = [user.owner_ref.into(), row.request_id.into(), app.world.new_id()?.into()];
            write(app, update, values).await?;
            return Err(error.into());
        }
        other => other?,
    };
    let update =
        "UPDATE billing_customers SET stripe_id = $3 WHERE owner_ref = $1 AND request_id = $2 AND stripe_id IS NULL";
    write(app, update, [user.owner_ref.into(), row.request_id.into(), made.id.into()]).await?;
    id_of(app, user.owner_ref).await?.ok_or(BillingError::NotYet("the customer's answer was overtaken"))
}

async fn row_of(app: &App, owner: Uuid) -> Result<billing_customer::Model, BillingError> {
    let insert =
        "INSERT INTO billing_customers (owner_ref, request_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    write(app, insert, [owner.into(), app.world.new_id()?.into(), app.world.now().into()]).await?;
    let row = billing_customer::Entity::find_by_id(owner).one(app.store.reader()).await?;
    row.ok_or(BillingError::NotYet("the customer was forgotten meanwhile"))
}

/// The person's customer, if there is one.
pub(super) async fn id_of(app: &App, owner: Uuid) -> Result<Option<String>, BillingError> {
    let row = billing_customer::Entity::find_by_id(owner).one(app.store.reader()).await?;
    Ok(row.and_then(|row| row.stripe_id))
}

/// Whose customer it is.
pub(super) async fn owner_of(app: &App, customer: &str) -> Result<Option<Uuid>, BillingError> {
    let find = billing_customer::Entity::find().filter(billing_customer::Column::StripeId.eq(customer));
    Ok(find.one(app.store.reader()).await?.map(|row| row.owner_ref))
}

/// Forgets a customer that Stripe has no more; the next order makes another one.
pub(super) async fn forget(app: &App, customer: &str) -> Result<(), BillingError> {
    write(app, "DELETE FROM billing_customers WHERE stripe_id = $1", [customer.into()]).await
}

/// A customer that Stripe made: when its answer was lost, this is how we hear of it. The person's, where none is known; deleted again, where the
/// account is gone meanwhile and nobody else would.
pub(super) async fn created(app: &App, id: &str) -> Result<(), BillingError> {
    let billing = open(app)?;
    let customer = match billing.client.customer(id).await {
        Err(error) if error.is_missing() => return Ok(()),
        other => other?,
    };
    let owner = customer.metadata.get("user_ref").and_then(|reference| Uuid::parse_str(reference).ok());
    // Deleted meanwhile, or none of ours.
    let Some(owner) = owner.filter(|_| !customer.deleted) else { return Ok(()) };
    let update = "UPDATE billing_customers SET stripe_id = $2 WHERE owner_ref = $1 AND stripe_id IS NULL";
    write(app, update, [owner.into(), id.into()]).await?;
    // Only of an account of ours that was purged: another service may use the same account at Stripe.
    if is_closed(app, owner).await? { delete_at_stripe(billing, id).await } else { Ok(()) }
}

/// A customer that is said to be gone: forgotten once Stripe says so itself.
pub(super) async fn deleted(app: &App, id: &str) -> Result<(), BillingError> {
    match open(app)?.client.customer(id).await {
        Ok(customer) if !customer.deleted => Ok(()),
        Err(error) if !error.is_missing() => Err(error.into()),
        Ok(_) | Err(_) => forget(app, id).await,
    }
}

/// Deletes a person's customer at Stripe, with name and address and everything that runs, and forgets it here. May be repeated.
pub(super) async fn delete(app: &App, billing: &Billing, owner: Uuid) -> Result<(), BillingError> {
    let Some(id) = id_of(app, owner).await? else { return Ok(()) };
    delete_at_stripe(billing, &id).await?;
    forget(app, &id).await
}

async fn delete_at_stripe(billing: &Billing, id: &str) -> Result<(), BillingError> {
    match billing.client.delete_customer(id).await {
        Err(error) if !error.is_missing() => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn write<const N: usize>(app: &App, text: &str, values: [sea_orm::Value; N]) -> Result<(), BillingError> {
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, text, values)).await?;
    Ok(tx.commit().await?)
}
