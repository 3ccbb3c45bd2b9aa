//! Orders that wait to be paid: the service is asked about them, in case its event does not come. Whoever has just paid looks at the window and
//! waits, so it is asked often at first.

use std::time::Duration;

use pretty_contract::account::Reach;
use pretty_contract::service::billing::{Order, OrderState};

use crate::core::Core;
use crate::sync;

/// How often, up to an age of the order; not at all beyond the last.
const PACES: [(Duration, Duration); 3] = [
    (Duration::from_secs(60), Duration::from_secs(2)),
    (Duration::from_secs(15 * 60), Duration::from_secs(5)),
    (Duration::from_secs(60 * 60), Duration::from_secs(15)),
];

/// Asks about the orders that wait, if it is time to. `asked` is when that was last.
pub(crate) fn look_after(core: &Core, asked: &mut Duration) {
    let now = core.host.now();
    let due = {
        let state = core.lock();
        let theirs = core.link.service.as_ref().map_or(0, |service| service.now());
        let online = &state.linked.online;
        // While the service does not answer anybody, one who keeps asking is enough.
        let can_ask = state.linked.is_signed_in() && online.connection.service != Reach::Unreachable;
        let pause = online.orders.iter().filter_map(|order| pace(order, theirs)).min();
        can_ask && pause.is_some_and(|pause| now.saturating_sub(*asked) >= pause)
    };
    if !due {
        return;
    }
    *asked = now;
    let before = core.lock().linked.online.orders.clone();
    let look = |core: &Core| {
        sync::fetch_orders(core)?;
        if core.lock().linked.online.orders == before { Ok(()) } else { sync::fetch_account(core) }
    };
    if let Err(fault) = look(core) {
        tracing::debug!(?fault, "orders could not be looked after");
    }
}

/// How often an order is asked about, at a moment of the service's clock.
fn pace(order: &Order, now: i64) -> Option<Duration> {
    let waits = matches!(order.state, OrderState::Created | OrderState::Open | OrderState::Paid);
    let age = Duration::from_micros(u64::try_from(now.saturating_sub(order.created_at)).unwrap_or(0));
    let (_, pace) = PACES.iter().find(|(until, _)| age < *until)?;
    waits.then_some(*pace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_order_is_asked_about_often_and_an_old_or_settled_one_not_at_all() {
        let order = |state: &str| -> Order {
            serde_json::from_value(serde_json::json!({ "id": "a", "product": "pack", "product_name": "Pack", "state": state, "checkout_url": null,
                "credits": 10, "price_minor": 500, "refunded_minor": 0, "currency": "eur", "created_at": 1_000_000, "paid_at": null,
                "withdraw_until": null }))
            .unwrap()
        };
        let seconds =
            |state: &str, age: i64| pace(&order(state), 1_000_000 + age * 1_000_000).map(|pace| pace.as_secs());
        for (age, expected) in
            [(-50, Some(2)), (0, Some(2)), (59, Some(2)), (60, Some(5)), (899, Some(5)), (900, Some(15)), (3600, None)]
        {
            assert_eq!(seconds("open", age), expected, "{age} s");
        }
        assert_eq!((seconds("created", 1), seconds("paid", 1)), (Some(2), Some(2)));
        for settled in ["fulfilled", "expired", "failed", "refunded", "quarantined"] {
            assert_eq!(seconds(settled, 1), None, "{settled}");
        }
    }
}
