//! Which devices there are, which may be used, and which is best. How one earns trust is in `verify`.

mod verify;

use std::sync::{Arc, Mutex, PoisonError};

use pretty_contract::device::{Device, Trust};

use crate::error::EngineError;
use crate::model::ModelFile;
use crate::plan::listed;
use crate::provider::Provider;
pub(crate) use verify::Verification;

/// All devices, the processor first.
pub(crate) struct Devices {
    slots: Vec<Arc<Slot>>,
    /// One check at a time: two would measure each other.
    checking: Mutex<()>,
}

/// A device and what is known of it.
pub(crate) struct Slot {
    pub(crate) provider: Arc<dyn Provider>,
    trust: Mutex<Trust>,
    processor: bool,
}

impl Slot {
    fn new(provider: Arc<dyn Provider>, processor: bool) -> Arc<Self> {
        Arc::new(Self { provider, trust: Mutex::new(Trust::Unchecked), processor })
    }

    pub(crate) fn is_processor(&self) -> bool {
        self.processor
    }

    pub(crate) fn trust(&self) -> Trust {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trust: Trust) {
        *self.trust.lock().unwrap_or_else(PoisonError::into_inner) = trust;
    }
}

impl Devices {
    pub(crate) fn new(processor: Arc<dyn Provider>, accelerators: Vec<Arc<dyn Provider>>) -> Self {
        let slots = std::iter::once(Slot::new(processor, true))
            .chain(accelerators.into_iter().map(|provider| Slot::new(provider, false)));
        Self { slots: slots.collect(), checking: Mutex::new(()) }
    }

    pub(crate) fn processor(&self) -> &Arc<Slot> {
        &self.slots[0]
    }

    #[cfg(test)]
    pub(crate) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    pub(crate) fn list(&self) -> Vec<Device> {
        let device = |slot: &Arc<Slot>| Device {
            id: slot.provider.id().into(),
            name: slot.provider.name().into(),
            trust: slot.trust(),
        };
        self.slots.iter().map(device).collect()
    }

    /// Takes up known verdicts where nobody has looked yet.
    pub(crate) fn recall(&self, known: &[Device]) {
        for slot in self.slots.iter().filter(|slot| slot.trust() == Trust::Unchecked) {
            let same =
                known.iter().find(|device| device.id == slot.provider.id() && device.name == slot.provider.name());
            let verdict = same.map(|device| &device.trust);
            if let Some(trust @ (Trust::Verified { .. } | Trust::Refused { .. })) = verdict {
                slot.set(trust.clone());
            }
        }
    }

    /// A device stopped working while in use. The processor is never refused: there is nothing behind it.
    pub(crate) fn refuse(&self, slot: &Slot, reason: &str) {
        if !slot.processor {
            slot.set(Trust::Refused { reason: sentence(reason) });
        }
    }

    /// The device of this name once it has been verified, or the fastest that has been, else the processor.
    pub(crate) fn choose(&self, named: Option<&str>, verification: &Verification) -> Result<Arc<Slot>, EngineError> {
        let Some(id) = named else { return Ok(self.best()) };
        let slot = self.slots.iter().find(|slot| slot.provider.id() == id).ok_or_else(|| {
            let known: Vec<String> = self.slots.iter().map(|slot| slot.provider.id().to_owned()).collect();
            EngineError::DeviceUnknown { id: id.into(), known: listed(&known) }
        })?;
        if !slot.processor && matches!(slot.trust(), Trust::Unchecked | Trust::Checking) {
            let _alone = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
            // Someone else may have checked it meanwhile.
            if matches!(slot.trust(), Trust::Unchecked | Trust::Checking) {
                slot.set(verification.run(&self.processor().provider, slot));
            }
        }
        match slot.trust() {
            Trust::Refused { reason } => Err(EngineError::DeviceRefused { name: slot.provider.name().into(), reason }),
            _ => Ok(slot.clone()),
        }
    }

    pub(crate) fn best(&self) -> Arc<Slot> {
        let speed = |slot: &Arc<Slot>| match slot.trust() {
            Trust::Verified { seconds_per_megapixel, .. } => Some((seconds_per_megapixel, slot.clone())),
            _ => None,
        };
        let fastest = self.slots.iter().filter_map(speed).min_by(|one, other| one.0.total_cmp(&other.0));
        fastest.map_or_else(|| self.processor().clone(), |(_, slot)| slot)
    }

    /// Checks every device again. `changed` hears the whole list after each change.
    pub(crate) fn check_all(&self, verification: &Verification, changed: &dyn Fn(Vec<Device>)) {
        let _alone = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in &self.slots {
            slot.set(Trust::Checking);
        }
        changed(self.list());
        for slot in &self.slots {
            slot.set(verification.run(&self.processor().provider, slot));
            changed(self.list());
        }
    }
}

/// The models that a device must get right before it is trusted.
pub(crate) type ReferenceModels = Vec<Arc<ModelFile>>;

fn sentence(reason: &str) -> String {
    let mut letters = reason.trim().chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let text = first + letters.as_str();
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

#[cfg(test)]
mod tests;
