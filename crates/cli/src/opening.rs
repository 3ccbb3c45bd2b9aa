//! Opening the engine with the library and the models that are here, and settling on a device.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pretty_contract::device::{Device, Trust};
use pretty_contract::problem::{Code, Problem};
use pretty_engine::{Engine, EngineConfig, locate};

/// The device that is there everywhere and needs no check.
pub(crate) const CPU: &str = "cpu";

/// The engine.
pub(crate) fn engine() -> Result<Engine, Problem> {
    let config = EngineConfig {
        runtime_library: locate::runtime_library(None),
        models_folder: locate::models_folder(None),
        memory_budget_bytes: 0,
        stopwatch,
    };
    Engine::open(config).map_err(|error| error.problem())
}

/// Time since the program started.
fn stopwatch() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The device that was asked for, checked unless it is the CPU; `None` lets the engine take the best one that passed.
///
/// The CPU is the default, because checking the others takes seconds, which a script pays again at each start.
pub(crate) fn device(engine: &Engine, wanted: &str) -> Result<Option<String>, Problem> {
    match wanted {
        CPU => Ok(Some(CPU.to_owned())),
        "auto" => {
            engine.check_devices(&|_| {});
            Ok(None)
        }
        id => {
            if engine.devices().iter().any(|device| device.id == id) {
                engine.check_devices(&|_| {});
            }
            usable(&engine.devices(), id)
        }
    }
}

fn usable(devices: &[Device], id: &str) -> Result<Option<String>, Problem> {
    let problem = |message| Problem { code: Code::DeviceFailed, message, retryable: false, detail: None };
    let Some(device) = devices.iter().find(|device| device.id == id) else {
        let known = devices.iter().map(|device| device.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(problem(format!("There is no device called \"{id}\" here; there is {known}.")));
    };
    match &device.trust {
        Trust::Refused { reason } => Err(problem(format!("{} is not used: {reason} Use --device cpu.", device.name))),
        _ => Ok(Some(id.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_or_unknown_device_is_said() {
        let device = |id: &str, trust| Device { id: id.into(), name: format!("The {id}"), trust };
        let devices = [
            device("cpu", Trust::Verified { max_error: 0.0, seconds_per_megapixel: 1.0 }),
            device("webgpu", Trust::Refused { reason: "No adapter.".into() }),
        ];
        assert_eq!(usable(&devices, "cpu").unwrap().as_deref(), Some("cpu"));
        assert!(usable(&devices, "webgpu").unwrap_err().message.contains("No adapter."));
        assert!(usable(&devices, "abacus").unwrap_err().message.contains("cpu, webgpu"));
    }
}
