//! Enhancement by Replicate, by its numbers (RE1 and RE2 are with the client).

use crate::support::pictures::traces;
use crate::support::{Lab, Member};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::objects;
use pretty_backend::settings::Secret;
use pretty_backend::store::entity::photo;
use pretty_sandbox::standard_webhook_headers;
use pretty_sandbox::{BrokenFile, DeliveryFault, DeliveryRule, Fault, FaultRule, PredictionScript, Service};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use std::time::Duration;

impl Lab {
    async fn webhook(&self, path: &str, body: &str, secret: &str) -> u16 {
        let now = self.database.world.now().seconds();
        let headers = standard_webhook_headers(secret, "msg_1", now, body.as_bytes()).unwrap();
        let request = axum::http::Request::post(path)
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature);
        self.send(request.body(axum::body::Body::from(body.to_owned())).unwrap()).await.status.as_u16()
    }

    fn secret(&self) -> String {
        self.app.app.settings.replicate.webhook_secret.reveal().to_owned()
    }

    fn predictions(&self) -> Vec<Value> {
        self.replicate().predictions()
    }

    /// Creations that arrived at Replicate.
    fn created(&self) -> usize {
        let all = self.control().received(Some(Service::Replicate));
        all.iter().filter(|request| request.method == "POST" && request.path == "/v1/predictions").count()
    }

    /// The job failed for this reason, costs nothing and has no result.
    async fn came_to_nothing(&self, member: &Member, id: &str, why: &str) {
        assert_eq!(self.state(member, id).await, format!("failed {why}"));
        assert_eq!(self.credits(member).await, (20, 0));
        let member = self.signed_in_again(member.clone()).await;
        assert_eq!(self.api("GET", &format!("/v1/jobs/{id}/result"), Some(&member.token), None).await.status, 404);
    }
}

fn completed(fault: DeliveryFault) -> DeliveryRule {
    DeliveryRule { service: Service::Replicate, topic: Some("completed".to_owned()), times: 1, fault }
}

on_both! {
    async fn a_photo_is_enhanced_and_nothing_but_pixels_leaves(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let id = lab.enhancement(&mara).await;
        assert_eq!(lab.work().await, 1);
        let job = lab.look(&mara, &id).await;
        assert_eq!((&job["state"], &job["charged"], &job["price"]), (&json!("succeeded"), &json!(true), &json!(4)));
        assert_eq!(lab.credits(&mara).await, (16, 0));
        // It lay on its side; each side is twice as long.
        let result = &job["result"];
        assert_eq!((&result["kind"], &result["width"], &result["height"]), (&json!("enhance"), &json!(160), &json!(240)));
        let path = format!("/v1/jobs/{id}/result");
        let (status, file) = lab.fetch(&path, &mara.token, None).await;
        assert_eq!((status.as_u16(), file.len() as u64), (200, result["bytes"].as_u64().unwrap()));
        assert_eq!(pretty_backend::photos::pixels::checksum(&file), result["sha256"].as_str().unwrap());
        let (status, part) = lab.fetch(&path, &mara.token, Some("bytes=5-14")).await;
        assert_eq!((status.as_u16(), part.as_slice()), (206, &file[5..15]));
        // What left: pixels, under no name of the person's; and the copy there is deleted.
        let left = lab.left();
        assert!(left.len() >= 3);
        for request in &left {
            assert_eq!(traces(request), Vec::<&str>::new());
            let text = String::from_utf8_lossy(request);
            assert!(!text.contains("mara") && !text.contains("Mara") && !text.contains(&mara.id.to_string()), "{text}");
        }
        assert_eq!(lab.replicate().files_kept(), 0);
    }
}

on_both! {
    async fn re3_news_comes_early_twice_and_never(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        // The answer to the creation is slow: the webhook is quicker.
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", Fault::LoseAnswer).on("POST"));
        let early = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!((lab.state(&mara, &early).await.as_str(), lab.predictions().len()), ("succeeded", 1), "found, not asked for again");
        // Twice, and again after the end.
        lab.control().delivery_fault(completed(DeliveryFault::Duplicate { copies: 3 }));
        let twice = lab.enhancement(&mara).await;
        lab.work().await;
        let prediction = lab.predictions()[1]["id"].as_str().unwrap().to_owned();
        lab.replicate().resend(&prediction).unwrap();
        assert_eq!(lab.state(&mara, &twice).await, "succeeded");
        // Never.
        lab.control().delivery_fault(completed(DeliveryFault::Lose));
        let never = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!(lab.state(&mara, &never).await, "succeeded");
        assert_eq!((lab.credits(&mara).await, lab.created()), ((8, 0), 3), "each was charged once");
    }
}

on_both! {
    async fn re4_news_of_something_else_changes_nothing(database) {
        let lab = Lab::open(database).await;
        let (mara, eve) = (lab.member("mara@example.org", 20).await, lab.member("eve@example.org", 20).await);
        let done = lab.enhancement(&eve).await;
        lab.work().await;
        let other = lab.predictions()[0]["id"].as_str().unwrap().to_owned();
        // Her prediction hangs; somebody says with a good signature that the other one is hers.
        lab.replicate().script(PredictionScript::Hang);
        let id = lab.enhancement(&mara).await;
        let claims = async {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let Some(mine) = lab.predictions().get(1).cloned() else { continue };
                let checkpoint = lab.checkpoint(&id).await;
                let (nonce, body) = (checkpoint["nonce"].as_str().unwrap().to_owned(), json!({"id": other, "status": "succeeded"}).to_string());
                let path = |job: &str, nonce: &str| format!("/v1/webhooks/replicate/{job}/{nonce}");
                let secret = lab.secret();
                for (path, secret, body, status) in [
                    (path(&id, &nonce), secret.as_str(), body.as_str(), 200),
                    (path(&id, "0123456789"), secret.as_str(), body.as_str(), 200),
                    (path(&done, &nonce), secret.as_str(), body.as_str(), 200),
                    (path(&id, &nonce), secret.as_str(), "{\"id\": \"../../files\"}", 200),
                    (path("01890000-0000-7000-8000-000000000000", &nonce), secret.as_str(), body.as_str(), 200),
                    (path(&id, &nonce), secret.as_str(), "no json", 400),
                    (path(&id, &nonce), "whsec_c2FuZGJveC1vdGhlcg==", body.as_str(), 400),
                ] {
                    assert_eq!(lab.webhook(&path, body, secret).await, status, "{path} {body}");
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
                assert_eq!(lab.state(&mara, &id).await, "running");
                lab.replicate().end(mine["id"].as_str().unwrap(), "failed", Value::Null).unwrap();
                return;
            }
        };
        tokio::join!(lab.work(), claims);
        lab.came_to_nothing(&mara, &id, "model_failed").await;
        assert_eq!(lab.app.app.alarms.count(Alarm::ProviderWebhookRefused), 1);
    }
}

impl Lab {
    async fn checkpoint(&self, id: &str) -> Value {
        let id = uuid::Uuid::parse_str(id).unwrap();
        let job =
            pretty_backend::store::entity::job::Entity::find_by_id(id).one(self.store.reader()).await.unwrap().unwrap();
        serde_json::from_str(job.checkpoint.as_deref().unwrap_or("{}")).unwrap()
    }

    /// Runs the worker, and `meanwhile` once the job has a prediction.
    pub(super) async fn while_it_runs(&self, id: &str, meanwhile: impl AsyncFnOnce()) {
        let waiting = async {
            while !self.checkpoint(id).await["prediction"].is_string() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            meanwhile().await;
        };
        tokio::join!(self.work(), waiting);
    }
}

on_both! {
    async fn re5_stopped_by_the_person(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        for script in [PredictionScript::NeverStart, PredictionScript::Hang] {
            lab.replicate().script(script.clone());
            let id = lab.enhancement(&mara).await;
            lab.while_it_runs(&id, async || {
                let stopped = lab.api("POST", &format!("/v1/jobs/{id}/cancel"), Some(&mara.token), None).await;
                assert_eq!(stopped.status, 200, "{}", stopped.text);
            }).await;
            assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("cancelled", (20, 0)), "{script:?}");
            let there = lab.predictions().last().unwrap()["status"].as_str().unwrap().to_owned();
            assert!(["canceled", "aborted"].contains(&there.as_str()), "stopped there as well: {there}");
        }
        // While nobody knows what runs: it is found and stopped.
        lab.replicate().script(PredictionScript::Hang);
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", Fault::LoseAnswer).on("POST"));
        let down = Fault::Status { status: 500, headers: [].into(), body: Value::Null };
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", down).on("GET").times(100_000));
        let (id, before) = (lab.enhancement(&mara).await, lab.predictions().len());
        let stop = async {
            while lab.predictions().len() == before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            lab.api("POST", &format!("/v1/jobs/{id}/cancel"), Some(&mara.token), None).await;
            lab.control().clear_faults();
        };
        tokio::join!(lab.work(), stop);
        assert_eq!(lab.state(&mara, &id).await, "cancelled");
        assert_eq!(lab.predictions().last().unwrap()["status"], "canceled");
        // Deleted while it runs.
        lab.replicate().script(PredictionScript::Hang);
        let id = lab.enhancement(&mara).await;
        lab.while_it_runs(&id, async || {
            assert_eq!(lab.api("DELETE", &format!("/v1/jobs/{id}"), Some(&mara.token), None).await.status, 204);
        }).await;
        assert_eq!(lab.credits(&mara).await, (20, 0));
        // Just after it worked out: too late, it is paid.
        let id = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!(lab.api("POST", &format!("/v1/jobs/{id}/cancel"), Some(&mara.token), None).await.json()["code"], "conflict");
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("succeeded", (16, 0)));
        assert_eq!(lab.replicate().files_kept(), 0);
    }
}

on_both! {
    async fn re6_a_result_that_is_none_is_not_paid_for(database) {
        let lab = Lab::with(database, |settings| settings.replicate.largest_result_bytes = 4 << 20).await;
        let mara = lab.member("mara@example.org", 20).await;
        for how in [BrokenFile::Html, BrokenFile::Truncated, BrokenFile::WrongSize, BrokenFile::Empty, BrokenFile::Oversized, BrokenFile::Missing] {
            lab.replicate().script(PredictionScript::BrokenFile { how });
            let id = lab.enhancement(&mara).await;
            lab.work_on().await;
            lab.came_to_nothing(&mara, &id, "bad_result").await;
        }
        // Gone after an hour.
        lab.replicate().script(PredictionScript::Output { output: json!(format!("{}/gone.jpg", lab.app.app.settings.replicate.delivery_url)) });
        let id = lab.enhancement(&mara).await;
        lab.work_on().await;
        lab.came_to_nothing(&mara, &id, "bad_result").await;
        objects::sweep(&lab.app.app, 100).await.unwrap();
        assert_eq!(lab.app.app.objects.of_person(mara.id).await.unwrap().len(), 7, "the photos and nothing else");
        // A delivery that stumbles is tried again; a list of one address is one.
        lab.replicate().script(PredictionScript::OutputList);
        lab.control().fault(FaultRule::next(Service::ReplicateDelivery, "", Fault::CutAnswer));
        let busy = Fault::Status { status: 503, headers: [].into(), body: Value::Null };
        lab.control().fault(FaultRule::next(Service::ReplicateDelivery, "", busy));
        let id = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!(lab.state(&mara, &id).await, "succeeded");
    }
}

on_both! {
    async fn re7_re10_odd_addresses_states_and_shapes(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        for output in [
            json!("http://169.254.169.254/latest/meta-data"), json!("http://127.0.0.1:1/x.jpg"), json!("file:///etc/passwd"), json!("ftp://replicate.delivery/x"),
            json!("https://replicate.delivery.example.org/x.jpg"), json!("no address"), json!(7), json!({"url": "x"}), json!([]), json!(["a", "b"]), Value::Null,
        ] {
            lab.replicate().script(PredictionScript::Output { output: output.clone() });
            let id = lab.enhancement(&mara).await;
            lab.work_on().await;
            lab.came_to_nothing(&mara, &id, "bad_result").await;
        }
        lab.replicate().script(PredictionScript::Fail { error: "CUDA out of memory".into() });
        let id = lab.enhancement(&mara).await;
        lab.work_on().await;
        lab.came_to_nothing(&mara, &id, "model_failed").await;
        // Ended before it began: tried again.
        lab.replicate().script(PredictionScript::Abort);
        let id = lab.enhancement(&mara).await;
        assert_eq!(lab.work_on().await, 2);
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("succeeded", (16, 0)));
    }
}

on_both! {
    async fn re1_while_a_webhook_secret_is_exchanged_both_are_good(database) {
        let tomorrow = "whsec_c2FuZGJveC1vZi10b21vcnJvdw==";
        let lab = Lab::with(database, |settings| {
            let replicate = &mut settings.replicate;
            replicate.webhook_secret_before = std::mem::replace(&mut replicate.webhook_secret, Secret::new(tomorrow));
            // It would be asked only after an hour: what ends this is the webhook, signed with the secret of before.
            replicate.poll_milliseconds = 3_600_000;
        }).await;
        let mara = lab.member("mara@example.org", 20).await;
        let id = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("succeeded", (16, 0)));
        let path = format!("/v1/webhooks/replicate/{id}/x");
        let before = lab.app.app.settings.replicate.webhook_secret_before.reveal().to_owned();
        for (secret, status) in [(tomorrow, 200), (before.as_str(), 200), ("whsec_c2FuZGJveC1vdGhlcg==", 400)] {
            assert_eq!(lab.webhook(&path, "{\"id\": \"a\"}", secret).await, status, "{secret}");
        }
        assert_eq!(lab.app.app.alarms.count(Alarm::ProviderWebhookRefused), 1);
    }
}

on_both! {
    async fn re10_a_status_that_nobody_knows_ends_at_our_deadline(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        lab.replicate().script(PredictionScript::UnknownStatus { status: "dreaming".into() });
        let id = lab.enhancement(&mara).await;
        lab.while_it_runs(&id, async || {
            // Neither success nor failure: it is waited for.
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(lab.predictions()[0]["status"], "dreaming");
            assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("running", (16, 4)));
            lab.database.clock.advance(Duration::from_secs(901));
        }).await;
        lab.came_to_nothing(&mara, &id, "took_too_long").await;
        assert_eq!(lab.replicate().files_kept(), 0);
    }
}

on_both! {
    async fn re8_throttled_refused_and_left_alone(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let answer = |status: u16, wait: Option<&str>| Fault::Status {
            status,
            headers: wait.into_iter().map(|wait| ("retry-after".to_owned(), wait.to_owned())).collect(),
            body: json!({"detail": "Request was throttled."}),
        };
        // A storm of 429: waits, and loses no attempt.
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", answer(429, Some("7"))).on("POST").times(6));
        let id = lab.enhancement(&mara).await;
        assert_eq!(lab.work().await, 1);
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.work().await), ("queued", 0), "left alone for as long as it said");
        assert_eq!(lab.work_on().await, 6);
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("succeeded", (16, 0)));
        // 402: an operator is called, the credits come back at once, new jobs are refused for a while, then one is tried.
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", answer(402, None)).on("POST"));
        let id = lab.enhancement(&mara).await;
        lab.work().await;
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("failed not_offered", (16, 0)));
        assert_eq!(lab.app.app.alarms.count(Alarm::ProviderAccount), 1);
        let mara = lab.signed_in_again(mara).await;
        let photo = lab.photo(&mara, 120, 80).await;
        let body = json!({"kind": "enhance", "variant": "upscale_2x", "photos": [photo], "price": 4});
        assert_eq!(lab.post_job(&mara, &lab.key(), body.clone()).await.json()["code"], "unavailable");
        lab.database.clock.advance(Duration::from_secs(600));
        let mara = lab.signed_in_again(mara).await;
        let id = lab.job(&mara, body.clone()).await;
        lab.work().await;
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.credits(&mara).await), ("succeeded", (12, 0)));
        // Five failures in a row: nobody asks for a while; then a single job is let through, and all of them once it worked out.
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/files", answer(500, None)).on("POST").times(5));
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(lab.job(&mara, body.clone()).await);
        }
        assert_eq!(lab.work().await, 3);
        lab.database.clock.advance(Duration::from_secs(6));
        assert_eq!(lab.work().await, 2, "closed after the fifth failure");
        lab.database.clock.advance(Duration::from_secs(11));
        assert_eq!(lab.work().await, 0, "left alone");
        lab.database.clock.advance(Duration::from_secs(10));
        assert_eq!(lab.work().await, 3, "half open, then open");
        for id in ids {
            assert_eq!(lab.state(&mara, &id).await, "succeeded");
        }
        assert_eq!(lab.credits(&mara).await, (0, 0));
    }
}

on_both! {
    async fn re8_a_lost_answer_that_created_nothing_is_asked_again_after_a_while(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        lab.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", Fault::Drop).on("POST"));
        let id = lab.enhancement(&mara).await;
        let clock = async {
            while lab.created() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!((lab.created(), lab.predictions().len()), (1, 0), "it is only looked for");
            lab.database.clock.advance(Duration::from_secs(61));
        };
        tokio::join!(lab.work(), clock);
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.created(), lab.predictions().len()), ("succeeded", 2, 1));
        assert_eq!(lab.credits(&mara).await, (16, 0));
    }
}

on_both! {
    async fn re11_our_deadline_comes_first_and_late_success_is_thrown_away(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        lab.replicate().script(PredictionScript::Hang);
        let id = lab.enhancement(&mara).await;
        lab.while_it_runs(&id, async || lab.database.clock.advance(Duration::from_secs(901))).await;
        lab.came_to_nothing(&mara, &id, "took_too_long").await;
        // Success after all: the webhook is heard and changes nothing.
        let prediction = lab.predictions()[0]["id"].as_str().unwrap().to_owned();
        let _ = lab.replicate().resend(&prediction);
        lab.work_on().await;
        lab.came_to_nothing(&mara, &id, "took_too_long").await;
    }
}

on_both! {
    async fn a_photo_that_is_gone_or_too_large_for_the_model(database) {
        let lab = Lab::with(database, |settings| settings.replicate.models[0].most_pixels = 10_000).await;
        let mara = lab.member("mara@example.org", 20).await;
        let photo = lab.photo(&mara, 240, 160).await;
        let body = json!({"kind": "enhance", "variant": "upscale_2x", "photos": [photo], "price": 4});
        let id = lab.job(&mara, body.clone()).await;
        lab.work().await;
        let result = lab.look(&mara, &id).await["result"].clone();
        // 81 by 122 at most were sent.
        assert_eq!((&result["width"], &result["height"]), (&json!(162), &json!(244)));
        // Of one that is gone before its turn comes, however that happened.
        let gone = lab.job(&mara, body).await;
        let tx = lab.store.write_transaction().await.unwrap();
        photo::Entity::delete_by_id(photo.parse::<uuid::Uuid>().unwrap()).exec(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        lab.work().await;
        assert_eq!((lab.state(&mara, &gone).await.as_str(), lab.credits(&mara).await), ("failed photo_gone", (16, 0)));
    }
}
