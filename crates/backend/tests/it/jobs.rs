//! The queue: each job once, leases, deadlines, money that moves with the state, fairness, crashes.

use crate::support::{TestDatabase, crash_after};
use pretty_backend::jobs::{self, Fault, Heard, Job, JobError, JobState, LEASE, Lease, Request, Sign, Swept, Why};
use pretty_backend::ledger::LedgerError;
use pretty_backend::store::entity::{job, user};
use sea_orm::EntityTrait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

impl TestDatabase {
    async fn submit(&self, person: &user::Model, key: &str, price: i64) -> Result<Job, JobError> {
        let request = Request {
            kind: "critique",
            provider: "Anthropic",
            idem_key: key,
            content: "{}",
            price,
            most_attempts: 3,
            life: 30 * MINUTE,
        };
        jobs::submit(&self.store, &self.world, person, request).await
    }

    async fn claim(&self) -> Option<Lease> {
        jobs::claim(&self.store, &self.world, "Anthropic", 30 * MINUTE).await.unwrap()
    }

    async fn state(&self, id: Uuid) -> JobState {
        job::Entity::find_by_id(id).one(self.store.reader()).await.unwrap().unwrap().state
    }
}

on_both! {
    async fn a_job_and_its_credits_move_together(database) {
        let mara = database.person(1, 10).await;
        let one = database.submit(&mara, "k1", 3).await.unwrap();
        assert_eq!(database.submit(&mara, "k1", 3).await.unwrap().id, one.id, "the same request is the same job");
        assert!(matches!(database.submit(&mara, "k1", 4).await, Err(JobError::KeyReused)));
        assert!(matches!(database.submit(&mara, "k2", 8).await, Err(JobError::Ledger(LedgerError::NotEnough { needed: 8, available: 7, .. }))));
        assert_eq!(database.credits(&mara).await, (7, 3));

        let lease = database.claim().await.unwrap();
        assert_eq!((lease.job.id, lease.job.attempt), (one.id, 1));
        assert!(database.claim().await.is_none());
        jobs::succeed(&database.store, &database.world, &lease, "{\"ok\":1}", None).await.unwrap();
        assert_eq!((database.state(one.id).await, database.credits(&mara).await), (JobState::Succeeded, (7, 0)));
        assert!(matches!(jobs::succeed(&database.store, &database.world, &lease, "{}", None).await, Err(JobError::LeaseLost)));
        assert!(matches!(jobs::cancel(&database.store, &database.world, mara.id, one.id).await, Err(JobError::Ended)));

        // What never works is released; what is free holds nothing.
        database.submit(&mara, "k3", 2).await.unwrap();
        let lease = database.claim().await.unwrap();
        let ended = jobs::fail(&database.store, &database.world, &lease, Fault::Never(Why::PhotoGone)).await.unwrap();
        assert_eq!((ended, database.credits(&mara).await), (JobState::Failed, (7, 0)));
        database.submit(&mara, "k4", 0).await.unwrap();
        let lease = database.claim().await.unwrap();
        jobs::succeed(&database.store, &database.world, &lease, "{}", None).await.unwrap();
        assert_eq!(database.credits(&mara).await, (7, 0));
        // Somebody else's job is not there.
        let other = database.person(2, 1).await;
        assert!(matches!(jobs::find(&database.store, other.id, one.id).await, Err(JobError::Unknown)));
        assert!(matches!(jobs::cancel(&database.store, &database.world, other.id, one.id).await, Err(JobError::Unknown)));
        assert_eq!(jobs::find(&database.store, mara.id, one.id).await.unwrap().result.as_deref(), Some("{\"ok\":1}"));
    }
}

on_both! {
    async fn eight_workers_take_each_job_once(database) {
        let mut people = Vec::new();
        for number in 1..=4 {
            people.push(database.person(number, 100).await);
        }
        for number in 0..60 {
            database.submit(&people[number % 4], &format!("k{number}"), 1).await.unwrap();
        }
        let database = Arc::new(database);
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let database = Arc::clone(&database);
            workers.spawn(async move {
                let mut done = Vec::new();
                let mut empty = 0;
                // A row that another one is just claiming is skipped, so nothing found once is not nothing there.
                while empty < 3 {
                    let Some(lease) = database.claim().await else {
                        empty += 1;
                        continue;
                    };
                    jobs::succeed(&database.store, &database.world, &lease, "{}", None).await.unwrap();
                    done.push(lease.job.id);
                }
                done
            });
        }
        let mut done: Vec<Uuid> = workers.join_all().await.concat();
        assert_eq!(done.len(), 60);
        done.sort_unstable();
        done.dedup();
        assert_eq!(done.len(), 60);
        for person in &people {
            assert_eq!(database.credits(person).await, (85, 0));
        }
    }
}

on_both! {
    async fn a_dead_worker_s_job_goes_on_elsewhere(database) {
        let mara = database.person(1, 10).await;
        let one = database.submit(&mara, "k1", 3).await.unwrap();
        let dead = database.claim().await.unwrap();
        assert_eq!(jobs::heartbeat(&database.store, &database.world, &dead, Sign { checkpoint: Some("{\"prediction\":\"p1\"}"), progress: None }).await.unwrap(), Heard::GoOn);
        database.clock.advance(LEASE / 2);
        assert_eq!(jobs::heartbeat(&database.store, &database.world, &dead, Sign::default()).await.unwrap(), Heard::GoOn);
        database.clock.advance(LEASE / 2);
        assert_eq!(jobs::sweep(&database.store, &database.world, 10).await.unwrap(), Swept::default(), "it gave a sign of life");
        database.clock.advance(LEASE / 2);
        assert_eq!(jobs::sweep(&database.store, &database.world, 10).await.unwrap(), Swept { requeued: 1, ended: 0 });
        let next = database.claim().await.unwrap();
        assert_eq!((next.job.id, next.job.attempt), (one.id, 2));
        assert_eq!(next.job.checkpoint.as_deref(), Some("{\"prediction\":\"p1\"}"));
        // The dead one wakes up: nobody listens.
        assert!(matches!(jobs::heartbeat(&database.store, &database.world, &dead, Sign::default()).await, Err(JobError::LeaseLost)));
        assert!(matches!(jobs::succeed(&database.store, &database.world, &dead, "{}", None).await, Err(JobError::LeaseLost)));
        assert!(matches!(jobs::fail(&database.store, &database.world, &dead, Fault::Never(Why::Internal)).await, Err(JobError::LeaseLost)));
        // The third worker dies too: three attempts are enough.
        database.clock.advance(LEASE);
        jobs::sweep(&database.store, &database.world, 10).await.unwrap();
        database.claim().await.unwrap();
        database.clock.advance(LEASE);
        assert_eq!(jobs::sweep(&database.store, &database.world, 10).await.unwrap(), Swept { requeued: 0, ended: 1 });
        assert_eq!((database.state(one.id).await, database.credits(&mara).await), (JobState::Failed, (10, 0)));
    }
}

on_both! {
    async fn retries_wait_and_deadlines_end(database) {
        let mara = database.person(1, 10).await;
        let one = database.submit(&mara, "k1", 1).await.unwrap();
        let later = || Fault::Later(MINUTE, Why::Busy);
        let lease = database.claim().await.unwrap();
        assert_eq!(jobs::fail(&database.store, &database.world, &lease, later()).await.unwrap(), JobState::Queued);
        assert!(database.claim().await.is_none(), "not before its time");
        database.clock.advance(MINUTE);
        let lease = database.claim().await.unwrap();
        jobs::fail(&database.store, &database.world, &lease, later()).await.unwrap();
        database.clock.advance(MINUTE);
        let lease = database.claim().await.unwrap();
        assert_eq!(jobs::fail(&database.store, &database.world, &lease, later()).await.unwrap(), JobState::Failed, "the third was the last");
        assert_eq!(jobs::find(&database.store, mara.id, one.id).await.unwrap().fault.as_deref(), Some("busy"));

        // RE11: past the deadline the credits are released, and a late result is thrown away.
        let slow = database.submit(&mara, "k2", 4).await.unwrap();
        let lease = database.claim().await.unwrap();
        for _ in 0..40 {
            database.clock.advance(LEASE * 3 / 4);
            if jobs::heartbeat(&database.store, &database.world, &lease, Sign::default()).await.unwrap() == Heard::Stop {
                break;
            }
        }
        assert!(matches!(jobs::succeed(&database.store, &database.world, &lease, "{}", None).await, Err(JobError::LeaseLost)));
        assert_eq!((database.state(slow.id).await, database.credits(&mara).await), (JobState::Failed, (10, 0)));
        assert_eq!(jobs::find(&database.store, mara.id, slow.id).await.unwrap().fault.as_deref(), Some("took_too_long"));
        // One that was not tried at all has all its attempts left; from its first attempt on its own time counts.
        let patient = database.submit(&mara, "k4", 1).await.unwrap();
        database.clock.advance(MINUTE);
        for _ in 0..5 {
            let lease = jobs::claim(&database.store, &database.world, "Anthropic", 10 * MINUTE).await.unwrap().unwrap();
            assert_eq!((lease.job.id, lease.job.attempt), (patient.id, 1));
            assert_eq!(jobs::fail(&database.store, &database.world, &lease, Fault::NotYet(MINUTE, Why::Busy)).await.unwrap(), JobState::Queued);
            database.clock.advance(MINUTE);
        }
        let lease = jobs::claim(&database.store, &database.world, "Anthropic", 10 * MINUTE).await.unwrap().unwrap();
        assert_eq!(jobs::fail(&database.store, &database.world, &lease, Fault::NotYet(5 * MINUTE, Why::Busy)).await.unwrap(), JobState::Failed, "beyond its time");
        assert_eq!(database.credits(&mara).await, (10, 0));
        // One that nobody took.
        let lonely = database.submit(&mara, "k3", 4).await.unwrap();
        database.clock.advance(30 * MINUTE);
        assert!(database.claim().await.is_none());
        assert_eq!(jobs::sweep(&database.store, &database.world, 10).await.unwrap().ended, 1);
        assert_eq!((database.state(lonely.id).await, database.credits(&mara).await), (JobState::Failed, (10, 0)));
    }
}

on_both! {
    async fn re5_cancelling(database) {
        let mara = database.person(1, 10).await;
        let waiting = database.submit(&mara, "k1", 2).await.unwrap();
        for _ in 0..2 {
            jobs::cancel(&database.store, &database.world, mara.id, waiting.id).await.unwrap();
        }
        assert_eq!((database.state(waiting.id).await, database.credits(&mara).await), (JobState::Cancelled, (10, 0)));
        // While a worker has it: it hears, or its result comes too late, or it dies.
        for (key, way) in [("hears", 0), ("late", 1), ("dies", 2)] {
            let running = database.submit(&mara, key, 2).await.unwrap();
            let lease = database.claim().await.unwrap();
            jobs::cancel(&database.store, &database.world, mara.id, running.id).await.unwrap();
            assert_eq!(database.credits(&mara).await, (8, 2), "held until the worker is known to be done");
            match way {
                0 => {
                    assert_eq!(jobs::heartbeat(&database.store, &database.world, &lease, Sign::default()).await.unwrap(), Heard::Stop);
                    jobs::fail(&database.store, &database.world, &lease, Fault::Stopped).await.unwrap();
                }
                1 => assert!(matches!(jobs::succeed(&database.store, &database.world, &lease, "{}", None).await, Err(JobError::LeaseLost))),
                _ => {
                    database.clock.advance(LEASE);
                    jobs::sweep(&database.store, &database.world, 10).await.unwrap();
                }
            }
            assert_eq!((database.state(running.id).await, database.credits(&mara).await), (JobState::Cancelled, (10, 0)), "{key}");
        }
    }
}

on_both! {
    async fn one_person_s_hundred_jobs_do_not_block_another_s_one(database) {
        let (many, few) = (database.person(1, 100).await, database.person(2, 1).await);
        for number in 0..20 {
            database.submit(&many, &format!("k{number}"), 1).await.unwrap();
        }
        let urgent = database.submit(&few, "k", 1).await.unwrap();
        let first = database.claim().await.unwrap();
        assert_eq!(first.job.user_id, many.id);
        assert_eq!(database.claim().await.unwrap().job.id, urgent.id);
        // What others do is left to them.
        assert!(jobs::claim(&database.store, &database.world, "Replicate", MINUTE).await.unwrap().is_none());
    }
}

on_both! {
    async fn crashes_at_every_step_lose_nothing_and_pay_nothing_twice(database) {
        let mara = database.person(1, 1000).await;
        let mut prices = BTreeMap::new();
        for number in 0..40_usize {
            // The app did not hear whether it worked, and asks again.
            let key = format!("k{number}");
            let price = i64::try_from(number % 5).unwrap();
            crash_after(number, database.submit(&mara, &key, price)).await;
            prices.insert(database.submit(&mara, &key, price).await.unwrap().id, price);
        }
        // Workers die at any step; the sweep picks up what they leave.
        for round in 0..400_usize {
            let Some(Ok(Some(lease))) = crash_after(round % 23, jobs::claim(&database.store, &database.world, "Anthropic", 30 * MINUTE)).await else {
                database.clock.advance(LEASE / 20);
                jobs::sweep(&database.store, &database.world, 100).await.unwrap();
                continue;
            };
            let work = async {
                match round % 4 {
                    0 => jobs::fail(&database.store, &database.world, &lease, Fault::Later(MINUTE, Why::Busy)).await.map(|_| ()),
                    1 => jobs::fail(&database.store, &database.world, &lease, Fault::Never(Why::Internal)).await.map(|_| ()),
                    _ => jobs::succeed(&database.store, &database.world, &lease, "{}", None).await,
                }
            };
            crash_after(round % 17, work).await;
        }
        database.clock.advance(60 * MINUTE);
        // PostgreSQL rolls a dropped transaction back a moment later; until then its row waits.
        for _ in 0..600 {
            jobs::sweep(&database.store, &database.world, 100).await.unwrap();
            let rows = job::Entity::find().all(database.store.reader()).await.unwrap();
            if rows.iter().all(|job| job.ended_at.is_some()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let rows = job::Entity::find().all(database.store.reader()).await.unwrap();
        assert_eq!(rows.len(), prices.len(), "no job is lost and none is there twice");
        let paid: i64 = rows.iter().filter(|job| job.state == JobState::Succeeded).map(|job| prices[&job.id]).sum();
        assert!(rows.iter().all(|job| job.ended_at.is_some()));
        assert!(rows.iter().any(|job| job.state == JobState::Succeeded) && rows.iter().any(|job| job.state == JobState::Failed));
        assert_eq!(database.credits(&mara).await, (1000 - paid, 0));
    }
}
