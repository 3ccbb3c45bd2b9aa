//! Orders: placed once a wish, found again by their owner only, looked at while they are open.

use super::catalogue::{self, Product};
use super::{BillingError, books, checkout, fulfil, open, payments, subscriptions};
use crate::app::App;
use crate::store::entity::order::{self, OrderState, ProductKind};
use crate::store::entity::user;
use crate::store::{WriteTransaction, count_of, is_unique_violation, sql};
use crate::world::Moment;
use pretty_contract::service::billing as wire;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// An order as it is kept.
pub type Order = order::Model;

/// A payment page is good this long.
pub(super) const SESSION_LIFE: Duration = Duration::from_secs(3600);
/// An open order is looked at this often even when nothing is heard.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);
/// Whoever asks about an open order makes us look, but not more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Whoever comes back from the payment page too; nobody has to be signed in for that.
const RETURN_AGAIN: Duration = Duration::from_secs(1);
/// Orders a person may open in an hour without paying one.
const MOST_OPEN: i64 = 20;

/// Orders a product, or finds the order that the same wish made before. Its payment page is made when there is none.
///
/// # Errors
/// A key that cannot be or was used for something else; a product that is not sold; a second plan; a ledger that does not add up; Stripe; the
/// database.
pub async fn place(app: &App, user: &user::Model, product: &str, idem_key: &str) -> Result<Order, BillingError> {
    let billing = open(app)?;
    if !(1..=100).contains(&idem_key.len()) || !idem_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BillingError::BadKey);
    }
    let known = by_key(app, user.owner_ref, idem_key).await?;
    // What can be paid already is shown again; nothing else is sold while the books are wrong.
    if known.as_ref().is_none_or(|order| order.state == OrderState::Created) {
        books::refuse_while_wrong(app).await?;
    }
    let order = match known {
        Some(order) => order,
        None => {
            let product = catalogue::find(&app.settings, product).ok_or(BillingError::UnknownProduct)?;
            refuse_too_much(app, user, &product).await?;
            insert(app, user, &product, idem_key).await?
        }
    };
    if order.product != product {
        return Err(BillingError::KeyReused);
    }
    if order.state == OrderState::Created { checkout::begin(app, billing, user, order).await } else { Ok(order) }
}

async fn by_key(app: &App, owner: Uuid, idem_key: &str) -> Result<Option<Order>, BillingError> {
    let find =
        order::Entity::find().filter(order::Column::OwnerRef.eq(owner)).filter(order::Column::IdemKey.eq(idem_key));
    Ok(find.one(app.store.reader()).await?)
}

async fn refuse_too_much(app: &App, user: &user::Model, product: &Product) -> Result<(), BillingError> {
    if product.kind == ProductKind::Plan && subscriptions::plan_of(app, user.owner_ref).await?.is_on() {
        return Err(BillingError::HasPlan);
    }
    let select =
        "SELECT COUNT(*) AS n FROM orders WHERE owner_ref = $1 AND state IN ('created', 'open') AND created_at > $2";
    let since = app.world.now().minus(SESSION_LIFE);
    let open = count_of(app.store.reader(), select, [user.owner_ref.into(), since.into()]).await?;
    if open >= MOST_OPEN { Err(BillingError::TooManyOpen) } else { Ok(()) }
}

async fn insert(app: &App, user: &user::Model, product: &Product, idem_key: &str) -> Result<Order, BillingError> {
    let (id, now) = (app.world.new_id()?, app.world.now());
    let row = order::ActiveModel {
        id: Set(id),
        owner_ref: Set(user.owner_ref),
        user_id: Set(Some(user.id)),
        idem_key: Set(idem_key.to_owned()),
        product: Set(product.code.clone()),
        product_name: Set(product.name.clone()),
        kind: Set(product.kind),
        stripe_price: Set(product.stripe_price.clone()),
        currency: Set(app.settings.catalogue.currency.clone()),
        amount: Set(product.amount),
        credits: Set(product.credits),
        state: Set(OrderState::Created),
        attempt: Set(1),
        session_expires_at: Set(now.plus(SESSION_LIFE)),
        stripe_session: Set(None),
        stripe_subscription: Set(None),
        checkout_url: Set(None),
        fault: Set(None),
        check_at: Set(Some(now.plus(LOOK_EVERY))),
        looked_at: Set(now),
        created_at: Set(now),
        paid_at: Set(None),
        withdrawn_at: Set(None),
    };
    let tx = app.store.write_transaction().await?;
    match order::Entity::insert(row).exec_without_returning(&*tx).await {
        Ok(_) => tx.commit().await?,
        // The same wish at the same moment: the other one was first.
        Err(error) if is_unique_violation(&error) => drop(tx),
        Err(error) => return Err(error.into()),
    }
    by_key(app, user.owner_ref, idem_key).await?.ok_or(BillingError::NotYet("the order is being written"))
}

/// A person's order; another one's is not there. Asking about an open one makes the worker look at it.
///
/// # Errors
/// [`BillingError::UnknownOrder`], or a database failure.
pub async fn find(app: &App, owner: Uuid, id: Uuid) -> Result<Order, BillingError> {
    let order = order::Entity::find_by_id(id).one(app.store.reader()).await?;
    let order = order.filter(|order| order.owner_ref == owner).ok_or(BillingError::UnknownOrder)?;
    let idle = order.looked_at.plus(LOOK_AGAIN) <= app.world.now();
    if matches!(order.state, OrderState::Open | OrderState::Paid) && idle {
        look_soon(app, &order).await?;
    }
    Ok(order)
}

/// A person's orders, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, owner: Uuid) -> Result<Vec<Order>, BillingError> {
    let find =
        order::Entity::find().filter(order::Column::OwnerRef.eq(owner)).order_by_desc(order::Column::Id).limit(200);
    Ok(find.all(app.store.reader()).await?)
}

/// The return page was opened with this session: the worker looks at its order, whoever opened it. Nothing else follows from it.
///
/// # Errors
/// When the database fails.
pub async fn returned(app: &App, session: &str) -> Result<(), BillingError> {
    let order = order::Entity::find().filter(order::Column::StripeSession.eq(session)).one(app.store.reader()).await?;
    match order {
        Some(order) if order.state == OrderState::Open && order.looked_at.plus(RETURN_AGAIN) <= app.world.now() => {
            look_soon(app, &order).await
        }
        _ => Ok(()),
    }
}

async fn look_soon(app: &App, order: &Order) -> Result<(), BillingError> {
    let now = app.world.now();
    // Whoever asks next sees that somebody looks already.
    let update = "UPDATE orders SET check_at = $2, looked_at = $2 WHERE id = $1 AND check_at > $2";
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, update, [order.id.into(), now.into()])).await?;
    tx.commit().await?;
    if let Some(billing) = &app.billing {
        billing.wake();
    }
    Ok(())
}

/// The order, locked until the end of the transaction.
pub(super) async fn locked(tx: &WriteTransaction, id: Uuid) -> Result<Option<Order>, BillingError> {
    let select = format!("SELECT * FROM orders WHERE id = $1{}", tx.lock_clause());
    Ok(Order::find_by_statement(sql(&**tx, select, [id.into()])).one(&**tx).await?)
}

/// Moves an order to a state; an order that is over is not looked at any more.
pub(super) async fn move_to(
    app: &App,
    tx: &WriteTransaction,
    order: &Order,
    state: OrderState,
    fault: Option<&str>,
) -> Result<(), BillingError> {
    let now = app.world.now();
    let check_at = matches!(state, OrderState::Open | OrderState::Paid).then(|| now.plus(LOOK_EVERY));
    let url = if state == OrderState::Open { order.checkout_url.clone() } else { None };
    let update =
        "UPDATE orders SET state = $2, fault = $3, check_at = $4, checkout_url = $5, looked_at = $6 WHERE id = $1";
    let values: [sea_orm::Value; 6] = [
        order.id.into(),
        state.word().into(),
        fault.map(str::to_owned).into(),
        check_at.into(),
        url.into(),
        now.into(),
    ];
    tx.execute_raw(sql(&**tx, update, values)).await?;
    Ok(())
}

/// Looks at the sessions of orders that are due; says how many.
pub(super) async fn look_at_due(app: &App) -> Result<usize, BillingError> {
    let mut looked = 0;
    while let Some(order) = take_due(app).await? {
        looked += 1;
        let result = match &order.stripe_session {
            Some(session) => fulfil::session(app, session).await.map(|_| ()),
            None => checkout::give_up(app, &order).await,
        };
        if let Err(error) = result {
            tracing::warn!(order = %order.id, %error, "an order could not be looked at");
        }
    }
    Ok(looked)
}

/// The next order that is due; another worker will not take it for a while.
async fn take_due(app: &App) -> Result<Option<Order>, BillingError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let select =
        format!("SELECT * FROM orders WHERE check_at <= $1 ORDER BY check_at, id LIMIT 1{}", tx.claim_clause());
    let Some(order) = Order::find_by_statement(sql(&*tx, select, [now.into()])).one(&*tx).await? else {
        return Ok(None);
    };
    let next = now.plus(LOOK_EVERY);
    let update = "UPDATE orders SET check_at = $2, looked_at = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [order.id.into(), next.into(), now.into()])).await?;
    tx.commit().await?;
    Ok(Some(order))
}

/// Orders as programs see them.
///
/// # Errors
/// When the database fails.
pub async fn shown(app: &App, orders: Vec<Order>) -> Result<Vec<wire::Order>, BillingError> {
    let refunded: BTreeMap<Uuid, i64> = match orders.first() {
        Some(order) => payments::refunded_by_order(app, order.owner_ref).await?,
        None => BTreeMap::new(),
    };
    Ok(orders.into_iter().map(|order| one(app, &order, refunded.get(&order.id).copied().unwrap_or(0))).collect())
}

fn one(app: &App, order: &Order, refunded: i64) -> wire::Order {
    wire::Order {
        id: order.id.to_string(),
        product: order.product.clone(),
        product_name: order.product_name.clone(),
        state: match order.state {
            OrderState::Created => wire::OrderState::Created,
            OrderState::Open => wire::OrderState::Open,
            OrderState::Paid => wire::OrderState::Paid,
            OrderState::Fulfilled => wire::OrderState::Fulfilled,
            OrderState::Expired => wire::OrderState::Expired,
            OrderState::Failed => wire::OrderState::Failed,
            OrderState::Refunded => wire::OrderState::Refunded,
            OrderState::Quarantined => wire::OrderState::Quarantined,
        },
        checkout_url: order.checkout_url.clone(),
        credits: order.credits,
        price_minor: order.amount,
        refunded_minor: refunded,
        currency: order.currency.clone(),
        created_at: order.created_at.0,
        paid_at: order.paid_at.map(|at| at.0),
        withdraw_until: withdraw_until(app, order).map(|at| at.0),
    }
}

/// Until when an order can be withdrawn from; none when it cannot.
pub fn withdraw_until(app: &App, order: &Order) -> Option<Moment> {
    let days = app.settings.stripe.withdrawal_days;
    let until = order.paid_at?.plus(Duration::from_secs(24 * 3600) * days);
    (order.state == OrderState::Fulfilled && until > app.world.now()).then_some(until)
}
