//! Payments: what money came and what credits it brought, found again by what Stripe says about it.

use super::BillingError;
use super::orders::Order;
use crate::app::App;
use crate::ledger::{Cause, Grant, Ledger, Outcome, Source};
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::{payment, user};
use crate::store::{WriteTransaction, sql};
use crate::world::Moment;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A payment as it is kept.
pub(super) type Payment = payment::Model;

/// Money that came.
#[derive(Clone, Debug)]
pub(super) struct Came {
    /// Key of the grant.
    pub payment_ref: String,
    pub order_id: Option<Uuid>,
    pub subscription: Option<String>,
    pub payment_intent: Option<String>,
    pub currency: String,
    pub amount: i64,
    pub credits: i64,
    pub source: Source,
    pub expires_at: Option<Moment>,
}

/// Notes the payment and grants its credits, once. The caller has locked what it decided on.
pub(super) async fn take(app: &App, tx: &WriteTransaction, owner: Uuid, came: Came) -> Result<Outcome, BillingError> {
    let cause = Cause::new("order", came.order_id.map_or_else(|| came.payment_ref.clone(), |id| id.to_string()));
    let grant = Grant {
        source: came.source,
        credits: came.credits,
        expires_at: came.expires_at,
        order_ref: Some(came.payment_ref.clone()),
        key: came.payment_ref.clone(),
        cause,
    };
    let outcome = Ledger::new(tx, &app.world).grant(owner, grant).await?;
    if outcome == Outcome::Done {
        note(app, tx, owner, came).await?;
    }
    Ok(outcome)
}

/// Notes the payment without granting anything.
pub(super) async fn note(app: &App, tx: &WriteTransaction, owner: Uuid, came: Came) -> Result<(), BillingError> {
    let row = payment::ActiveModel {
        payment_ref: Set(came.payment_ref),
        owner_ref: Set(owner),
        order_id: Set(came.order_id),
        subscription: Set(came.subscription),
        payment_intent: Set(came.payment_intent),
        currency: Set(came.currency),
        amount: Set(came.amount),
        credits: Set(came.credits),
        refunded: Set(0),
        disputed: Set(false),
        asked: Set(0),
        written: Set(0),
        paid_at: Set(app.world.now()),
    };
    payment::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// The person behind a ledger, while there is an account.
pub(super) async fn person(tx: &WriteTransaction, owner: Uuid) -> Result<Option<user::Model>, BillingError> {
    let find = user::Entity::find().filter(user::Column::OwnerRef.eq(owner));
    Ok(find.one(&**tx).await?)
}

/// Sends a letter to the person, if there still is one.
pub(super) async fn tell(
    app: &App,
    tx: &WriteTransaction,
    person: &user::Model,
    letter: Letter,
) -> Result<(), BillingError> {
    outbox::queue(app, tx, Some(person.id), &person.email, letter).await?;
    app.letters.notify_one();
    Ok(())
}

/// The payment that a payment intent made.
pub(super) async fn by_intent(app: &App, intent: &str) -> Result<Option<Payment>, BillingError> {
    let find = payment::Entity::find().filter(payment::Column::PaymentIntent.eq(intent));
    Ok(find.one(app.store.reader()).await?)
}

/// The payment of an order: of a plan, its first.
pub(super) async fn of_order(
    connection: &impl ConnectionTrait,
    order: &Order,
) -> Result<Option<Payment>, BillingError> {
    Ok(payment::Entity::find().filter(payment::Column::OrderId.eq(order.id)).one(connection).await?)
}

/// The payment, locked until the end of the transaction.
pub(super) async fn locked(tx: &WriteTransaction, payment_ref: &str) -> Result<Option<Payment>, BillingError> {
    let select = format!("SELECT * FROM payments WHERE payment_ref = $1{}", tx.lock_clause());
    Ok(Payment::find_by_statement(sql(&**tx, select, [payment_ref.into()])).one(&**tx).await?)
}

/// A ticket for a fetch of what became of a payment, to be taken before it.
pub(super) async fn ticket(app: &App, payment_ref: &str) -> Result<i64, BillingError> {
    let tx = app.store.write_transaction().await?;
    let update = "UPDATE payments SET asked = asked + 1 WHERE payment_ref = $1";
    tx.execute_raw(sql(&*tx, update, [payment_ref.into()])).await?;
    let payment = locked(&tx, payment_ref).await?;
    tx.commit().await?;
    payment.map(|payment| payment.asked).ok_or(BillingError::NotYet("the payment is not known"))
}

/// How much went back, an order.
pub(super) async fn refunded_by_order(app: &App, owner: Uuid) -> Result<BTreeMap<Uuid, i64>, BillingError> {
    let find =
        payment::Entity::find().filter(payment::Column::OwnerRef.eq(owner)).filter(payment::Column::Refunded.gt(0));
    let rows = find.all(app.store.reader()).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.order_id?, row.refunded))).collect())
}
