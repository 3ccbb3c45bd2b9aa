//! A person with credits and a signed-in app, made without the pages.

use super::{TestApp, TestDatabase};
use pretty_backend::accounts::{devices, sign_up, tokens};
use pretty_backend::ledger::{Balance, Cause, Grant, Ledger, Source, audit, balance};
use pretty_backend::store::entity::device::DeviceKind;
use pretty_backend::store::entity::user;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// A person whose app is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) user: user::Model,
    pub(crate) token: String,
}

static GRANTS: AtomicU64 = AtomicU64::new(1);

impl TestDatabase {
    /// A person with credits.
    pub(crate) async fn person(&self, number: u128, credits: i64) -> user::Model {
        self.person_called(Uuid::from_u128(number), &format!("p{number}@example.org"), credits).await
    }

    async fn person_called(&self, id: Uuid, email: &str, credits: i64) -> user::Model {
        let now = self.world.now();
        let person = user::Model {
            id,
            owner_ref: Uuid::from_u128(id.as_u128() ^ (1 << 100)),
            name: "Mara Lindqvist".to_owned(),
            email: email.to_owned(),
            email_key: email.to_owned(),
            password_hash: None,
            password_changed_at: now,
            created_at: now,
        };
        let tx = self.store.write_transaction().await.unwrap();
        sign_up::insert(&tx, &person).await.unwrap();
        if credits > 0 {
            let key = format!("g:{}", GRANTS.fetch_add(1, Ordering::Relaxed));
            let cause = Cause::new("admin", "test");
            let grant = Grant { source: Source::Promo, credits, expires_at: None, order_ref: None, key, cause };
            Ledger::new(&tx, &self.world).grant(person.owner_ref, grant).await.unwrap();
        }
        tx.commit().await.unwrap();
        person
    }

    /// Credits to spend and credits held; the books are right.
    pub(crate) async fn credits(&self, person: &user::Model) -> (i64, i64) {
        let Balance { available, held, frozen: 0, debt: 0 } =
            balance(&self.store, person.owner_ref, self.world.now()).await.unwrap()
        else {
            panic!("frozen or in debt")
        };
        assert!(audit(&self.store).await.unwrap().is_clean());
        (available, held)
    }
}

impl TestApp {
    pub(crate) async fn member(&self, email: &str, credits: i64) -> Member {
        let user = self.database.person_called(self.world.new_id().unwrap(), email, credits).await;
        self.signed_in(user).await
    }

    /// The same person with a token that is good now.
    pub(crate) async fn signed_in_again(&self, member: Member) -> Member {
        self.signed_in(member.user).await
    }

    async fn signed_in(&self, user: user::Model) -> Member {
        let tx = self.store.write_transaction().await.unwrap();
        let device = devices::begin(&self.app, &tx, user.id, DeviceKind::App, "Test").await.unwrap();
        let pair = tokens::issue_pair(&self.app, &tx, device).await.unwrap();
        tx.commit().await.unwrap();
        Member { id: user.id, user, token: pair.access }
    }
}
