//! Photos on their way up: parts, cuts, what is no photo, what is left of a photo, quotas, whose they are.

use crate::support::pictures::{self, SECRETS, traces};
use crate::support::{Member, TestApp, TestDatabase, settings};
use axum::http::StatusCode;
use pretty_backend::photos::pixels::checksum;
use pretty_backend::store::count_of;
use pretty_backend::{objects, uploads};
use pretty_contract::export::Format;
use serde_json::json;
use std::time::Duration;

impl TestApp {
    async fn objects_of(&self, member: &Member) -> usize {
        self.app.objects.of_person(member.id).await.unwrap().len()
    }
}

on_both! {
    async fn a_photo_comes_up_in_parts_and_nothing_beside_its_pixels_stays(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::jpeg(120, 80);
        for secret in SECRETS {
            assert!(traces(&file).contains(&secret), "the test's own photo holds {secret}");
        }
        let begun = app.announce(&mara, "k1", &file, "image/jpeg").await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
        let id = begun.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(app.announce(&mara, "k1", &file, "image/jpeg").await.json()["id"], id.as_str(), "the same key is the same upload");
        assert_eq!(app.announce(&mara, "k1", &file, "image/png").await.status, StatusCode::CONFLICT);
        let cut = file.len() / 3;
        assert_eq!(app.part(&mara, &id, 0, &file[..cut]).await.json()["offset"], cut);
        // A part that was sent twice, one that leaves a gap, one that is too long.
        assert_eq!(app.part(&mara, &id, 0, &file[..cut]).await.status, StatusCode::CONFLICT);
        assert_eq!(app.part(&mara, &id, cut + 1, &file[cut + 1..]).await.status, StatusCode::CONFLICT);
        let long = [&file[cut..], b"x"].concat();
        assert_eq!(app.part(&mara, &id, cut, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let look = app.api("GET", &format!("/v1/uploads/{id}"), Some(&mara.token), None).await.json();
        assert_eq!((look["offset"].as_u64(), look.get("photo_id")), (Some(cut as u64), None), "nothing half done");
        // Two requests with the last part at once.
        let (one, two) = tokio::join!(app.part(&mara, &id, cut, &file[cut..]), app.part(&mara, &id, cut, &file[cut..]));
        assert!([&one, &two].iter().any(|answer| answer.status == StatusCode::OK), "{} {}", one.text, two.text);
        // An empty part at the end asks again.
        let photo = app.part(&mara, &id, file.len(), b"").await.json()["photo_id"].as_str().unwrap().to_owned();
        let photos = app.api("GET", "/v1/photos", Some(&mara.token), None).await.json();
        assert_eq!(photos.as_array().unwrap().len(), 1);
        // It lay on its side.
        assert_eq!((&photos[0]["id"], &photos[0]["width"], &photos[0]["height"]), (&json!(photo), &json!(80), &json!(120)));
        let (status, stored) = app.fetch(&format!("/v1/photos/{photo}/content"), &mara.token, None).await;
        assert_eq!((status, traces(&stored)), (StatusCode::OK, Vec::new()), "nothing of the person is left");
        let (status, part) = app.fetch(&format!("/v1/photos/{photo}/content"), &mara.token, Some("bytes=10-19")).await;
        assert_eq!((status, part.as_slice()), (StatusCode::PARTIAL_CONTENT, &stored[10..20]));
        // The slower one of the two last parts goes some hours later, the others with the worker's next sweep.
        objects::sweep(&app.app, 100).await.unwrap();
        assert!((1..=2).contains(&app.objects_of(&mara).await));
        // Somebody else's photo and upload are not there.
        let eve = app.member("eve@example.org", 0).await;
        for (method, path) in [("GET", format!("/v1/uploads/{id}")), ("GET", format!("/v1/photos/{photo}/content")), ("DELETE", format!("/v1/photos/{photo}"))] {
            assert_eq!(app.api(method, &path, Some(&eve.token), None).await.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
        assert_eq!(app.part(&eve, &id, file.len(), b"").await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.api("DELETE", &format!("/v1/photos/{photo}"), Some(&mara.token), None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.api("DELETE", &format!("/v1/photos/{photo}"), Some(&mara.token), None).await.status, StatusCode::NOT_FOUND);
        app.database.clock.advance(Duration::from_secs(7 * 3600));
        objects::sweep(&app.app, 100).await.unwrap();
        assert_eq!(app.objects_of(&mara).await, 0);
    }
}

on_both! {
    async fn what_is_no_photo_is_refused_and_not_kept(database) {
        let mut settings = settings();
        settings.uploads.largest_pixels = 40_000;
        settings.uploads.largest_bytes = 200_000;
        let app = TestApp::with(database, settings);
        let mara = app.member("mara@example.org", 0).await;
        let png = pictures::plain(64, 48, Format::Png);
        let jpeg = pictures::jpeg(64, 48);
        let bomb = pictures::plain(400, 300, Format::Png);
        let behind = |file: &[u8], tail: &[u8]| [file, tail].concat();
        let zip = [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0hello".as_slice(), &[0; 8]].concat();
        for (name, file, media_type) in [
            ("a script", b"#!/bin/sh\necho photo\n".to_vec(), "image/jpeg"),
            ("a page", b"<!doctype html><script>alert(1)</script>".to_vec(), "image/png"),
            ("a drawing", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "image/png"),
            ("half a photo", jpeg[..jpeg.len() / 2].to_vec(), "image/jpeg"),
            ("a bomb", bomb, "image/png"),
            ("another kind", png.clone(), "image/jpeg"),
            ("a photo and an archive", behind(&jpeg, &zip), "image/jpeg"),
            ("a photo and a script", behind(&png, b"<?php system($_GET['c']); ?>"), "image/png"),
            ("a photo and a page", behind(&jpeg, b"<HTML><ScRiPt>1</script>"), "image/jpeg"),
            ("a photo and a document", behind(&jpeg, b"%PDF-1.7 ..."), "image/jpeg"),
            ("too small", pictures::plain(8, 8, Format::Png), "image/png"),
        ] {
            let id = app.announce(&mara, &checksum(&file), &file, media_type).await.json()["id"].as_str().unwrap().to_owned();
            let answer = app.part(&mara, &id, 0, &file).await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")), "{name}: {}", answer.text);
            assert!(!answer.text.contains("/tmp"), "{name}: no path of ours is told");
            // For good, and said again.
            assert_eq!(app.part(&mara, &id, file.len(), b"").await.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert_eq!(app.api("GET", &format!("/v1/uploads/{id}"), Some(&mara.token), None).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        // Another file than the one announced.
        let id = app.announce(&mara, "other", &png, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        let mut other = png.clone();
        other[40] ^= 1;
        assert_eq!(app.part(&mara, &id, 0, &other).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        objects::sweep(&app.app, 100).await.unwrap();
        assert_eq!(app.objects_of(&mara).await, 0, "nothing of them is kept");
        for (body, status) in [
            (json!({"bytes": 0, "sha256": checksum(b""), "media_type": "image/png"}), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({"bytes": 200_001, "sha256": checksum(b""), "media_type": "image/png"}), StatusCode::PAYLOAD_TOO_LARGE),
            (json!({"bytes": 1, "sha256": "xyz", "media_type": "image/png"}), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({"bytes": 1, "sha256": checksum(b""), "media_type": "text/html"}), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({"bytes": -1, "sha256": checksum(b""), "media_type": "image/png"}), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({"bytes": 1, "sha256": checksum(b""), "media_type": "image/png", "name": "../../etc/passwd"}), StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            assert_eq!(app.keyed("/v1/uploads", &mara.token, "bad", body.clone()).await.status, status, "{body}");
        }
        let body = json!({"bytes": 1, "sha256": checksum(b""), "media_type": "image/png"});
        for key in ["", "with space", &"k".repeat(101)] {
            assert_eq!(app.keyed("/v1/uploads", &mara.token, key, body.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{key}");
        }
        let good = app.upload(&mara, &pictures::plain(65, 48, Format::Png), "image/png").await;
        assert!(!good.is_empty());
        // What only looks like the beginning of a page is chance; in a photo that was written here anything is.
        let by_chance = app.upload(&mara, &behind(&png, b"\x01<html\x93\x02<?php\xf0"), "image/png").await;
        assert!(!by_chance.is_empty());
        let stored = axum::body::Bytes::from(behind(&png, b"<html>"));
        assert!(app.darkroom.look(stored.clone(), 40_000).await.is_err());
        assert_eq!(app.darkroom.look_at_stored(stored).await.unwrap().width, 64);
    }
}

on_both! {
    async fn a_person_keeps_only_so_much_and_leaves_nothing_lying(database) {
        let mut settings = settings();
        settings.uploads.open_each = 2;
        settings.uploads.photos_each = 1;
        let app = TestApp::with(database, settings);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::plain(64, 48, Format::Png);
        for (key, status) in [("a", StatusCode::CREATED), ("b", StatusCode::CREATED), ("c", StatusCode::FORBIDDEN), ("a", StatusCode::CREATED)] {
            assert_eq!(app.announce(&mara, key, &file, "image/png").await.status, status, "{key}");
        }
        // One of them never becomes whole: after a day it is forgotten, and its part goes.
        let open = app.announce(&mara, "a", &file, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        app.part(&mara, &open, 0, &file[..100]).await;
        assert_eq!(app.objects_of(&mara).await, 1);
        app.database.clock.advance(Duration::from_secs(25 * 3600));
        assert_eq!(uploads::sweep(&app.app, 100).await.unwrap(), 2);
        objects::sweep(&app.app, 100).await.unwrap();
        assert_eq!(app.objects_of(&mara).await, 0);
        assert_eq!(count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM doomed_objects", []).await.unwrap(), 0);
        let mara = app.signed_in_again(mara).await;
        app.upload(&mara, &file, "image/png").await;
        assert_eq!(app.announce(&mara, "d", &file, "image/png").await.status, StatusCode::FORBIDDEN, "one photo is all there is room for");
    }
}

on_both! {
    async fn a_crash_at_any_step_of_an_upload_leaves_nothing_behind(database) {
        use crate::support::crash_after;
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::plain(64, 48, Format::Png);
        let id = app.announce(&mara, "a", &file, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        let mut steps = 0;
        loop {
            // The same request again and again, dropped one step later each time; the app asks where it is and goes on from there.
            let look = app.api("GET", &format!("/v1/uploads/{id}"), Some(&mara.token), None).await.json();
            if look.get("photo_id").is_some() {
                break;
            }
            let offset = usize::try_from(look["offset"].as_u64().unwrap()).unwrap();
            crash_after(steps, app.part(&mara, &id, offset, &file[offset..])).await;
            steps += 1;
            assert!(steps < 500);
        }
        assert!(steps > 1, "{steps}");
        let photos = app.api("GET", "/v1/photos", Some(&mara.token), None).await.json();
        assert_eq!(photos.as_array().unwrap().len(), 1);
        // What crashes left is gone after some hours; checks that were begun by requests that crashed still end.
        let mut left = 0;
        for _ in 0..500 {
            app.database.clock.advance(Duration::from_secs(7 * 3600));
            objects::sweep(&app.app, 1000).await.unwrap();
            left = app.objects_of(&mara).await;
            if left == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(left, 1);
    }
}

on_both! {
    async fn the_check_of_a_whole_file_ends_although_nobody_waits_for_it(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::plain(64, 48, Format::Png);
        let id = app.announce(&mara, "a", &file, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        let shown = async || app.api("GET", &format!("/v1/uploads/{id}"), Some(&mara.token), None).await.json();
        // Whoever sends leaves as soon as the whole file is here: the place in the darkroom is taken, so the check has not begun.
        let place = app.darkroom.place().await.unwrap();
        let other = app.darkroom.place().await.unwrap();
        let mut sending = Box::pin(app.part(&mara, &id, 0, &file));
        while shown().await["offset"] != file.len() {
            let wait = tokio::time::sleep(Duration::from_millis(10));
            tokio::select! {
                _ = &mut sending => panic!("there is no place to check it"),
                () = wait => {}
            }
        }
        // A little more, so that it waits for the check.
        let _ = tokio::time::timeout(Duration::from_millis(200), &mut sending).await;
        drop(sending);
        drop((place, other));
        let mut photo = None;
        for _ in 0..1000 {
            photo = shown().await.get("photo_id").cloned();
            if photo.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(photo.is_some(), "nobody asked again, and it is a photo");
        assert_eq!(app.part(&mara, &id, file.len(), b"").await.json()["photo_id"], photo.unwrap());
    }
}

on_both! {
    async fn two_sweeps_at_once_forget_an_upload_once(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::plain(64, 48, Format::Png);
        for number in 0..8 {
            let id = app.announce(&mara, &format!("k{number}"), &file, "image/png").await.json()["id"].as_str().unwrap().to_owned();
            app.part(&mara, &id, 0, &file[..100]).await;
        }
        app.database.clock.advance(Duration::from_secs(25 * 3600));
        let (one, two) = tokio::join!(uploads::sweep(&app.app, 100), uploads::sweep(&app.app, 100));
        assert_eq!(one.unwrap() + two.unwrap(), 8);
        assert_eq!(count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM uploads", []).await.unwrap(), 0);
        objects::sweep(&app.app, 100).await.unwrap();
        assert_eq!(app.objects_of(&mara).await, 0);
    }
}

on_both! {
    async fn what_was_deleted_is_deleted_although_its_object_is_still_there(database) {
        use pretty_backend::jobs::{self, Request};
        use pretty_backend::store::entity::job;
        use sea_orm::{ConnectionTrait as _, DatabaseBackend, EntityTrait as _};
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 10).await;
        let photo = app.upload(&mara, &pictures::plain(64, 48, Format::Png), "image/png").await;
        let request = Request { kind: "critique", provider: "Anthropic", idem_key: "k", content: "{}", price: 2, most_attempts: 1, life: Duration::from_secs(60) };
        let job = jobs::submit(&app.store, &app.world, &mara.user, request).await.unwrap();
        // The list of what is to go cannot be shortened for a while.
        let tx = app.store.write_transaction().await.unwrap();
        let (stop, go_on) = match app.store.backend() {
            DatabaseBackend::Postgres => (
                "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''away''; END';
                CREATE TRIGGER away BEFORE DELETE ON doomed_objects FOR EACH ROW EXECUTE FUNCTION away();",
                "DROP TRIGGER away ON doomed_objects;",
            ),
            _ => (
                "CREATE TRIGGER away BEFORE DELETE ON doomed_objects BEGIN SELECT RAISE(ABORT, 'away'); END;",
                "DROP TRIGGER away;",
            ),
        };
        tx.execute_unprepared(stop).await.unwrap();
        tx.commit().await.unwrap();
        let delete = async |path: String| app.api("DELETE", &path, Some(&mara.token), None).await.status;
        assert_eq!(delete(format!("/v1/photos/{photo}")).await, StatusCode::NO_CONTENT);
        assert_eq!(delete(format!("/v1/jobs/{}", job.id)).await, StatusCode::NO_CONTENT);
        let row = job::Entity::find_by_id(job.id).one(app.store.reader()).await.unwrap().unwrap();
        assert!(row.deleted_at.is_some());
        let tx = app.store.write_transaction().await.unwrap();
        tx.execute_unprepared(go_on).await.unwrap();
        tx.commit().await.unwrap();
        objects::sweep(&app.app, 100).await.unwrap();
        assert_eq!(app.objects_of(&mara).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_may_only_be_so_large() {
    let mut settings = settings();
    settings.uploads.part_bytes = 1000;
    let app = TestApp::with(TestDatabase::sqlite().await, settings);
    let mara = app.member("mara@example.org", 0).await;
    let file = pictures::jpeg(200, 160);
    assert!(file.len() > 2000);
    let id = app.announce(&mara, "a", &file, "image/jpeg").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app.part(&mara, &id, 0, &file[..1001]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut offset = 0;
    for part in file.chunks(1000) {
        let answer = app.part(&mara, &id, offset, part).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        offset += part.len();
    }
    assert_eq!(app.api("GET", "/v1/photos", Some(&mara.token), None).await.json().as_array().unwrap().len(), 1);
}

#[cfg(unix)]
on_both! {
    async fn where_nothing_can_be_decoded_a_photo_is_not_refused_but_taken_later(database) {
        // A name that stands for one program and then for another.
        let program = database.folder.path().join("program");
        std::os::unix::fs::symlink("/bin/false", &program).unwrap();
        let mut settings = settings();
        let decodes = std::mem::replace(&mut settings.uploads.check_program, program.display().to_string());
        let app = TestApp::with(database, settings);
        let mara = app.member("mara@example.org", 0).await;
        let file = pictures::plain(64, 48, Format::Png);
        let id = app.announce(&mara, "a", &file, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        let fault = app.part(&mara, &id, 0, &file).await;
        assert_eq!((fault.status, fault.json()["code"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("internal")));
        assert!(!fault.text.contains("program"), "{}", fault.text);
        std::fs::remove_file(&program).unwrap();
        std::os::unix::fs::symlink(decodes, &program).unwrap();
        let taken = app.part(&mara, &id, file.len(), b"").await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    }
}
