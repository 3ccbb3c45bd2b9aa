//! Sign-ins that ended on this computer and of which the service was not told yet, because there was no way out at that moment. It is told as
//! soon as there is one, so that nobody finds a device on their list that they signed out. Until then their tokens are in memory and in the
//! keychain, as those of a sign-in are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Method;

use super::secrets::{Entry, Secrets};
use crate::core::Core;
use crate::link::kept;
use crate::service::{Call, Fault};
use crate::store::Store;

/// The tokens of which the service is to be told that they are done with.
pub(crate) struct Farewells {
    secrets: Arc<Secrets>,
    store: Arc<Store>,
    tokens: Mutex<Vec<String>>,
    /// Whether an earlier run left some in the keychain.
    wait_in_vault: AtomicBool,
}

impl Farewells {
    pub(crate) fn new(secrets: Arc<Secrets>, store: Arc<Store>) -> Self {
        let wait_in_vault = AtomicBool::new(store.kept(kept::FAREWELLS).unwrap_or(false));
        Self { secrets, store, tokens: Mutex::default(), wait_in_vault }
    }

    pub(crate) fn add(&self, token: String) {
        self.lock().push(token);
    }

    /// Whether there is somebody to tell.
    pub(crate) fn are_due(&self) -> bool {
        self.wait_in_vault.load(Ordering::SeqCst) || !self.lock().is_empty()
    }

    /// All of them, with those of an earlier run. A keychain that does not give those out is asked again after the next start.
    fn all(&self) -> Vec<String> {
        if self.wait_in_vault.swap(false, Ordering::SeqCst) {
            match self.secrets.load(Entry::Farewells) {
                Ok(kept) => self.lock().extend(kept.unwrap_or_default().lines().map(str::to_owned)),
                Err(problem) => tracing::info!(detail = problem.detail, "sign-outs of an earlier run wait on"),
            }
        }
        self.lock().clone()
    }

    fn told(&self, token: &str) {
        self.lock().retain(|other| other != token);
    }

    /// Brings the keychain up to date. Where it keeps nothing, they are known only while the program runs.
    fn keep(&self) {
        let tokens = self.lock().clone();
        let remembered = self.store.kept(kept::FAREWELLS).unwrap_or(false);
        let kept = if tokens.is_empty() {
            remembered && self.secrets.delete(Entry::Farewells).is_err()
        } else {
            self.secrets.save(Entry::Farewells, &tokens.join("\n")).is_ok()
        };
        if kept != remembered
            && let Err(error) = self.store.keep(kept::FAREWELLS, &kept)
        {
            tracing::warn!(%error, "it could not be remembered that sign-outs wait");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the service of all sign-outs that it does not know of.
pub(crate) fn tell(core: &Core) -> Result<(), Fault> {
    let (farewells, Some(service)) = (&core.link.farewells, &core.link.service) else { return Ok(()) };
    if service.is_offline() {
        farewells.keep();
        return Err(Fault::Offline);
    }
    let mut outcome = Ok(());
    for token in farewells.all() {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", &token).finish();
        let call = Call {
            body: body.into_bytes(),
            media_type: Some("application/x-www-form-urlencoded"),
            ..Call::new(Method::POST, "/oauth/revoke", "Signing out")
        };
        match service.tell(call) {
            Err(fault) if fault.passes() => {
                tracing::info!(?fault, "the service was not told of a sign-out yet");
                outcome = Err(fault);
                break;
            }
            // One that it does not know any more is ended.
            _ => farewells.told(&token),
        }
    }
    farewells.keep();
    outcome
}
