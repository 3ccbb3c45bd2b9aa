//! `pretty devices` and `pretty models`.

use pretty_contract::command::Model;
use pretty_contract::device::{Device, Trust};

use crate::arguments::Listing;
use crate::exit::End;
use crate::opening;
use crate::telling::{out, refusal};

/// Checks every device against the CPU and lists them.
pub(crate) fn devices(wanted: &Listing) -> End {
    let engine = match opening::engine() {
        Ok(engine) => engine,
        Err(problem) => {
            refusal(wanted.json, &problem);
            return End::NothingRuns;
        }
    };
    engine.check_devices(&|_| {});
    let devices = engine.devices();
    if wanted.json {
        return json(&devices);
    }
    for device in &devices {
        out(&format!("{:<10} {}: {}", device.id, device.name, verdict(device)));
    }
    End::AllDone
}

fn verdict(device: &Device) -> String {
    match &device.trust {
        Trust::Unchecked | Trust::Checking => "not checked".to_owned(),
        Trust::Verified { max_error, seconds_per_megapixel } => {
            format!("verified, largest difference {max_error:.2}/255, {seconds_per_megapixel:.2} s a megapixel")
        }
        Trust::Refused { reason } => format!("not used: {reason}"),
    }
}

/// Lists the models of the manifest.
pub(crate) fn models(wanted: &Listing) -> End {
    let engine = match opening::engine() {
        Ok(engine) => engine,
        Err(problem) => {
            refusal(wanted.json, &problem);
            return End::NothingRuns;
        }
    };
    let models: Vec<Model> = engine
        .manifest()
        .models
        .iter()
        .map(|entry| Model {
            id: entry.id.clone(),
            name: entry.name.clone(),
            version: entry.version.clone(),
            task: entry.task.name().to_owned(),
            scale: entry.scale,
        })
        .collect();
    if wanted.json {
        return json(&models);
    }
    for model in &models {
        out(&format!("{:<12} {} {}, {} {}×", model.id, model.name, model.version, model.task, model.scale));
    }
    End::AllDone
}

fn json<T: serde::Serialize>(what: &T) -> End {
    match serde_json::to_string_pretty(what) {
        Ok(text) => {
            out(&text);
            End::AllDone
        }
        Err(error) => {
            crate::telling::err(&error.to_string());
            End::NothingRuns
        }
    }
}
