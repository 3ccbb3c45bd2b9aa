//! Critiques, comparisons and the privacy ledger as files, and what those must never be written over.

use super::*;

/// Somebody with two photos and a comparison of them.
fn compared() -> (Fake, Stage, String) {
    let (fake, _, stage) = signed_in();
    fake.world().outcome = json!({ "state": "succeeded", "result": { "kind": "compare", "comparison": {
        "summary": "Both show a hill.", "stronger": 1, "measured_by": "test",
        "reasons": [{ "dimension": "light", "stronger": 1, "text": "It is lower." }] } } });
    let other = stage.photos().join("\u{421}\u{430}\u{434}.jpg");
    image::RgbImage::from_pixel(60, 80, image::Rgb([9, 120, 40])).save(&other).unwrap();
    let ids: Vec<u32> = stage.add_all(&[photo(&stage), other]).iter().map(|id| id.0).collect();
    let made = stage.ask(
        "submit_pro_jobs",
        json!({ "kind": "compare", "variant": "standard", "photos": ids, "options": {}, "each": 1,
        "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" }, "agreed": true }),
    );
    let done = wait_stage(&stage, made["ids"][0].as_str().unwrap(), is_done);
    let ProStage::Done { result: ProResult::Compared { id } } = done.stage else { panic!() };
    (fake, stage, id)
}

#[test]
fn a_comparison_is_saved_as_text_and_as_pages_with_both_photos() {
    let (_fake, stage, id) = compared();
    let at = |name: &str| stage.folder.path().join(name);
    stage.ask("export_critique", json!({ "id": id, "format": "markdown", "path": at("c.md") }));
    let text = std::fs::read_to_string(at("c.md")).unwrap();
    for said in [
        "# Comparison of secret name.jpg and \u{421}\u{430}\u{434}.jpg",
        "The second photo is stronger",
        "It is lower.",
    ] {
        assert!(text.contains(said), "{said} is missing from\n{text}");
    }
    stage.ask("export_critique", json!({ "id": id, "format": "pdf", "path": at("c.pdf") }));
    let pages = std::fs::read(at("c.pdf")).unwrap();
    let text = String::from_utf8_lossy(&pages);
    assert_eq!((pages.starts_with(b"%PDF-"), text.matches("/DCTDecode").count()), (true, 2));
    assert!(text.contains("2: Sad.jpg"), "a name in other letters is written in Latin ones");
}

#[test]
fn a_document_is_written_over_an_older_one_and_over_nothing_else() {
    let (_fake, stage, id) = compared();
    let export = |format: &str, path: &std::path::Path| {
        stage.studio.command("export_critique", json!({ "id": id, "format": format, "path": path }))
    };
    let photos = stage.photos();
    let jpeg = std::fs::read(photos.join("secret name.jpg")).unwrap();
    // A photo under the name of a document: on the list, and reached by a link.
    let disguised = photos.join("holiday.pdf");
    std::fs::write(&disguised, &jpeg).unwrap();
    let link = photos.join("link.md");
    #[cfg(unix)]
    std::os::unix::fs::symlink(photos.join("secret name.jpg"), &link).unwrap();
    #[cfg(not(unix))]
    std::fs::write(&link, &jpeg).unwrap();
    let folder = photos.join("folder.pdf");
    std::fs::create_dir(&folder).unwrap();
    let program = photos.join("program.md");
    std::fs::write(&program, b"\x7fELF\0\0").unwrap();
    let cases = [
        ("pdf", photos.join("secret name.jpg")),
        ("markdown", photos.join("secret name.jpg")),
        ("pdf", disguised.clone()),
        ("markdown", link.clone()),
        ("pdf", folder),
        ("markdown", program),
        ("pdf", photos.join("notes.md")),
        ("markdown", photos.join("pages.pdf")),
        ("pdf", photos.join("no ending")),
        ("pdf", photos.join("no such folder/a.pdf")),
    ];
    for (format, path) in cases {
        let before = std::fs::read(&path).ok();
        let refused = export(format, &path).expect_err(&path.display().to_string());
        assert_eq!(refused.code, Code::TargetFailed, "{}", path.display());
        assert_eq!(std::fs::read(&path).ok(), before, "{} was changed", path.display());
    }
    assert_eq!(std::fs::read(photos.join("secret name.jpg")).unwrap(), jpeg);
    let ledger = stage.refusal("export_privacy_ledger", json!({ "path": photos.join("secret name.jpg") }));
    assert_eq!(ledger.code, Code::TargetFailed);
    // An older document, in capitals.
    let older = photos.join("OLDER.PDF");
    std::fs::write(&older, b"%PDF-1.4 older").unwrap();
    export("pdf", &older).unwrap();
    assert!(std::fs::read(&older).unwrap().len() > 100);
    let ledger = stage.folder.path().join("sent.csv");
    for _ in 0..2 {
        stage.ask("export_privacy_ledger", json!({ "path": ledger }));
    }
    assert!(std::fs::read_to_string(&ledger).unwrap().contains("secret name.jpg"));
    let left: Vec<_> = std::fs::read_dir(&photos).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("part")), "{left:?}");
}
