//! LE1: whatever is asked, in whatever order, repeated and cut off in the middle, the ledger balances; and the same facts about payments end in
//! the same numbers whatever the order.

use super::*;
use crate::support::crash_after;
use pretty_backend::store::entity::ledger_hold;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::sync::atomic::{AtomicU64, Ordering};

const CASES: u32 = 24;

static OWNERS: AtomicU64 = AtomicU64::new(1000);

/// Steps that name orders and jobs by small numbers, so that repeats and clashes are common.
#[derive(Clone, Debug)]
enum Act {
    Grant(u8),
    Claim(u8, u8, ClaimState),
    Hold(u8),
    Capture(u8),
    Release(u8),
    Day,
    Sweep,
}

fn act() -> impl Strategy<Value = Act> {
    let state = prop_oneof![Just(ClaimState::Open), Just(ClaimState::Taken), Just(ClaimState::Void)];
    prop_oneof![
        3 => (0..4_u8).prop_map(Act::Grant),
        3 => (0..4_u8, 0..3_u8, state).prop_map(|(order, which, state)| Act::Claim(order, which, state)),
        5 => (0..6_u8).prop_map(Act::Hold),
        3 => (0..6_u8).prop_map(Act::Capture),
        3 => (0..6_u8).prop_map(Act::Release),
        1 => Just(Act::Day),
        1 => Just(Act::Sweep),
    ]
}

fn claim_of(case: u64, order: u8, which: u8, state: ClaimState) -> Step {
    claim(&format!("{case}:{order}:{which}"), &format!("{case}:{order}"), i64::from(which * 4 + order + 1), state)
}

/// Runs one act, cut off after `crash` waits when there is a number. What comes of it is free; that nothing breaks is not.
async fn perform(database: &TestDatabase, case: u64, act: &Act, crash: Option<usize>) {
    let owner = Uuid::from_u128(u128::from(case));
    let job_of = |number: u8| Uuid::from_u128(u128::from(case) << 32 | u128::from(number));
    let step = match act {
        Act::Grant(order) => Step::Grant {
            order: format!("{case}:{order}"),
            source: if order % 2 == 0 { Source::Paid } else { Source::Monthly },
            credits: i64::from(order * 5 + 3),
            expires_at: (order % 2 == 1).then(|| crate::support::START.plus(DAY * u32::from(*order))),
        },
        Act::Claim(order, which, state) => claim_of(case, *order, *which, *state),
        Act::Hold(number) => Step::Hold { job: job_of(*number), credits: i64::from(*number) + 1 },
        Act::Capture(number) => Step::Capture { job: job_of(*number) },
        Act::Release(number) => Step::Release { job: job_of(*number) },
        Act::Day => return database.clock.advance(DAY / 4),
        Act::Sweep => {
            sweep_expired(&database.store, &database.world, 100).await.unwrap();
            return;
        }
    };
    let result = match crash {
        Some(waits) => crash_after(waits, database.step(owner, step)).await,
        None => Some(database.step(owner, step).await),
    };
    match result {
        None | Some(Ok(_)) => {}
        Some(Err(LedgerError::NotEnough { .. } | LedgerError::NoHold(_) | LedgerError::Ended { .. })) => {}
        Some(Err(other)) => panic!("{act:?}: {other}"),
    }
}

async fn sequence(database: &TestDatabase, acts: &[(Act, Option<usize>)]) {
    let case = OWNERS.fetch_add(1, Ordering::SeqCst);
    for (act, crash) in acts {
        perform(database, case, act, *crash).await;
    }
    database.check_clean().await;
    let owner = Uuid::from_u128(u128::from(case));
    // Every hold that ended has exactly one end in the postings.
    let holds = ledger_hold::Entity::find()
        .filter(ledger_hold::Column::OwnerRef.eq(owner))
        .all(database.store.reader())
        .await
        .unwrap();
    let entries = pretty_backend::ledger::statement(&database.store, owner, None, 10_000).await.unwrap();
    for hold in holds {
        let ends = entries.iter().filter(|e| e.cause_id == hold.job_id.to_string() && e.kind != "hold").count();
        assert_eq!(ends, usize::from(hold.state != pretty_backend::ledger::HoldState::Held), "{hold:?}");
    }
}

fn le1(database: impl AsyncFnOnce() -> Option<TestDatabase>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some(database) = runtime.block_on(database()) else { return };
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let crash = prop_oneof![3 => Just(None), 2 => (0..40_usize).prop_map(Some)];
    let mut runner = TestRunner::new(config.clone());
    runner
        .run(&prop::collection::vec((act(), crash), 1..40), |acts| {
            runtime.block_on(sequence(&database, &acts));
            Ok(())
        })
        .unwrap();
    let mut runner = TestRunner::new(config);
    runner
        .run(&facts_in_two_orders(), |(one, other)| {
            let ends = runtime.block_on(async { (end_of(&database, &one).await, end_of(&database, &other).await) });
            assert_eq!(ends.0, ends.1);
            Ok(())
        })
        .unwrap();
}

type Facts = Vec<(Act, Option<usize>)>;

/// The same facts about payments twice, shuffled, with repeats and crashes (a fact that crashed comes again, as an inbox would bring it).
fn facts_in_two_orders() -> impl Strategy<Value = (Facts, Facts)> {
    let one = (0..4_u8, 0..3_u8, prop_oneof![Just(ClaimState::Open), Just(ClaimState::Taken), Just(ClaimState::Void)]);
    prop::collection::vec(one, 0..8).prop_flat_map(|claims| {
        let mut facts: Vec<Act> =
            claims.into_iter().map(|(order, which, state)| Act::Claim(order * 2, which, state)).collect();
        facts.extend([Act::Grant(0), Act::Grant(2), Act::Grant(4)]);
        let shuffled = |facts: Vec<Act>| {
            (Just(facts.clone()).prop_shuffle(), Just(facts).prop_shuffle(), any::<u8>()).prop_map(
                |(first, again, seed)| {
                    let mut order = Vec::new();
                    for (index, (one, two)) in first.into_iter().zip(again).enumerate() {
                        let waits = usize::from(seed).wrapping_mul(index + 7) % 35;
                        order.extend([(one.clone(), Some(waits)), (one, None), (two, None)]);
                    }
                    order
                },
            )
        };
        (shuffled(facts.clone()), shuffled(facts))
    })
}

async fn end_of(database: &TestDatabase, facts: &Facts) -> Balance {
    let case = OWNERS.fetch_add(1, Ordering::SeqCst);
    let owner = Uuid::from_u128(u128::from(case));
    // Something was bought before, and most of it spent.
    database.done(owner, bought(&format!("{case}:before"), 12)).await;
    let spent = Uuid::from_u128(u128::from(case) << 32 | 99);
    database.done(owner, Step::Hold { job: spent, credits: 9 }).await;
    database.done(owner, Step::Capture { job: spent }).await;
    for (act, crash) in facts {
        perform(database, case, act, *crash).await;
    }
    database.check_clean().await;
    database.balance(owner).await
}

#[test]
fn le1_sqlite() {
    le1(async || Some(TestDatabase::sqlite().await));
}

#[test]
fn le1_postgres() {
    le1(TestDatabase::postgres);
}
