//! The program itself, several times over, killed at random moments while people send jobs: no job is lost or done twice, none is paid
//! twice or without a result, every hold ends once, and the books sum to zero.
//!
//! Each form is killed for a few seconds; `PRETTY_CHAOS_MINUTES=10` makes that ten minutes. The replicas on PostgreSQL keep photos on an S3
//! server. What a worker leaves behind at each single step is in `pro/surviving.rs`.

mod cluster;
mod crowd;

use crate::support::{Lab, TestDatabase};
use cluster::{Cluster, Shape};
use crowd::Crowd;
use pretty_backend::ledger::audit;
use pretty_backend::store::sql;
use pretty_backend::world::World;
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the programs are killed.
fn how_long() -> Duration {
    match std::env::var("PRETTY_CHAOS_MINUTES") {
        Ok(minutes) => Duration::from_secs_f64(minutes.parse::<f64>().expect("a number of minutes") * 60.0),
        Err(_) => Duration::from_secs(6),
    }
}

/// A job and the hold on its credits.
#[derive(Debug, FromQueryResult)]
struct Ended {
    id: Uuid,
    kind: String,
    state: String,
    price: i64,
    amount: i64,
    hold: String,
    results: i64,
}

const ENDED: &str = "SELECT j.id, j.kind, j.state, j.price, h.amount, h.state AS hold,
        (SELECT COUNT(*) FROM job_results r WHERE r.job_id = j.id) AS results
    FROM jobs j JOIN ledger_holds h ON h.job_id = j.id";

/// A movement of credits.
#[derive(Debug, FromQueryResult)]
struct Moved {
    idem_key: String,
}

/// Every job that is there and has a hold, by its id.
async fn jobs(database: &TestDatabase) -> BTreeMap<Uuid, Ended> {
    let reader = database.store.reader();
    let rows = Ended::find_by_statement(sql(reader, ENDED, [])).all(reader).await.unwrap();
    rows.into_iter().map(|row| (row.id, row)).collect()
}

/// The movements of each job.
async fn movements(database: &TestDatabase) -> BTreeSet<String> {
    let reader = database.store.reader();
    let select = "SELECT idem_key FROM ledger_txns WHERE kind IN ('hold', 'capture', 'release')";
    let rows = Moved::find_by_statement(sql(reader, select, [])).all(reader).await.unwrap();
    rows.into_iter().map(|row| row.idem_key).collect()
}

/// What the dead held is free at once: a minute without a sign of life is not waited for.
async fn as_if_a_minute_passed(database: &TestDatabase) {
    let tx = database.store.write_transaction().await.unwrap();
    tx.execute_unprepared("UPDATE jobs SET lease_until = 0 WHERE state = 'running'").await.unwrap();
    tx.commit().await.unwrap();
}

async fn survive(mut database: TestDatabase, shape: Shape) {
    database.world = World::system();
    let seed = u64::from(std::process::id());
    let lab = Lab::with(database, |settings| {
        settings.accounts.access_token_seconds = 24 * 3600;
        settings.replicate.adopt_seconds = 3;
        settings.replicate.poll_milliseconds = 200;
        settings.worker.poll_milliseconds = 100;
    })
    .await;
    let crowd = Crowd::gather(&lab, 6).await;
    let mut cluster = Cluster::start(&lab.app, &lab.database.settings, shape, seed).await;
    let until = Instant::now() + how_long();
    let (sent, kills) = tokio::join!(crowd.send_until(until, cluster.addresses()), cluster.kill_until(until));
    cluster.kill_all();
    as_if_a_minute_passed(&lab.database).await;
    cluster.start_all().await;
    let patience = Instant::now() + Duration::from_secs(180);
    let ended = loop {
        let jobs = jobs(&lab.database).await;
        let open: Vec<_> = jobs.values().filter(|job| job.hold == "held").collect();
        if open.is_empty() {
            break jobs;
        }
        assert!(Instant::now() < patience, "{kills} kills; never ended: {open:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    // Every answer named a job that is there, every key one of its own, and there is no job that nobody asked for.
    assert_eq!(ended.keys().copied().collect::<BTreeSet<_>>(), sent.values().copied().collect());
    assert_eq!(ended.len(), sent.len());
    let moved = movements(&lab.database).await;
    let mut expected = BTreeSet::new();
    for (id, job) in &ended {
        let (hold, movement) = if job.state == "succeeded" { ("captured", "capture") } else { ("released", "release") };
        assert_eq!((job.hold.as_str(), job.amount), (hold, job.price), "{job:?}");
        assert_eq!(job.results, i64::from(job.kind == "enhance" && job.state == "succeeded"), "{job:?}");
        expected.extend([format!("job:{id}:hold"), format!("job:{id}:{movement}")]);
    }
    assert_eq!(moved, expected);
    let audit = audit(&lab.database.store).await.unwrap();
    assert!(audit.is_clean(), "{audit:?}");
    let worked = ended.values().filter(|job| job.state == "succeeded").count();
    let enhanced = ended.values().filter(|job| job.kind == "enhance").count();
    let asked = lab.replicate().predictions().len();
    println!("{kills} kills, {} jobs, {worked} succeeded; {enhanced} enhancements, {asked} predictions", ended.len());
    assert!(kills > 0 && worked > 0);
    crowd.fetch_results(&lab, ended.values().filter(|job| job.results == 1).map(|job| job.id)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_and_two_workers_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        survive(database, Shape { replicas: 3, workers: 2 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_sqlite() {
    survive(TestDatabase::sqlite().await, Shape { replicas: 1, workers: 0 }).await;
}
