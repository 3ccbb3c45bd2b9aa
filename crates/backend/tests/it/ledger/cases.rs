//! LE2 to LE9, one test a case.

use super::*;
use crate::support::Shop;
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::billing::books;
use pretty_backend::ledger::{MOST_CREDITS, credits_to_claw_back, overdue_holds, statement};
use pretty_backend::store::sql;
use sea_orm::ConnectionTrait;
use std::sync::Arc;

on_both! {
    async fn le2_a_hundred_parallel_reservations_against_ten_credits(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("o", 10)).await;
        let database = Arc::new(database);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let database = Arc::clone(&database);
            tasks.spawn(async move { database.step(owner, Step::Hold { job: job(number), credits: 1 }).await });
        }
        let (mut won, mut lost) = (0, 0);
        while let Some(result) = tasks.join_next().await {
            match result.unwrap() {
                Ok(Outcome::Done) => won += 1,
                Err(LedgerError::NotEnough { needed: 1, available: 0, debt: 0 }) => lost += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((won, lost), (10, 90));
        assert_eq!(database.balance(owner).await, has(0, 10, 0, 0));
        database.check_clean().await;
    }
}

on_both! {
    async fn le3_a_hold_ends_once(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("o", 10)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 3 }).await;
        assert_eq!(database.step(owner, Step::Hold { job: job(1), credits: 3 }).await.unwrap(), Outcome::DoneBefore);
        assert!(matches!(database.step(owner, Step::Hold { job: job(1), credits: 4 }).await, Err(LedgerError::KeyReused(_))));
        database.done(owner, Step::Capture { job: job(1) }).await;
        assert_eq!(database.step(owner, Step::Capture { job: job(1) }).await.unwrap(), Outcome::DoneBefore);
        assert!(matches!(database.step(owner, Step::Release { job: job(1) }).await, Err(LedgerError::Ended { .. })));
        database.done(owner, Step::Hold { job: job(2), credits: 3 }).await;
        database.done(owner, Step::Release { job: job(2) }).await;
        assert!(matches!(database.step(owner, Step::Capture { job: job(2) }).await, Err(LedgerError::Ended { .. })));
        assert!(matches!(database.step(owner, Step::Capture { job: job(3) }).await, Err(LedgerError::NoHold(_))));
        assert_eq!(database.balance(owner).await, has(7, 0, 0, 0));

        // Both at once, many times: one of them wins, and the numbers say which.
        let database = Arc::new(database);
        let mut captured = 0;
        for number in 10..30 {
            database.done(owner, bought(&format!("o{number}"), 1)).await;
            database.done(owner, Step::Hold { job: job(number), credits: 1 }).await;
            let ends = [Step::Capture { job: job(number) }, Step::Release { job: job(number) }];
            let tasks = ends.map(|end| {
                let database = Arc::clone(&database);
                tokio::spawn(async move { database.step(owner, end).await })
            });
            let [capture, release] = tasks;
            match (capture.await.unwrap(), release.await.unwrap()) {
                (Ok(Outcome::Done), Err(LedgerError::Ended { .. })) => captured += 1,
                (Err(LedgerError::Ended { .. }), Ok(Outcome::Done)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(database.balance(owner).await, has(27 - captured, 0, 0, 0));
        database.check_clean().await;
    }
}

on_both! {
    async fn le4_a_late_success_finds_the_credits_released(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("o", 5)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 5 }).await;
        assert!(overdue_holds(&database.store, database.world.now(), 10).await.unwrap().is_empty());
        database.clock.advance(DAY);
        assert_eq!(overdue_holds(&database.store, database.world.now(), 10).await.unwrap(), [job(1)]);
        database.done(owner, Step::Release { job: job(1) }).await;
        assert!(matches!(database.step(owner, Step::Capture { job: job(1) }).await, Err(LedgerError::Ended { .. })));
        assert!(overdue_holds(&database.store, database.world.now(), 10).await.unwrap().is_empty());
        assert_eq!(database.balance(owner).await, has(5, 0, 0, 0));
    }
}

on_both! {
    async fn le5_what_is_held_outlives_its_lot_and_then_expires(database) {
        let owner = Uuid::from_u128(1);
        let end = database.world.now().plus(DAY);
        let monthly = Step::Grant { order: "m".into(), source: Source::Monthly, credits: 10, expires_at: Some(end) };
        database.done(owner, monthly).await;
        database.done(owner, bought("o", 10)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 2 }).await;
        database.done(owner, Step::Hold { job: job(2), credits: 3 }).await;
        database.clock.advance(DAY);
        assert_eq!(database.balance(owner).await, has(10, 5, 0, 0), "unswept credits do not count");
        assert_eq!(sweep_expired(&database.store, &database.world, 100).await.unwrap(), 1);
        assert_eq!(sweep_expired(&database.store, &database.world, 100).await.unwrap(), 0);
        assert_eq!(database.balance(owner).await, has(10, 5, 0, 0));
        database.done(owner, Step::Capture { job: job(1) }).await;
        database.done(owner, Step::Release { job: job(2) }).await;
        assert_eq!(database.balance(owner).await, has(10, 0, 0, 0), "released into an expired lot");
        database.check_clean().await;
    }
}

on_both! {
    async fn spending_takes_what_expires_first_then_what_was_given(database) {
        let owner = Uuid::from_u128(1);
        let in_days = |days: u32| Some(database.world.now().plus(DAY * days));
        for (order, source, expires_at) in [
            ("paid", Source::Paid, None),
            ("given", Source::Promo, None),
            ("late", Source::Monthly, in_days(30)),
            ("soon", Source::Paid, in_days(5)),
        ] {
            database.done(owner, Step::Grant { order: order.into(), source, credits: 10, expires_at }).await;
        }
        database.done(owner, Step::Hold { job: job(1), credits: 35 }).await;
        let select = "SELECT order_ref, held FROM ledger_lots ORDER BY order_ref";
        let rows = database.store.reader().query_all_raw(sql(database.store.reader(), select, [])).await.unwrap();
        let held: Vec<(String, i64)> =
            rows.iter().map(|row| (row.try_get("", "order_ref").unwrap(), row.try_get("", "held").unwrap())).collect();
        assert_eq!(held, [("given".into(), 10), ("late".into(), 10), ("paid".into(), 5), ("soon".into(), 10)]);
    }
}

on_both! {
    async fn le6_refund_of_a_spent_pack_becomes_debt_and_is_never_taken_twice(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("a", 10)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 5 }).await;
        database.done(owner, Step::Capture { job: job(1) }).await;
        // Half of the money, then the rest, then the bank takes it all again.
        database.done(owner, claim("stripe:re:1", "a", credits_to_claw_back(10, 250, 500), ClaimState::Taken)).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 0, 0));
        database.done(owner, claim("stripe:re:2", "a", 5, ClaimState::Taken)).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 0, 5));
        database.done(owner, claim("stripe:dp:1", "a", 10, ClaimState::Open)).await;
        database.done(owner, claim("stripe:dp:1", "a", 10, ClaimState::Taken)).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 0, 5), "refund, then dispute, of one charge");
        assert!(matches!(
            database.step(owner, Step::Hold { job: job(2), credits: 1 }).await,
            Err(LedgerError::NotEnough { debt: 5, .. })
        ));
        // Buying pays the debt first.
        database.done(owner, bought("b", 8)).await;
        assert_eq!(database.balance(owner).await, has(3, 0, 0, 0));
        // A refund that failed comes back; the dispute still wants it.
        database.done(owner, claim("stripe:re:2", "a", 5, ClaimState::Void)).await;
        assert_eq!(database.balance(owner).await, has(3, 0, 0, 0));
        database.done(owner, claim("stripe:dp:1", "a", 10, ClaimState::Void)).await;
        assert_eq!(database.balance(owner).await, has(8, 0, 0, 0), "only the first refund is left");
        assert_eq!(database.step(owner, claim("stripe:dp:1", "a", 10, ClaimState::Taken)).await.unwrap(), Outcome::DoneBefore);
        assert!(matches!(database.step(owner, claim("stripe:re:1", "a", 6, ClaimState::Taken)).await, Err(LedgerError::KeyReused(_))));
        database.check_clean().await;
    }
}

on_both! {
    async fn a_dispute_freezes_and_ends(database) {
        let owner = Uuid::from_u128(1);
        // News of the dispute may come before the order's credits.
        database.done(owner, claim("stripe:dp:1", "a", 10, ClaimState::Open)).await;
        database.done(owner, bought("a", 10)).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 10, 0));
        database.done(owner, claim("stripe:dp:1", "a", 10, ClaimState::Void)).await;
        assert_eq!(database.balance(owner).await, has(10, 0, 0, 0));
        database.done(owner, Step::Hold { job: job(1), credits: 4 }).await;
        database.done(owner, claim("stripe:dp:2", "a", 10, ClaimState::Open)).await;
        assert_eq!(database.balance(owner).await, has(0, 4, 6, 0));
        database.done(owner, Step::Release { job: job(1) }).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 10, 0), "released while disputed stays frozen");
        database.done(owner, claim("stripe:dp:2", "a", 10, ClaimState::Taken)).await;
        assert_eq!(database.balance(owner).await, has(0, 0, 0, 0));
        database.check_clean().await;
    }
}

on_both! {
    async fn le7_edges_of_numbers(database) {
        let owner = Uuid::from_u128(1);
        for credits in [0, -1, MOST_CREDITS + 1, i64::MAX, i64::MIN] {
            assert!(matches!(database.step(owner, bought("x", credits)).await, Err(LedgerError::BadAmount(_))), "{credits}");
            assert!(matches!(database.step(owner, Step::Hold { job: job(1), credits }).await, Err(LedgerError::BadAmount(_))));
        }
        database.done(owner, bought("a", MOST_CREDITS)).await;
        database.done(owner, bought("b", MOST_CREDITS)).await;
        assert_eq!(database.balance(owner).await, has(2 * MOST_CREDITS, 0, 0, 0));
        // Yen have no smaller unit; dinars have a thousandth; both are just numbers.
        assert_eq!(credits_to_claw_back(100, 1, 3), 33);
        assert_eq!(credits_to_claw_back(100, 333, 1000), 33);
        assert_eq!(credits_to_claw_back(100, 1000, 1000), 100);
        assert_eq!(credits_to_claw_back(100, 0, 1000), 0);
        assert_eq!(credits_to_claw_back(100, 1, 0), 100);
        assert_eq!(credits_to_claw_back(i64::MAX, i64::MAX - 1, i64::MAX), i64::MAX - 1);
        database.check_clean().await;
    }
}

on_both! {
    async fn le8_a_changed_cache_is_found(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("a", 10)).await;
        database.check_clean().await;
        for (change, back) in [
            ("UPDATE ledger_owners SET available = 11", "UPDATE ledger_owners SET available = 10"),
            ("UPDATE ledger_lots SET frozen = 1", "UPDATE ledger_lots SET frozen = 0"),
        ] {
            for (statement, differences) in [(change, 1), (back, 0)] {
                let tx = database.store.write_transaction().await.unwrap();
                tx.execute_unprepared(statement).await.unwrap();
                tx.commit().await.unwrap();
                assert_eq!(audit(&database.store).await.unwrap().differences.len(), differences, "{statement}");
            }
        }
    }
}

on_both! {
    async fn le8_a_difference_is_found_each_night_and_stops_what_is_sold(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.bought(&mara, "pack_small").await;
        let open = shop.order(&mara, "pack_large").await;
        let due = async || books::compare_due(&shop.app.app).await.unwrap();
        let write = async |statement: &str| {
            let tx = shop.app.store.write_transaction().await.unwrap();
            tx.execute_unprepared(statement).await.unwrap();
            tx.commit().await.unwrap();
        };
        // Once a day, by one of all replicas.
        assert!(due().await && !due().await);
        shop.app.database.clock.advance(DAY - Duration::from_secs(1));
        assert!(!due().await);
        write("UPDATE ledger_owners SET available = available + 1").await;
        assert_eq!(shop.ask(&mara, "pack_small", "before").await.status, 201, "nobody has looked yet");
        shop.app.database.clock.advance(Duration::from_secs(1));
        assert!(due().await);
        assert_eq!(shop.app.alarms.count(Alarm::LedgerDiffers), 1);
        let refused = shop.ask(&mara, "pack_small", "after").await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (503, Some("unavailable")), "{}", refused.text);
        assert_eq!(shop.count("orders").await, 3, "nothing half done");
        // What was there before is shown as it was.
        assert_eq!(shop.shown(&mara, &open).await["product"], "pack_large");
        assert_eq!(shop.ask(&mara, "pack_small", "before").await.status, 201);
        // It is looked at again soon, calls again while it stands, and sells again when it is mended.
        assert!(!due().await);
        shop.app.database.clock.advance(Duration::from_secs(3600));
        assert!(due().await);
        assert_eq!(shop.app.alarms.count(Alarm::LedgerDiffers), 2);
        write("UPDATE ledger_owners SET available = available - 1").await;
        shop.app.database.clock.advance(Duration::from_secs(3600));
        assert!(due().await);
        assert_eq!(shop.app.alarms.count(Alarm::LedgerDiffers), 2);
        assert_eq!(shop.ask(&mara, "pack_small", "after").await.status, 201);
        shop.letters().await;
    }
}

on_both! {
    async fn le9_a_closed_account_leaves_a_ledger_that_balances(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("a", 10)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 1 }).await;
        assert!(matches!(database.step(owner, Step::Close).await, Err(LedgerError::StillOpen { held: 1, frozen: 0 })));
        database.done(owner, Step::Capture { job: job(1) }).await;
        database.done(owner, Step::Close).await;
        assert_eq!(database.step(owner, Step::Close).await.unwrap(), Outcome::DoneBefore);
        assert_eq!(database.balance(owner).await, has(0, 0, 0, 0));
        // Late news about its payments does no harm.
        database.done(owner, claim("stripe:re:1", "a", 10, ClaimState::Taken)).await;
        database.check_clean().await;
        let kinds: Vec<String> =
            statement(&database.store, owner, None, 50).await.unwrap().into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["claim", "close", "capture", "hold", "grant"]);
    }
}

on_both! {
    async fn the_database_itself_keeps_the_rules(database) {
        let owner = Uuid::from_u128(1);
        database.done(owner, bought("a", 10)).await;
        database.done(owner, Step::Hold { job: job(1), credits: 1 }).await;
        database.done(owner, Step::Release { job: job(1) }).await;
        for (statement, word) in [
            ("UPDATE ledger_postings SET amount = 1000", "never changed"),
            ("DELETE FROM ledger_postings", "never deleted"),
            ("UPDATE ledger_txns SET idem_key = 'x'", "never changed"),
            ("DELETE FROM ledger_txns", "never deleted"),
            ("UPDATE ledger_holds SET state = 'captured'", "ends once"),
            ("UPDATE ledger_owners SET available = -1", ""),
            ("UPDATE ledger_owners SET debt = 1", ""),
            ("INSERT INTO ledger_postings SELECT txn_id, 99, account_id, lot_id, amount FROM ledger_postings WHERE line = 0", "no more postings"),
            ("INSERT INTO ledger_txns SELECT job_id, owner_ref, 'hold', 'new', 'x', 'x', 1 FROM ledger_holds", "sum to zero"),
        ] {
            let tx = database.store.write_transaction().await.unwrap();
            let error = tx.execute_unprepared(statement).await.unwrap_err().to_string();
            assert!(error.contains(word), "{statement}: {error}");
        }
        // Postings without their transaction cannot be committed.
        let tx = database.store.write_transaction().await.unwrap();
        let insert = "INSERT INTO ledger_postings (txn_id, line, account_id, lot_id, amount)
            SELECT job_id, 0, 'system:sold', l.id, 5 FROM ledger_holds, ledger_lots l";
        tx.execute_unprepared(insert).await.unwrap();
        assert!(tx.commit().await.is_err());
        database.check_clean().await;
    }
}
