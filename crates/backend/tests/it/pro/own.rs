//! Our own engine as one who does jobs: a job through it from the request to the result, nothing that leaves, and what happens where it cannot
//! work. Where ONNX Runtime's library is not at hand the first part says so and passes.

use crate::support::Lab;
use pretty_backend::objects;
use pretty_backend::settings::{OwnVariant, Settings};
use pretty_testkit::skip::skipped;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").canonicalize().unwrap()
}

/// None where it is not at hand, with the reason.
fn library() -> Option<PathBuf> {
    let named = std::env::var_os("PRETTY_ONNXRUNTIME").map(PathBuf::from);
    let path =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/runtime/libonnxruntime.so.1"));
    if path.exists() {
        return Some(path.canonicalize().unwrap());
    }
    skipped(
        "our own engine in the service",
        &format!("there is no ONNX Runtime at {} (cargo xtask setup)", path.display()),
    );
    None
}

fn with_engine(library: &Path, models: &Path) -> impl FnOnce(&mut Settings) {
    let (library, models) = (library.display().to_string(), models.display().to_string());
    |settings: &mut Settings| {
        settings.engine.library = library;
        settings.engine.models = models;
        let own =
            |variant: &str, scale, most_pixels| OwnVariant { variant: variant.into(), credits: 3, scale, most_pixels };
        settings.engine.variants =
            vec![own("own_2x", 2, 12_000_000), own("own_clean", 1, 12_000), own("own_slow", 4, 12_000_000)];
    }
}

on_both! {
    async fn a_photo_is_enhanced_here_and_nothing_leaves(database) {
        let Some(library) = library() else { return };
        let lab = Lab::with(database, with_engine(&library, &models())).await;
        let mara = lab.member("mara@example.org", 20).await;
        lab.providers.prepare(&lab.settings).await.unwrap();
        let prices = lab.api("GET", "/v1/prices", None, None).await.json();
        assert!(prices.as_array().unwrap().contains(&json!({"kind": "enhance", "variant": "own_2x", "credits": 3})), "{prices}");
        let quote = json!({"kind": "enhance", "variant": "own_2x", "photos": [{"width": 120, "height": 80}]});
        let quote = lab.api("POST", "/v1/quotes", Some(&mara.token), Some(quote)).await.json();
        assert_eq!((&quote["price"], &quote["sends"]["to"]), (&json!(3), &json!("As Pretty As A Picture")));
        // In two ways: twice as large, and only cleaned, which is done on a smaller copy.
        for (variant, width, height) in [("own_2x", 160, 240), ("own_clean", 80, 120)] {
            let photo = lab.photo(&mara, 120, 80).await;
            let id = lab.job(&mara, json!({"kind": "enhance", "variant": variant, "photos": [photo], "price": 3})).await;
            assert_eq!(lab.work().await, 1);
            let job = lab.look(&mara, &id).await;
            assert_eq!((&job["state"], &job["charged"]), (&json!("succeeded"), &json!(true)), "{job}");
            let result = &job["result"];
            assert_eq!((&result["width"], &result["height"], &result["media_type"]), (&json!(width), &json!(height), &json!("image/jpeg")));
            let (status, file) = lab.fetch(&format!("/v1/jobs/{id}/result"), &mara.token, None).await;
            assert_eq!((status.as_u16(), file.len() as u64), (200, result["bytes"].as_u64().unwrap()));
            assert_eq!(crate::support::pictures::traces(&file), Vec::<&str>::new());
        }
        assert_eq!(lab.credits(&mara).await, (14, 0));
        assert!(lab.left().is_empty(), "nobody outside was asked");
        // The others' lanes leave such a job alone, and this one leaves theirs.
        let theirs = lab.enhancement(&mara).await;
        assert_eq!(lab.work().await, 1);
        assert_eq!((lab.state(&mara, &theirs).await.as_str(), lab.replicate().predictions().len()), ("succeeded", 1));
        // What was left on the way is gone.
        let scratch = Path::new(&lab.settings.server.data).join("tmp");
        assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
    }
}

on_both! {
    async fn stopped_it_stops_and_costs_nothing(database) {
        let Some(library) = library() else { return };
        let lab = Lab::with(database, with_engine(&library, &models())).await;
        let mara = lab.member("mara@example.org", 20).await;
        // Large enough to take some seconds on any machine.
        let photo = lab.photo(&mara, 1600, 1200).await;
        let id = lab.job(&mara, json!({"kind": "enhance", "variant": "own_slow", "photos": [photo], "price": 3})).await;
        let stop = async {
            let running = lab.seen(&id, &mara.token, |job| job["progress"].as_f64().is_some_and(|part| part > 0.0)).await;
            assert_eq!(running.last().unwrap()["state"], "running");
            assert_eq!(lab.api("POST", &format!("/v1/jobs/{id}/cancel"), Some(&mara.token), None).await.status, 200);
        };
        tokio::join!(lab.work(), stop);
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("cancelled", (20, 0)));
        lab.database.clock.advance(Duration::from_secs(7 * 3600));
        objects::sweep(&lab.app.app, 100).await.unwrap();
        assert_eq!(lab.objects.of_person(mara.id).await.unwrap().len(), 1, "the photo and no result");
    }
}

on_both! {
    async fn without_library_or_models_a_job_waits_and_comes_to_nothing_for_free(database) {
        let nowhere = database.folder.path().join("nowhere");
        let lab = Lab::with(database, with_engine(&nowhere.join("libonnxruntime.so.1"), &nowhere)).await;
        let mara = lab.member("mara@example.org", 20).await;
        let refused = lab.providers.prepare(&lab.settings).await.unwrap_err().to_string();
        assert!(refused.contains("[engine]") && refused.contains(&nowhere.display().to_string()), "{refused}");
        let photo = lab.photo(&mara, 120, 80).await;
        let id = lab.job(&mara, json!({"kind": "enhance", "variant": "own_2x", "photos": [photo], "price": 3})).await;
        assert_eq!(lab.work_on().await, 3, "another worker may have them");
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("failed not_offered", (20, 0)));
    }
}

/// The program itself does not start to work without what it offers, and says which file is missing.
#[test]
fn a_process_that_works_does_not_start_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let variants = "[{ variant = \"own_2x\", credits = 2, scale = 2, most_pixels = 12000000 }]";
    let start = |mode: &str, models: &str, variants: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_pretty-backend"))
            .args(["--data", folder.path().to_str().unwrap(), mode])
            .env("PRETTY__SERVER__LISTEN", "127.0.0.1:0")
            .env("PRETTY__ENGINE__MODELS", models)
            .env("PRETTY__ENGINE__LIBRARY", "/nowhere/libonnxruntime.so.1")
            .env("PRETTY__ENGINE__VARIANTS", variants)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let here = models();
    for mode in ["serve", "worker"] {
        let said = start(mode, here.to_str().unwrap(), variants);
        assert!(said.contains("/nowhere/libonnxruntime.so.1") && said.contains("[engine]"), "{said}");
    }
    assert!(start("worker", "/nowhere/models", variants).contains("/nowhere/models"));
    // What cannot be is refused by its key.
    for (variants, models, key) in [
        (variants, "models", "engine.models"),
        ("[{ variant = \"upscale_2x\", credits = 2, scale = 2, most_pixels = 12000000 }]", "/m", "engine.variants"),
        ("[{ variant = \"own_3x\", credits = 2, scale = 3, most_pixels = 12000000 }]", "/m", "engine.variants"),
        ("[{ variant = \"own_4x\", credits = 2, scale = 4, most_pixels = 120000000 }]", "/m", "engine.variants"),
    ] {
        assert!(start("worker", models, variants).contains(&format!("`{key}`")), "{variants}");
    }
}
