use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pretty_testkit::models::ModelsFolder;

use super::*;
use crate::engine::Engine;
use crate::runtime::Runtime;
use crate::testing::{self, Misbehaviour};

fn check_card(misbehaviour: Misbehaviour, limit: Duration) -> Trust {
    let models = ModelsFolder::small();
    let engine = testing::engine_with_card(models.path(), misbehaviour, 0, usize::MAX);
    let shared = engine.shared();
    let verification = Verification { limit, ..shared.verification().unwrap() };
    shared.devices.check_all(&verification, &|_| {});
    engine.devices()[1].trust.clone()
}

fn reason(misbehaviour: Misbehaviour) -> String {
    match check_card(misbehaviour, Duration::from_secs(60)) {
        Trust::Refused { reason } => reason,
        other => panic!("{misbehaviour:?}: {other:?}"),
    }
}

#[test]
fn equal_answers_earn_trust() {
    let Trust::Verified { max_error, seconds_per_megapixel } = check_card(Misbehaviour::None, Duration::from_secs(60))
    else {
        panic!("it was refused")
    };
    assert_eq!(max_error, 0.0);
    assert!(seconds_per_megapixel > 0.0);
    // Half a step of 255 is rounding.
    let Trust::Verified { max_error, .. } = check_card(Misbehaviour::Drift(0.05 / 255.0), Duration::from_secs(60))
    else {
        panic!("it was refused")
    };
    assert!((0.04..0.06).contains(&max_error), "{max_error}");
}

#[test]
fn everything_else_is_refused_with_a_reason() {
    assert_eq!(reason(Misbehaviour::DoesNotStart), "It could not be started (no supported adapters).");
    assert_eq!(reason(Misbehaviour::NotANumber), "Its answer for the model restore holds values that are no numbers.");
    assert!(
        reason(Misbehaviour::Drift(0.01))
            .starts_with("Its answers for the model restore differ from the processor's by up to 2.")
    );
    // Under the largest difference that is allowed, and over the mean one.
    assert!(reason(Misbehaviour::Drift(1.0 / 255.0)).contains("differ"));
    assert!(reason(Misbehaviour::Fails).contains("failed to run the model restore (the device was lost)"));
    assert!(reason(Misbehaviour::WrongSize).contains("wrong size"));
    let Trust::Refused { reason } = check_card(Misbehaviour::Hangs, Duration::from_millis(300)) else {
        panic!("it was trusted")
    };
    assert!(reason.starts_with("It did not finish its check within"), "{reason}");
}

fn engine_with_three(models: &ModelsFolder, fast: Misbehaviour) -> Engine {
    let processor = Runtime::load(&crate::locate::runtime_library(None)).unwrap().processor();
    let slow = testing::faulty(processor.clone(), "slow", Misbehaviour::Slow(80), 0, usize::MAX);
    let fast = testing::faulty(processor.clone(), "fast", fast, 0, usize::MAX);
    let cpu = testing::faulty(processor, "cpu", Misbehaviour::Slow(40), 0, usize::MAX);
    let mut config = testing::config(models.path().to_path_buf());
    config.stopwatch = testing::slow_clock;
    let manifest = crate::manifest::Manifest::read(models.path()).unwrap();
    Engine::with_providers(config, manifest, Arc::new(cpu), vec![Arc::new(slow), Arc::new(fast)])
}

#[test]
fn the_fastest_that_is_trusted_is_used() {
    let models = ModelsFolder::small();
    let engine = engine_with_three(&models, Misbehaviour::None);
    assert_eq!(engine.shared().devices.best().provider.id(), "cpu");
    let changes = AtomicUsize::new(0);
    engine.check_devices(&|devices| {
        assert_eq!(devices.len(), 3);
        changes.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!(changes.load(Ordering::SeqCst), 4);
    assert_eq!(engine.shared().devices.best().provider.id(), "fast");
    let fast = engine.shared().devices.slots()[2].clone();
    engine.shared().devices.refuse(&fast, "it stopped working");
    assert_eq!(engine.shared().devices.best().provider.id(), "cpu");
}

#[test]
fn a_named_device_is_checked_before_it_is_used() {
    let models = ModelsFolder::small();
    let engine = engine_with_three(&models, Misbehaviour::NotANumber);
    let error = engine.shared().device(Some("fast")).err().unwrap();
    assert!(matches!(error, EngineError::DeviceRefused { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "A card that misbehaves is not used: Its answer for the model restore holds values that are no numbers. Choose another device, or none to use \
         the best one that works."
    );
    assert!(engine.shared().device(Some("slow")).is_ok());
    assert_eq!(engine.shared().device(Some("cpu")).unwrap().provider.id(), "cpu");
    let error = engine.shared().device(Some("abacus")).err().unwrap();
    assert_eq!(error.to_string(), "There is no device called \"abacus\" here; at hand: cpu, slow and fast.");
}

#[test]
fn the_processor_is_never_refused() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let processor = engine.shared().devices.processor().clone();
    engine.shared().devices.refuse(&processor, "anything");
    assert_eq!(processor.trust(), Trust::Unchecked);
}
