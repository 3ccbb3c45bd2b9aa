//! Tells who listens in this process that there is something new: one look at the database for all of them, not one each.
//!
//! A commit in this process wakes it at once; what another replica did is seen at the next look.

use super::head;
use crate::store::{Store, StoreError, sql};
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// A person's open streams in one process; more are refused.
const MOST_EACH: usize = 12;
/// Between two looks, however much happens.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
/// People asked for in one statement.
const CHUNK: usize = 500;

/// The listeners of this process.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    poll: Duration,
    listeners: Mutex<Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    heads: HashMap<Uuid, watch::Sender<i64>>,
    is_looking: bool,
}

impl Inner {
    fn locked(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears of one person's changes until it is dropped.
#[derive(Debug)]
pub struct Listener {
    inner: Arc<Inner>,
    user: Uuid,
    heard: watch::Receiver<i64>,
}

impl Listener {
    /// Waits until there is a change after number `after`.
    pub async fn beyond(&mut self, after: i64) {
        if self.heard.wait_for(|seq| *seq > after).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.inner.locked();
        if listeners.heads.get(&self.user).is_some_and(|head| head.receiver_count() <= 1) {
            listeners.heads.remove(&self.user);
        }
    }
}

impl Hub {
    /// Looks at the database every `poll` while somebody listens.
    pub fn new(store: Store, poll: Duration) -> Self {
        Self(Arc::new(Inner { store, poll, listeners: Mutex::default() }))
    }

    /// Listens for one person; none when they have too many open already.
    pub fn listen(&self, user: Uuid) -> Option<Listener> {
        let mut listeners = self.0.locked();
        let head = listeners.heads.entry(user).or_insert_with(|| watch::channel(0).0);
        if head.receiver_count() >= MOST_EACH {
            return None;
        }
        let heard = head.subscribe();
        if !std::mem::replace(&mut listeners.is_looking, true) {
            tokio::spawn(look(Arc::clone(&self.0)));
        }
        Some(Listener { inner: Arc::clone(&self.0), user, heard })
    }

    /// How many people listen.
    pub fn people(&self) -> usize {
        self.0.locked().heads.len()
    }
}

/// Looks until nobody listens.
async fn look(inner: Arc<Inner>) {
    loop {
        let people: Vec<Uuid> = {
            let mut listeners = inner.locked();
            if listeners.heads.is_empty() {
                listeners.is_looking = false;
                return;
            }
            listeners.heads.keys().copied().collect()
        };
        for chunk in people.chunks(CHUNK) {
            match heads_of(&inner.store, chunk).await {
                Ok(heads) => {
                    let listeners = inner.locked();
                    for Head { user_id, last_seq } in heads {
                        if let Some(head) = listeners.heads.get(&user_id) {
                            head.send_if_modified(|seen| std::mem::replace(seen, last_seq.max(*seen)) < last_seq);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "changes cannot be read"),
            }
        }
        tokio::time::sleep(LEAST_PAUSE).await;
        tokio::select! {
            () = inner.store.committed() => {}
            () = tokio::time::sleep(inner.poll) => {}
        }
    }
}

#[derive(FromQueryResult)]
struct Head {
    user_id: Uuid,
    last_seq: i64,
}

async fn heads_of(store: &Store, people: &[Uuid]) -> Result<Vec<Head>, StoreError> {
    if let [one] = people {
        return Ok(vec![Head { user_id: *one, last_seq: head(store, *one).await? }]);
    }
    let names: Vec<String> = (1..=people.len()).map(|number| format!("${number}")).collect();
    let select = format!("SELECT user_id, last_seq FROM change_heads WHERE user_id IN ({})", names.join(", "));
    let statement = sql(store.reader(), select, people.iter().map(|user| (*user).into()));
    Ok(Head::find_by_statement(statement).all(store.reader()).await?)
}
