//! Subscriptions: brought to what Stripe says they are, and the plan that follows from them.

use super::alarm::Alarm;
use super::stripe_client::objects::{Subscription, SubscriptionStatus};
use super::{BillingError, catalogue, customers, news, open, payments};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::mail::letter::Letter;
use crate::store::entity::order;
use crate::store::entity::subscription;
use crate::store::{WriteTransaction, sql};
use crate::world::Moment;
use pretty_contract::service::billing::{CurrentPlan, PlanName, PlanState};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use std::time::Duration;
use uuid::Uuid;

/// A subscription as it was last fetched.
pub(super) type Kept = subscription::Model;

/// After these two nothing comes any more.
const FINAL: [&str; 2] = ["canceled", "incomplete_expired"];
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whether somebody has the plan, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitlement {
    /// No.
    Off,
    /// Yes, and it renews by itself.
    On {
        /// End of the paid period.
        renews_at: Moment,
    },
    /// Yes, until the period ends.
    Ending {
        /// End of the paid period.
        ends_at: Moment,
    },
    /// Yes, although a renewal is not paid, for some days.
    Grace {
        /// End of the grace.
        ends_at: Moment,
    },
}

impl Entitlement {
    /// Whether the plan is on.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// As programs see it.
    pub fn shown(self) -> CurrentPlan {
        let (name, state, renews_at, ends_at) = match self {
            Self::Off => (PlanName::Free, PlanState::None, None, None),
            Self::On { renews_at } => (PlanName::Pro, PlanState::Active, Some(renews_at.0), None),
            Self::Ending { ends_at } => (PlanName::Pro, PlanState::Ending, None, Some(ends_at.0)),
            Self::Grace { ends_at } => (PlanName::Pro, PlanState::PastDue, None, Some(ends_at.0)),
        };
        CurrentPlan { name, state, renews_at, ends_at }
    }
}

/// What a subscription entitles to at a moment.
fn entitlement(kept: &Kept, grace: Duration, now: Moment) -> Entitlement {
    let on = match kept.status.as_str() {
        // News of the renewal may be late; the plan does not blink for that.
        "active" | "trialing" if kept.cancel_at_period_end => Entitlement::Ending { ends_at: kept.period_end },
        "active" | "trialing" if kept.period_end > now => Entitlement::On { renews_at: kept.period_end },
        "active" | "trialing" => Entitlement::Grace { ends_at: kept.period_end.plus(grace) },
        // The unpaid period has begun already; the grace counts from its beginning.
        "past_due" => Entitlement::Grace { ends_at: kept.period_start.plus(grace) },
        _ => Entitlement::Off,
    };
    match on {
        Entitlement::Ending { ends_at } | Entitlement::Grace { ends_at } if ends_at <= now => Entitlement::Off,
        other => other,
    }
}

/// The plan a person has: the best that any of their subscriptions gives.
///
/// # Errors
/// When the database fails.
pub async fn plan_of(app: &App, owner: Uuid) -> Result<Entitlement, BillingError> {
    let now = app.world.now();
    let grace = DAY * app.settings.stripe.past_due_grace_days;
    let best = |entitlement: &Entitlement| match entitlement {
        Entitlement::Off => 0,
        Entitlement::Grace { .. } => 1,
        Entitlement::Ending { .. } => 2,
        Entitlement::On { .. } => 3,
    };
    let all = of_owner(app, owner).await?;
    Ok(all.iter().map(|kept| entitlement(kept, grace, now)).max_by_key(best).unwrap_or(Entitlement::Off))
}

async fn of_owner(app: &App, owner: Uuid) -> Result<Vec<Kept>, BillingError> {
    let find = subscription::Entity::find().filter(subscription::Column::OwnerRef.eq(owner));
    Ok(find.all(app.store.reader()).await?)
}

/// Fetches a subscription and keeps what it is now.
pub(super) async fn settle(app: &App, id: &str) -> Result<Kept, BillingError> {
    let billing = open(app)?;
    let ticket = ticket(app, id).await?;
    match billing.client.subscription(id).await {
        Ok(fetched) if fetched.livemode != app.settings.stripe.is_live() => {
            app.alarms.raise(Alarm::WrongMode, &format!("subscription {id}"), "test and live are mixed");
            Err(BillingError::NotYet("the subscription is of the other mode"))
        }
        Ok(fetched) => keep(app, &fetched, ticket).await,
        // Its customer is gone, and it with them.
        Err(error) if error.is_missing() => end(app, id, ticket).await,
        Err(error) => Err(error.into()),
    }
}

async fn ticket(app: &App, id: &str) -> Result<i64, BillingError> {
    let now = app.world.now();
    let insert = "INSERT INTO subscriptions (stripe_id, status, cancel_at_period_end, period_start, period_end, asked, written, changed_at)
        VALUES ($1, 'incomplete', $2, 0, 0, 1, 0, $3) ON CONFLICT (stripe_id) DO UPDATE SET asked = subscriptions.asked + 1";
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, insert, [id.into(), false.into(), now.into()])).await?;
    let kept = locked(&tx, id).await?;
    tx.commit().await?;
    Ok(kept.asked)
}

async fn locked(tx: &WriteTransaction, id: &str) -> Result<Kept, BillingError> {
    let select = format!("SELECT * FROM subscriptions WHERE stripe_id = $1{}", tx.lock_clause());
    let kept = Kept::find_by_statement(sql(&**tx, select, [id.into()])).one(&**tx).await?;
    kept.ok_or(BillingError::NotYet("the subscription is being written"))
}

async fn keep(app: &App, fetched: &Subscription, ticket: i64) -> Result<Kept, BillingError> {
    let owner = match &fetched.customer {
        Some(customer) => customers::owner_of(app, customer).await?,
        None => None,
    };
    let order = fetched.metadata.get("order_id").and_then(|id| Uuid::parse_str(id).ok());
    let order = match order {
        Some(id) => order::Entity::find_by_id(id).one(app.store.reader()).await?,
        None => None,
    };
    let price = fetched.items.data.first().map(|item| item.price.id.clone()).unwrap_or_default();
    let product = match &order {
        Some(order) if order.stripe_price == price => Some(order.product.clone()),
        _ => catalogue::plan_of_price(&app.settings, &price).map(|plan| plan.code),
    };
    let seconds = |at: i64| Moment(at.saturating_mul(1_000_000));
    let start = fetched.items.data.iter().map(|item| item.current_period_start).max().unwrap_or(0);

    let tx = app.store.write_transaction().await?;
    let before = locked(&tx, &fetched.id).await?;
    let over = FINAL.contains(&before.status.as_str());
    if before.written >= ticket || (over && before.written > 0) {
        return Ok(before);
    }
    let after = Kept {
        stripe_id: fetched.id.clone(),
        // A customer who was deleted is nobody's any more; the subscription stays theirs.
        owner_ref: owner.or(before.owner_ref),
        order_id: order.map(|order| order.id).or(before.order_id),
        product: product.or_else(|| before.product.clone()),
        status: word(&fetched.status).to_owned(),
        cancel_at_period_end: fetched.cancel_at_period_end,
        period_start: seconds(start),
        period_end: seconds(fetched.period_end().unwrap_or(0)),
        asked: before.asked,
        written: ticket,
        changed_at: app.world.now(),
    };
    write(app, &tx, &before, &after).await?;
    tx.commit().await?;
    Ok(after)
}

async fn end(app: &App, id: &str, ticket: i64) -> Result<Kept, BillingError> {
    let tx = app.store.write_transaction().await?;
    let before = locked(&tx, id).await?;
    let after = Kept { status: "canceled".to_owned(), written: ticket, changed_at: app.world.now(), ..before.clone() };
    write(app, &tx, &before, &after).await?;
    tx.commit().await?;
    Ok(after)
}

async fn write(app: &App, tx: &WriteTransaction, before: &Kept, after: &Kept) -> Result<(), BillingError> {
    let update =
        "UPDATE subscriptions SET owner_ref = $2, order_id = $3, product = $4, status = $5, cancel_at_period_end = $6,
        period_start = $7, period_end = $8, written = $9, changed_at = $10 WHERE stripe_id = $1";
    let values: [sea_orm::Value; 10] = [
        after.stripe_id.clone().into(),
        after.owner_ref.into(),
        after.order_id.into(),
        after.product.clone().into(),
        after.status.clone().into(),
        after.cancel_at_period_end.into(),
        after.period_start.into(),
        after.period_end.into(),
        after.written.into(),
        after.changed_at.into(),
    ];
    tx.execute_raw(sql(&**tx, update, values)).await?;
    let Some(owner) = after.owner_ref else { return Ok(()) };
    let Some(person) = payments::person(tx, owner).await? else { return Ok(()) };
    let name = person.name.clone();
    let letter = if after.status == "canceled" && before.status != "canceled" && before.written > 0 {
        Some(Letter::PlanEnded { name })
    } else if after.cancel_at_period_end && !before.cancel_at_period_end && after.status == "active" {
        Some(Letter::PlanEnding { name, until: after.period_end.to_utc().date().to_string() })
    } else if after.status == "past_due" && before.status != "past_due" {
        let grace = DAY * app.settings.stripe.past_due_grace_days;
        Some(Letter::RenewalFailed { name, until: after.period_start.plus(grace).to_utc().date().to_string() })
    } else {
        None
    };
    if let Some(letter) = letter {
        payments::tell(app, tx, &person, letter).await?;
    }
    news::tell(app, tx, owner, None, &[ChangeKind::Account]).await
}

fn word(status: &SubscriptionStatus) -> &str {
    match status {
        SubscriptionStatus::Incomplete => "incomplete",
        SubscriptionStatus::IncompleteExpired => "incomplete_expired",
        SubscriptionStatus::Trialing => "trialing",
        SubscriptionStatus::Active => "active",
        SubscriptionStatus::PastDue => "past_due",
        SubscriptionStatus::Canceled => "canceled",
        SubscriptionStatus::Unpaid => "unpaid",
        SubscriptionStatus::Paused => "paused",
        SubscriptionStatus::Other(word) => word,
    }
}

/// Subscriptions whose period should have been renewed by now, for the reconciler: news of them may be lost.
pub(super) async fn overdue(app: &App) -> Result<Vec<String>, BillingError> {
    let late = app.world.now().minus(Duration::from_secs(3600));
    let select =
        "SELECT * FROM subscriptions WHERE status NOT IN ('canceled', 'incomplete_expired') AND period_end < $1
        AND changed_at < $1 ORDER BY changed_at LIMIT 200";
    let reader = app.store.reader();
    let rows = Kept::find_by_statement(sql(reader, select, [late.into()])).all(reader).await?;
    Ok(rows.into_iter().map(|row| row.stripe_id).collect())
}

/// Subscriptions that were withdrawn from and go on, because Stripe was not to be reached at that moment.
pub(super) async fn withdrawn(app: &App) -> Result<Vec<String>, BillingError> {
    let select = "SELECT s.* FROM subscriptions s JOIN orders o ON o.id = s.order_id
        WHERE o.withdrawn_at IS NOT NULL AND s.status NOT IN ('canceled', 'incomplete_expired') LIMIT 200";
    let reader = app.store.reader();
    let rows = Kept::find_by_statement(sql(reader, select, [])).all(reader).await?;
    Ok(rows.into_iter().map(|row| row.stripe_id).collect())
}

/// Subscriptions of those who are leaving that go on, and when each is to end: Stripe was not to be reached when the deletion was asked for, or
/// something was paid afterwards.
pub(super) async fn leaving(app: &App) -> Result<Vec<(String, When)>, BillingError> {
    #[derive(FromQueryResult)]
    struct Row {
        stripe_id: String,
        subscription: String,
    }
    let select = "SELECT s.stripe_id, d.subscription FROM subscriptions s JOIN users u ON u.owner_ref = s.owner_ref
        JOIN deletions d ON d.user_id = u.id WHERE s.status NOT IN ('canceled', 'incomplete_expired')
        AND (d.subscription = 'now' OR NOT s.cancel_at_period_end) LIMIT 200";
    let reader = app.store.reader();
    let rows = Row::find_by_statement(sql(reader, select, [])).all(reader).await?;
    Ok(rows.into_iter().map(|row| (row.stripe_id, When::of(&row.subscription))).collect())
}

/// When a subscription is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// With the period that is paid.
    PeriodEnd,
}

impl When {
    /// As it is kept with a deletion.
    pub fn word(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::PeriodEnd => "period_end",
        }
    }

    fn of(word: &str) -> Self {
        if word == Self::PeriodEnd.word() { Self::PeriodEnd } else { Self::Now }
    }
}

/// Ends all subscriptions of a person, for a deletion or a withdrawal. May be repeated.
///
/// # Errors
/// When Stripe does not answer; what is done stays done.
pub async fn end_all(app: &App, owner: Uuid, when: When) -> Result<(), BillingError> {
    if app.billing.is_none() {
        return Ok(());
    }
    for kept in of_owner(app, owner).await?.iter().filter(|kept| !FINAL.contains(&kept.status.as_str())) {
        end_one(app, &kept.stripe_id, when).await?;
    }
    Ok(())
}

/// Ends one subscription, and keeps what came of it.
pub(super) async fn end_one(app: &App, id: &str, when: When) -> Result<(), BillingError> {
    let client = &open(app)?.client;
    let answer = match when {
        When::Now => client.cancel_subscription(id).await,
        When::PeriodEnd => client.end_with_period(id, true, &format!("sub:{id}:end:{}", app.world.new_id()?)).await,
    };
    match answer {
        Err(error) if error.is_temporary() => return Err(error.into()),
        // Refused: it is over already, which the next look tells.
        Ok(_) | Err(_) => {}
    }
    settle(app, id).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn st15_what_each_state_entitles_to() {
        let day = |number: i64| Moment(number * 24 * 3600 * 1_000_000);
        let grace = DAY * 7;
        let kept = |status: &str, ending: bool| Kept {
            stripe_id: "sub_1".into(),
            owner_ref: None,
            order_id: None,
            product: None,
            status: status.into(),
            cancel_at_period_end: ending,
            period_start: day(100),
            period_end: day(130),
            asked: 1,
            written: 1,
            changed_at: day(100),
        };
        use Entitlement as E;
        for (status, ending, now, expected) in [
            ("active", false, 110, E::On { renews_at: day(130) }),
            ("trialing", false, 110, E::On { renews_at: day(130) }),
            ("active", false, 131, E::Grace { ends_at: day(137) }),
            ("active", false, 137, E::Off),
            ("active", true, 129, E::Ending { ends_at: day(130) }),
            ("active", true, 130, E::Off),
            ("past_due", false, 106, E::Grace { ends_at: day(107) }),
            ("past_due", false, 107, E::Off),
            ("unpaid", false, 110, E::Off),
            ("paused", false, 110, E::Off),
            ("canceled", false, 110, E::Off),
            ("incomplete", false, 110, E::Off),
            ("incomplete_expired", false, 110, E::Off),
            ("something_new", false, 110, E::Off),
        ] {
            assert_eq!(entitlement(&kept(status, ending), grace, day(now)), expected, "{status} on day {now}");
        }
    }
}
