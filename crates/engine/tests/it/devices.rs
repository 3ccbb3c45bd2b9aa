//! WebGPU on software Vulkan: the way a graphics card is found, checked and used, without one. And what happens when there is none.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pretty_contract::device::Trust;
use pretty_contract::export::{Collision, Format};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Cancel, Engine, EngineConfig, EnhanceRequest, Outcome, Place, Silent, Target, locate};
use pretty_photo::picture::{Channels, Depth};
use pretty_photo::save::Kept;
use pretty_photo::{Limits, Metadata, ResultSpec};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::skip::skipped;
use pretty_testkit::{compare, scene};

use crate::child;

/// Names a description of a software Vulkan by hand (Mesa's lavapipe 25 or newer, or SwiftShader).
const BY_HAND: &str = "PRETTY_TEST_VULKAN";
const ICD: &str = "VK_ICD_FILENAMES";

/// A software Vulkan's description: named by hand, or SwiftShader as browsers bring it.
fn software_vulkan() -> Option<PathBuf> {
    let places = ["/usr/lib/chromium/vk_swiftshader_icd.json", "/usr/lib64/chromium-browser/vk_swiftshader_icd.json"];
    let named = std::env::var_os(BY_HAND).map(PathBuf::from);
    named.into_iter().chain(places.map(PathBuf::from)).find(|path| path.exists())
}

fn engine(models: &Path) -> Engine {
    let config = EngineConfig {
        runtime_library: locate::runtime_library(None),
        models_folder: models.to_path_buf(),
        memory_budget_bytes: 0,
        stopwatch: child::stopwatch,
    };
    Engine::open(config).unwrap()
}

/// A child: the same for small models and for those that ship.
#[test]
fn checks_and_uses_all_devices() {
    if child::is_child() {
        checks_and_uses(ModelsFolder::small().path());
    }
}

#[test]
fn checks_and_uses_all_devices_with_models_that_ship() {
    if child::is_child() {
        checks_and_uses(models_that_ship(&["restore", "upscale-2x"]).path());
    }
}

/// Some of the models that ship, in a folder of their own: software takes a minute to be a graphics card for each.
fn models_that_ship(ids: &[&str]) -> tempfile::TempDir {
    const MARK: &str = "\n[[model]]\n";
    let (all, some) = (locate::models_folder(None), tempfile::tempdir().unwrap());
    let manifest = std::fs::read_to_string(all.join("manifest.toml")).unwrap();
    let mut parts = manifest.split(MARK);
    let mut chosen = parts.next().unwrap().to_owned();
    for id in ids {
        let name = format!("id = \"{id}\"");
        let part = parts.clone().find(|part| part.lines().any(|line| line == name)).unwrap();
        chosen.push_str(MARK);
        chosen.push_str(part);
        let file = format!("{id}.onnx");
        std::fs::copy(all.join(&file), some.path().join(&file)).unwrap();
    }
    std::fs::write(some.path().join("manifest.toml"), chosen).unwrap();
    some
}

/// Checks all devices, then enhances one small photo on each that is trusted, and compares.
fn checks_and_uses(models: &Path) {
    let engine = engine(models);
    engine.check_devices(&|_| {});
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    write(&photo);
    let mut pictures = Vec::new();
    for device in engine.devices() {
        child::answer(&format!("{} {}", device.id, serde_json::to_string(&device.trust).unwrap()));
        if !matches!(device.trust, Trust::Verified { .. }) {
            continue;
        }
        let steps = vec![
            Step::Restore { denoise: 1.0, detail: 1.0, model: None },
            Step::Upscale { scale: 2, strength: 1.0, model: None },
        ];
        let target = Target {
            place: Place::Folder(folder.path().into()),
            format: Some(Format::Png),
            quality: 90,
            collision: Collision::Rename,
        };
        let request = EnhanceRequest {
            photo: photo.clone(),
            recipe: Recipe::new(steps),
            target,
            device: Some(device.id.clone()),
            limits: Limits::default(),
            kept: Kept::default(),
        };
        let Outcome::Saved(saved) = engine.enhance(&request, &Silent, &Cancel::default()).unwrap() else {
            panic!("it was skipped")
        };
        child::answer(&format!("{} enhanced on {} with {:?}", device.id, saved.device, saved.notes));
        pictures.push(pretty_photo::decode(&saved.path, &Limits::default()).unwrap().picture);
    }
    for picture in &pictures[1..] {
        let difference = compare::max_difference(&pictures[0], picture) * 255.0;
        assert!(difference <= 2.0, "{difference}");
        child::answer(&format!("differs by {difference:.0}"));
    }
}

fn write(path: &Path) {
    let picture = scene::picture(96, 80, Channels::Rgb, Depth::Eight, 4);
    let spec = ResultSpec {
        width: 96,
        height: 80,
        channels: Channels::Rgb,
        depth: Depth::Eight,
        alpha: false,
        format: Format::Png,
        quality: 100,
        metadata: Metadata::default(),
    };
    let band = pretty_photo::picture::Band { top: 0, height: 80, colour: picture.colour, alpha: None };
    let mut file = std::fs::File::create_new(path).unwrap();
    pretty_photo::encode(&spec, &mut file, &mut std::iter::once(Ok::<_, ()>(band))).unwrap();
}

#[test]
fn webgpu_on_software_vulkan_is_verified_and_used() {
    on_software_vulkan("devices::checks_and_uses_all_devices");
}

/// What ships gives on the card what it gives on the processor: in the check's tiles, and at work on a photo.
#[test]
fn models_that_ship_agree_on_software_vulkan_with_the_processor() {
    on_software_vulkan("devices::checks_and_uses_all_devices_with_models_that_ship");
}

fn on_software_vulkan(test: &str) {
    if child::is_child() {
        return;
    }
    let Some(icd) = software_vulkan() else {
        skipped(test, &format!("no software Vulkan here (name one in {BY_HAND})"));
        return;
    };
    // A folder of its own, because the loader asks for one; the cache stays where it is, or shaders are compiled anew each time.
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [(ICD, icd.as_os_str()), ("VK_DRIVER_FILES", icd.as_os_str()), ("XDG_RUNTIME_DIR", folder.path().as_os_str())];
    let said = child::run(test, &variables);
    eprintln!("{said}");
    if !said.contains("webgpu ") {
        skipped(test, "this library holds no WebGPU");
        return;
    }
    assert!(said.contains("webgpu {\"kind\":\"verified\""), "{said}");
    assert!(said.contains("webgpu enhanced on Graphics card (WebGPU) with []"), "{said}");
}

#[test]
fn without_vulkan_the_processor_does_the_work_and_a_reason_is_given() {
    if child::is_child() {
        return;
    }
    let none = OsStr::new("/nonexistent");
    let said = child::run("devices::checks_and_uses_all_devices", &[(ICD, none), ("VK_DRIVER_FILES", none)]);
    eprintln!("{said}");
    assert!(said.contains("cpu {\"kind\":\"verified\""), "{said}");
    assert!(said.contains("cpu enhanced on This computer's processor with []"), "{said}");
    if said.contains("webgpu ") {
        assert!(said.contains("webgpu {\"kind\":\"refused\",\"reason\":\"It could not be started ("), "{said}");
    }
}
