//! A migrated database of its own for each test, on either kind, and the macro that runs a test on both.
//!
//! Each kind comes with the object store that goes with it: SQLite with a folder, PostgreSQL with an S3 server.

use super::{postgres, storage};
use pretty_backend::settings::load::{Overrides, load};
use pretty_backend::settings::{Database, Objects, Secret, Synchronous};
use pretty_backend::store::{Store, migration};
use pretty_backend::world::{Chance, Clock, ClockHandle, Moment, World};
use sea_orm::ConnectionTrait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The first of January 2027.
pub(crate) const START: Moment = Moment(1_798_761_600_000_000);

/// A machine that builds at the same time may stand still for long.
const WAIT: u64 = 180;

pub(crate) struct TestDatabase {
    pub(crate) store: Store,
    pub(crate) world: World,
    pub(crate) clock: ClockHandle,
    pub(crate) settings: Database,
    pub(crate) objects: Objects,
    pub(crate) folder: TempDir,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl TestDatabase {
    pub(crate) async fn sqlite() -> Self {
        Self::open("").await.migrated().await
    }

    pub(crate) async fn sqlite_empty() -> Self {
        Self::open("").await
    }

    /// None where PostgreSQL is not installed; the reason is printed.
    pub(crate) async fn postgres() -> Option<Self> {
        static TEMPLATE: OnceCell<()> = OnceCell::const_new();
        let server = found()?;
        TEMPLATE
            .get_or_init(|| async {
                create("pretty_template", None).await;
                let template = Self::open(&server.url("pretty_template")).await.migrated().await;
                template.store.close().await;
            })
            .await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::SeqCst));
        create(&name, Some("pretty_template")).await;
        Some(Self::open(&server.url(&name)).await)
    }

    pub(crate) async fn postgres_empty() -> Option<Self> {
        let server = found()?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::SeqCst));
        create(&name, None).await;
        Some(Self::open(&server.url(&name)).await)
    }

    async fn open(url: &str) -> Self {
        let settings = Database {
            url: Secret::new(url),
            connections: 8,
            wait_seconds: WAIT,
            sqlite_synchronous: Synchronous::Normal,
        };
        let folder = tempfile::tempdir().unwrap();
        let in_folder = || load(None, [], &Overrides::default()).unwrap().objects;
        let objects = if url.is_empty() { in_folder() } else { storage::start(folder.path()) };
        let (clock, handle) = Clock::by_hand(START);
        let store = patiently(&settings, &folder).await;
        let seed = NEXT.fetch_add(1, Ordering::SeqCst);
        Self { store, world: World::new(clock, Chance::seeded(seed)), clock: handle, settings, objects, folder }
    }

    async fn migrated(self) -> Self {
        migration::run(&self.store, self.world.now()).await.unwrap();
        self
    }
}

fn found() -> Option<&'static postgres::Server> {
    match postgres::server() {
        Ok(server) => Some(server),
        Err(why) => {
            assert!(std::env::var_os("PRETTY_REQUIRE_POSTGRES").is_none(), "{why}");
            pretty_testkit::skip::skipped("the service on PostgreSQL", why);
            None
        }
    }
}

/// A server that has just made its socket may still be starting up.
async fn patiently(settings: &Database, folder: &TempDir) -> Store {
    let mut last = None;
    for _ in 0..200 {
        match Store::open(settings, folder.path()).await {
            Ok(store) => return store,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{last:?}");
}

async fn create(name: &str, template: Option<&str>) {
    let server = found().unwrap();
    let settings = Database {
        url: Secret::new(server.url("postgres")),
        connections: 2,
        wait_seconds: WAIT,
        sqlite_synchronous: Synchronous::Normal,
    };
    let folder = tempfile::tempdir().unwrap();
    let admin = patiently(&settings, &folder).await;
    let template = template.map_or(String::new(), |template| format!(" TEMPLATE {template}"));
    admin.reader().execute_unprepared(&format!("CREATE DATABASE {name}{template}")).await.unwrap();
    admin.close().await;
}

/// Writes a test twice: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($(#[$attribute:meta])* async fn $name:ident($database:ident) $body:block) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn body($database: $crate::support::TestDatabase) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::support::TestDatabase::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::support::TestDatabase::postgres().await {
                    body(database).await;
                }
            }
        }
    };
}
