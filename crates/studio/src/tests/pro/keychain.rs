//! A keychain that worked when the person signed in, and does not later.

use std::sync::atomic::{AtomicBool, Ordering};

use pretty_contract::account::Kept;

use super::*;

/// A keychain that keeps nothing new while it is locked, and perhaps does not even forget.
#[derive(Clone, Default)]
struct Moody {
    chain: Chain,
    locked: Arc<AtomicBool>,
    stuck: Arc<AtomicBool>,
}

impl Vault for Moody {
    fn load(&self, name: &str) -> Result<Option<String>, String> {
        self.chain.load(name)
    }

    fn save(&self, name: &str, secret: &str) -> Result<(), String> {
        if self.locked.load(Ordering::SeqCst) { Err("locked".into()) } else { self.chain.save(name, secret) }
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        if self.stuck.load(Ordering::SeqCst) { Err("locked".into()) } else { self.chain.delete(name) }
    }
}

fn start(fake: &Fake, vault: &Moody, folder: tempfile::TempDir) -> Stage {
    let places = folders(&folder.path().join("app"));
    let link = Link::open_with(&places, &fake.address, Secrets::new(vault.clone(), &fake.address));
    Stage::with_link(Scripted::default(), TestHost::default(), folder, link)
}

fn restart(stage: Stage, fake: &Fake, vault: &Moody) -> Stage {
    let Stage { folder, studio, .. } = stage;
    drop(studio);
    start(fake, vault, folder)
}

fn kept(stage: &Stage) -> Option<Kept> {
    match stage.snapshot().online.account {
        AccountState::SignedIn { kept, .. } => Some(kept),
        _ => None,
    }
}

fn held(vault: &Moody) -> Vec<String> {
    vault.chain.0.lock().unwrap().values().cloned().collect()
}

/// Has the tokens refreshed, twice, so that one from before would be taken for stolen.
fn refresh(fake: &Fake, stage: &Stage) {
    for _ in 0..2 {
        fake.world().expire();
        stage.ask("refresh_account", Value::Null);
    }
}

#[test]
fn a_refreshed_sign_in_that_cannot_be_kept_is_told_and_the_used_one_is_never_shown_again() {
    for stuck in [false, true] {
        let (fake, vault) = (Fake::start(), Moody::default());
        let stage = start(&fake, &vault, tempfile::tempdir().unwrap());
        sign_in(&stage);
        assert_eq!((kept(&stage), held(&vault).len()), (Some(Kept::Keychain), 1));
        vault.locked.store(true, Ordering::SeqCst);
        vault.stuck.store(stuck, Ordering::SeqCst);
        refresh(&fake, &stage);
        let Some(Kept::Memory { why }) = kept(&stage) else { panic!("{:?}", kept(&stage)) };
        assert_eq!(why.code, Code::KeychainUnavailable);
        assert_eq!(held(&vault).len(), usize::from(stuck), "the used one is forgotten where that is possible");
        // The next start asks the person, and does not come with what was used.
        let stage = restart(stage, &fake, &vault);
        assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
        vault.locked.store(false, Ordering::SeqCst);
        vault.stuck.store(false, Ordering::SeqCst);
        sign_in(&stage);
        assert_eq!(held(&vault), [fake.world().refresh().to_owned()]);
        let stage = restart(stage, &fake, &vault);
        wait_signed_in(&stage);
        assert_eq!(fake.world().reused, 0);
    }
}

#[test]
fn what_could_not_be_kept_is_kept_later() {
    let (fake, vault) = (Fake::start(), Moody::default());
    let stage = start(&fake, &vault, tempfile::tempdir().unwrap());
    sign_in(&stage);
    vault.locked.store(true, Ordering::SeqCst);
    refresh(&fake, &stage);
    assert!(matches!(kept(&stage), Some(Kept::Memory { .. })));
    vault.locked.store(false, Ordering::SeqCst);
    // Asked for by the person, without anything to refresh.
    stage.ask("refresh_account", Value::Null);
    assert_eq!(kept(&stage), Some(Kept::Keychain));
    assert_eq!(held(&vault), [fake.world().refresh().to_owned()]);
    let stage = restart(stage, &fake, &vault);
    wait_signed_in(&stage);
    assert_eq!(fake.world().reused, 0);
}

#[test]
fn signed_out_while_the_sign_in_is_refreshed_nothing_is_kept() {
    let (fake, vault) = (Fake::start(), Moody::default());
    let stage = start(&fake, &vault, tempfile::tempdir().unwrap());
    sign_in(&stage);
    {
        let mut world = fake.world();
        world.expire();
        world.holds_exchange = true;
    }
    std::thread::scope(|scope| {
        let refreshed = scope.spawn(|| stage.studio.command("refresh_account", Value::Null));
        until("the refresh", || (fake.world().refreshes == 2).then_some(()));
        stage.ask("sign_out", Value::Null);
        fake.world().holds_exchange = false;
        assert!(refreshed.join().unwrap().is_err());
    });
    assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
    assert!(held(&vault).is_empty(), "{} are kept", held(&vault).len());
    let told = fake.world().revoked.clone();
    assert!(!told.is_empty() && fake.world().refresh() == "none", "the service was told");
}
