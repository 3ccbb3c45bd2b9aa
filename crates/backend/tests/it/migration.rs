//! Migrations: from nothing, twice, six at once, and a database that is too new.

use crate::support::TestDatabase;
use pretty_backend::store::{Store, StoreError, count_of, migration, sql};
use sea_orm::{ConnectionTrait, DatabaseBackend};

async fn from_nothing(database: TestDatabase) {
    assert!(!migration::is_current(&database.store).await.unwrap());
    let now = database.world.now();
    // A second process would open the database by itself, and so do six of them here.
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = Store::open(&database.settings, database.folder.path()).await.unwrap();
        replicas.spawn(async move {
            let applied = migration::run(&store, now).await;
            store.close().await;
            applied
        });
    }
    let mut applied = 0;
    while let Some(result) = replicas.join_next().await {
        applied += result.unwrap().unwrap();
    }
    assert_eq!(applied, migration::ALL.len());
    assert!(migration::is_current(&database.store).await.unwrap());
    assert_eq!(migration::run(&database.store, now).await.unwrap(), 0);

    // A later program says that this one may not run any more.
    let tx = database.store.write_transaction().await.unwrap();
    let insert = "INSERT INTO schema_steps (version, name, oldest_program, applied_at) VALUES ($1, 'later', $1, $2)";
    tx.execute_raw(sql(&*tx, insert, [9999.into(), now.into()])).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(migration::is_current(&database.store).await, Err(StoreError::TooNew { needed: 9999, .. })));
    assert!(matches!(migration::run(&database.store, now).await, Err(StoreError::TooNew { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    from_nothing(TestDatabase::sqlite_empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(database) = TestDatabase::postgres_empty().await {
        from_nothing(database).await;
    }
}

on_both! {
    async fn a_persons_ways_to_sign_in_are_found_by_an_index(database) {
        let count = match database.store.backend() {
            DatabaseBackend::Postgres => "SELECT COUNT(*) AS n FROM pg_indexes WHERE indexname = 'identities_by_user'",
            _ => "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'index' AND name = 'identities_by_user'",
        };
        assert_eq!(count_of(database.store.reader(), count, []).await.unwrap(), 1);
    }
}

on_both! {
    async fn a_dropped_transaction_has_not_happened(database) {
        let insert = "INSERT INTO attempts (bucket, window_start, count) VALUES ($1, 1, 1)";
        let tx = database.store.write_transaction().await.unwrap();
        tx.execute_raw(sql(&*tx, insert, [vec![1_u8].into()])).await.unwrap();
        drop(tx);
        let tx = database.store.write_transaction().await.unwrap();
        let seen = count_of(&*tx, "SELECT COUNT(*) AS n FROM attempts", []).await.unwrap();
        assert_eq!(seen, 0);
        tx.execute_raw(sql(&*tx, insert, [vec![1_u8].into()])).await.unwrap();
        tx.commit().await.unwrap();
        let seen = count_of(database.store.reader(), "SELECT COUNT(*) AS n FROM attempts", []).await.unwrap();
        assert_eq!(seen, 1);
    }
}
