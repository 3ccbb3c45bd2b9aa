//! Stopping work from another thread: a flag that stages look at, and a way to interrupt a model while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::EngineError;

/// Something under way that can be told to stop. Telling it twice, or after it has ended, does nothing.
pub(crate) trait Interrupt: Send + Sync {
    /// Asks it to end early.
    fn interrupt(&self);
}

/// A token that stops the work it was handed to. Clones are the same token.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    next: AtomicU64,
    running: Mutex<Vec<(u64, Arc<dyn Interrupt>)>>,
}

impl Cancel {
    /// Stops the work. A model that is running is interrupted; nothing is saved.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, work) in running.iter() {
            work.interrupt();
        }
    }

    /// Whether [`Cancel::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// An error once cancelled, for `?` between two pieces of work.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    /// Registers work to be interrupted for as long as the guard lives. Look at [`Cancel::is_cancelled`] after registering: a call to
    /// [`Cancel::cancel`] before that did not see it.
    pub(crate) fn register(&self, work: Arc<dyn Interrupt>) -> Registered<'_> {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).push((key, work));
        Registered { cancel: self, key }
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}

/// Keeps work registered with a [`Cancel`].
pub(crate) struct Registered<'a> {
    cancel: &'a Cancel,
    key: u64,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cancel.0.running.lock().unwrap_or_else(PoisonError::into_inner).retain(|(key, _)| *key != self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bell(AtomicU64);
    impl Interrupt for Bell {
        fn interrupt(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn only_registered_work_is_interrupted() {
        let cancel = Cancel::default();
        let (ended, running) = (Arc::new(Bell(AtomicU64::new(0))), Arc::new(Bell(AtomicU64::new(0))));
        drop(cancel.register(ended.clone()));
        let _guard = cancel.register(running.clone());
        assert!(cancel.check().is_ok());
        cancel.clone().cancel();
        assert!(matches!(cancel.check(), Err(EngineError::Cancelled)));
        assert_eq!(ended.0.load(Ordering::SeqCst), 0);
        assert_eq!(running.0.load(Ordering::SeqCst), 1);
    }
}
