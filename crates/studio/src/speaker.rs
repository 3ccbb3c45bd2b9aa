//! Tells the host what happened, in order, from a thread of its own: whoever changes state never waits for a window.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use pretty_contract::event::Event;

use crate::host::Host;

/// Where events are put. Put them while holding the state's lock and they leave in the order of the changes.
pub(crate) struct Speaker {
    sender: Mutex<Option<Sender<Event>>>,
}

impl Speaker {
    /// The speaker, and what its thread reads from.
    pub(crate) fn new() -> (Self, Receiver<Event>) {
        let (sender, receiver) = channel();
        (Self { sender: Mutex::new(Some(sender)) }, receiver)
    }

    /// Says something; nothing once [`Speaker::end`] was called.
    pub(crate) fn say(&self, event: Event) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref() {
            // The receiver goes only when the studio ends.
            let _ = sender.send(event);
        }
    }

    /// Lets the thread end once it has said everything.
    pub(crate) fn end(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The thread's work.
pub(crate) fn speak(host: &Arc<dyn Host>, events: &Receiver<Event>) {
    for event in events {
        host.emit(event);
    }
}
