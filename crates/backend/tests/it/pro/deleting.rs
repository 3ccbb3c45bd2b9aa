//! One photo, one job at any time: what goes with them, and what stays.

use crate::support::{Lab, Member, pictures};
use axum::http::StatusCode;
use pretty_backend::changes::{self, Missed};
use pretty_backend::objects;
use pretty_contract::export::Format;
use pretty_sandbox::{MessageScript, PredictionScript};
use serde_json::json;
use std::time::Duration;

impl Lab {
    async fn delete(&self, member: &Member, path: &str) -> StatusCode {
        self.api("DELETE", path, Some(&member.token), None).await.status
    }

    async fn ask(&self, member: &Member, kind: &str, photos: &[&str]) -> String {
        let (variant, price) = match kind {
            "enhance" => ("upscale_2x", 4),
            "compare" => ("standard", 3),
            _ => ("standard", 2),
        };
        self.job(member, json!({"kind": kind, "variant": variant, "photos": photos, "price": price})).await
    }

    async fn is_gone(&self, member: &Member, id: &str) {
        for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/result")] {
            assert_eq!(self.api("GET", &path, Some(&member.token), None).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}

on_both! {
    async fn a_photo_goes_with_everything_that_came_of_it(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 60).await;
        let one = lab.photo(&mara, 120, 80).await;
        let other = lab.upload(&mara, &pictures::plain(90, 60, Format::Png), "image/png").await;
        lab.anthropic().script(MessageScript::Patch { patch: json!({"summary": "A lantern above the harbour."}) });
        let critique = lab.ask(&mara, "critique", &[&one]).await;
        let enhanced = lab.ask(&mara, "enhance", &[&one]).await;
        let compared = lab.ask(&mara, "compare", &[&other, &one]).await;
        let of_other = lab.ask(&mara, "critique", &[&other]).await;
        lab.work().await;
        for id in [&critique, &enhanced, &compared, &of_other] {
            assert_eq!(lab.state(&mara, id).await, "succeeded");
        }
        let words = "a lantern above the harbour";
        assert!(crate::privacy::everything_in(&lab.app.database, "jobs").await.contains(words), "the search finds what is there");
        let checksum = lab.look(&mara, &enhanced).await["result"]["sha256"].as_str().unwrap().to_owned();
        let kept = lab.look(&mara, &of_other).await;
        let waits = lab.ask(&mara, "critique", &[&one]).await;
        assert_eq!(lab.credits(&mara).await, (47, 2));
        assert_eq!(lab.objects.of_person(mara.id).await.unwrap().iter().filter(|key| key.contains("results")).count(), 1);
        let eve = lab.member("eve@example.org", 0).await;
        assert_eq!(lab.delete(&eve, &format!("/v1/photos/{one}")).await, StatusCode::NOT_FOUND, "not hers");
        assert_eq!(lab.state(&mara, &critique).await, "succeeded", "and nothing of it has happened");

        let before = changes::head(&lab.store, mara.id).await.unwrap();
        assert_eq!(lab.delete(&mara, &format!("/v1/photos/{one}")).await, StatusCode::NO_CONTENT);
        for id in [&critique, &enhanced, &compared] {
            lab.is_gone(&mara, id).await;
        }
        // What waited costs nothing at once; what is about another photo stays as it was.
        assert_eq!((lab.state(&mara, &waits).await.as_str(), lab.credits(&mara).await), ("failed photo_gone", (49, 0)));
        assert_eq!(lab.look(&mara, &of_other).await, kept);
        assert_eq!(lab.api("GET", &format!("/v1/photos/{other}/content"), Some(&mara.token), None).await.status, StatusCode::OK);
        let listed = lab.api("GET", "/v1/jobs", Some(&mara.token), None).await.json();
        assert_eq!(listed.as_array().unwrap().iter().map(|job| &job["id"]).collect::<Vec<_>>(), [&json!(waits), &json!(of_other)]);
        // All her apps are told of every job, and not more than that they changed.
        let Missed::Changes(told) = changes::since(&lab.store, mara.id, before, 50).await.unwrap() else { panic!("too much") };
        for id in [&critique, &enhanced, &compared, &waits] {
            assert!(told.iter().any(|change| change.kind == "job" && change.object_id.is_some_and(|job| job.to_string() == **id)), "{told:?}");
        }
        // Nothing of it is left: no row says what was said or shown, no object is there.
        for table in ["jobs", "job_results", "photos"] {
            let content = crate::privacy::everything_in(&lab.app.database, table).await;
            assert!(!content.contains(words) && !content.contains(&checksum), "{table}");
        }
        lab.database.clock.advance(Duration::from_secs(7 * 3600));
        objects::sweep(&lab.app.app, 100).await.unwrap();
        assert_eq!(lab.objects.of_person(mara.id).await.unwrap().len(), 1, "the other photo");
        let mara = lab.signed_in_again(mara).await;
        assert_eq!(lab.delete(&mara, &format!("/v1/photos/{one}")).await, StatusCode::NOT_FOUND, "once");
    }
}

on_both! {
    async fn a_photo_that_is_worked_on_is_not_worked_on_any_more(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let photo = lab.photo(&mara, 120, 80).await;
        lab.replicate().script(PredictionScript::Hang);
        let id = lab.ask(&mara, "enhance", &[&photo]).await;
        lab.while_it_runs(&id, async || {
            assert_eq!(lab.delete(&mara, &format!("/v1/photos/{photo}")).await, StatusCode::NO_CONTENT);
        }).await;
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("cancelled", (20, 0)));
        // Nor is it anywhere else.
        assert_eq!(lab.replicate().files_kept(), 0);
        assert_eq!(lab.replicate().predictions()[0]["status"], "canceled");
        lab.database.clock.advance(Duration::from_secs(7 * 3600));
        objects::sweep(&lab.app.app, 100).await.unwrap();
        assert!(lab.objects.of_person(mara.id).await.unwrap().is_empty());
    }
}

on_both! {
    async fn a_photo_and_its_jobs_deleted_from_two_computers_at_once(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 100).await;
        for _ in 0..4 {
            let photo = lab.photo(&mara, 120, 80).await;
            let critique = lab.ask(&mara, "critique", &[&photo]).await;
            let enhanced = lab.ask(&mara, "enhance", &[&photo]).await;
            lab.work().await;
            let waits = lab.ask(&mara, "critique", &[&photo]).await;
            let (photo, critique_path, waits_path) = (format!("/v1/photos/{photo}"), format!("/v1/jobs/{critique}"), format!("/v1/jobs/{waits}"));
            let (one, again, job, waiting) = tokio::join!(
                lab.delete(&mara, &photo), lab.delete(&mara, &photo), lab.delete(&mara, &critique_path), lab.delete(&mara, &waits_path)
            );
            let photo_said = [one, again];
            // Whoever comes second finds it gone. Where the last job took it along, that may be both.
            assert!(photo_said.iter().all(|status| matches!(*status, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND)), "{photo_said:?}");
            assert!(matches!(job, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND), "{job}");
            assert!(matches!(waiting, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND), "{waiting}");
            assert_eq!(lab.delete(&mara, &photo).await, StatusCode::NOT_FOUND);
            for id in [&critique, &enhanced] {
                lab.is_gone(&mara, id).await;
            }
        }
        assert_eq!(lab.credits(&mara).await, (100 - 4 * 6, 0), "what was done is paid, what waited is not");
    }
}

on_both! {
    async fn one_result_goes_and_the_photo_stays_where_it_is_needed(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let photo = lab.photo(&mara, 120, 80).await;
        let first = lab.ask(&mara, "enhance", &[&photo]).await;
        let second = lab.ask(&mara, "critique", &[&photo]).await;
        lab.work().await;
        let checksum = lab.look(&mara, &first).await["result"]["sha256"].as_str().unwrap().to_owned();
        assert_eq!(lab.delete(&mara, &format!("/v1/jobs/{first}")).await, StatusCode::NO_CONTENT);
        lab.is_gone(&mara, &first).await;
        objects::sweep(&lab.app.app, 100).await.unwrap();
        assert_eq!(lab.objects.of_person(mara.id).await.unwrap().iter().filter(|key| key.contains("results")).count(), 0);
        assert!(!crate::privacy::everything_in(&lab.app.database, "jobs").await.contains(&checksum));
        let said = lab.look(&mara, &second).await;
        assert_eq!((&said["state"], said["result"]["kind"].as_str()), (&json!("succeeded"), Some("critique")));
        assert_eq!(lab.api("GET", "/v1/photos", Some(&mara.token), None).await.json().as_array().map(Vec::len), Some(1));
    }
}
