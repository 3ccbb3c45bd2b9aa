//! Replicate: predictions through their whole life, files, webhooks, limits, what goes wrong.

use std::io::Cursor;
use std::time::Duration;

use base64::Engine;
use pretty_sandbox::{
    BrokenFile, DeliveryFault, DeliveryRule, Fault, FaultRule, PredictionScript, Service, StandardWebhookHeaders,
    verify_standard_webhook,
};
use serde_json::{Value, json};

use crate::contracts::replicate_object;
use crate::harness::{Answer, Hook, Receiver, START, World, read, world};

fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

fn data_url(file: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(file))
}

fn body(input: &str) -> Value {
    json!({ "version": "topazlabs/image-upscale", "input": { "image": input, "upscale_factor": "2x", "output_format": "png" } })
}

impl World {
    fn replicate_url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.endpoints().replicate_base_url)
    }

    fn token(&self) -> &str {
        &self.sandbox.endpoints().replicate_token
    }

    async fn replicate_get(&self, path: &str) -> Answer {
        read(self.client.get(self.replicate_url(path)).bearer_auth(self.token()).send().await.unwrap()).await
    }

    async fn replicate_post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.post(self.replicate_url(path)).bearer_auth(self.token()).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    }

    async fn until(&self, id: &str, status: &str) -> Value {
        for _ in 0..500 {
            let prediction = self.replicate_get(&format!("/v1/predictions/{id}")).await.body;
            if prediction["status"] == status {
                return prediction;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} did not become {status}: {:#}", self.replicate_get(&format!("/v1/predictions/{id}")).await.body);
    }
}

#[tokio::test]
async fn a_photo_is_uploaded_enlarged_fetched_and_forgotten_after_an_hour() {
    let world = world().await;
    let original = photo(20, 10);
    let part = reqwest::multipart::Part::bytes(original.clone()).file_name("a.png").mime_str("image/png").unwrap();
    let form = reqwest::multipart::Form::new().part("content", part).text("metadata", "{\"job\":\"1\"}");
    let request = world.client.post(world.replicate_url("/v1/files")).bearer_auth(world.token()).multipart(form);
    let file = read(request.send().await.unwrap()).await;
    assert_eq!(file.status, 201, "{:#}", file.body);
    replicate_object("schemas_file_response", &file.body);
    assert_eq!(file.body["size"], original.len());
    assert_eq!(file.body["checksums"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(file.body["metadata"]["job"], "1");

    let created = world.replicate_post("/v1/predictions", &body(file.body["urls"]["get"].as_str().unwrap()), &[]).await;
    assert_eq!((created.status, &created.body["status"]), (201, &json!("starting")));
    replicate_object("schemas_prediction_response", &created.body);
    let id = created.body["id"].as_str().unwrap();
    assert_eq!(id.len(), 26);
    let done = world.until(id, "succeeded").await;
    replicate_object("schemas_prediction_response", &done);
    let url = done["output"].as_str().unwrap();
    assert!(url.starts_with(&world.sandbox.endpoints().replicate_delivery_base_url));
    let result = world.client.get(url).send().await.unwrap();
    assert_eq!(result.headers()["content-type"], "image/png");
    let picture = image::load_from_memory(&result.bytes().await.unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (40, 20));

    let listed = world.replicate_get("/v1/predictions").await.body;
    replicate_object("schemas_paginated_prediction_response", &listed);
    assert_eq!(listed["results"][0]["id"], id);

    world.sandbox.control().advance_seconds(3_601);
    let removed = world.replicate_get(&format!("/v1/predictions/{id}")).await.body;
    assert_eq!(
        (&removed["data_removed"], &removed["output"], &removed["input"]),
        (&json!(true), &Value::Null, &json!({}))
    );
    assert_eq!(world.client.get(url).send().await.unwrap().status(), 404);
    assert_eq!(world.sandbox.control().replicate().files_kept(), 0);
}

#[tokio::test]
async fn requests_are_checked() {
    let world = world().await;
    let unauthenticated =
        read(world.client.get(world.replicate_url("/v1/predictions")).bearer_auth("r8_live").send().await.unwrap())
            .await;
    assert_eq!((unauthenticated.status, &unauthenticated.body["title"]), (401, &json!("Unauthenticated")));
    let input = data_url(&photo(4, 4));
    let esrgan = |scale: Value| json!({ "version": "f0992969a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a01a1", "input": { "image": input, "scale": scale } });
    let wrong = world.replicate_post("/v1/predictions", &esrgan(json!(11)), &[]).await;
    assert_eq!((wrong.status, &wrong.body["invalid_fields"][0]["field"]), (422, &json!("input.scale")));
    assert_eq!(wrong.headers["content-type"], "application/problem+json");
    let mut extra = body(&input);
    extra["idempotency_key"] = json!("a");
    assert_eq!(world.replicate_post("/v1/predictions", &extra, &[]).await.status, 400, "unknown keys are refused");
    let mut unknown = body(&input);
    unknown["version"] = json!("nobody/nothing");
    assert_eq!(world.replicate_post("/v1/predictions", &unknown, &[]).await.status, 422);
    let mut stranger = body(&input);
    stranger["webhook"] = json!("https://example.com/hook");
    assert_eq!(world.replicate_post("/v1/predictions", &stranger, &[]).await.status, 422);
    for (name, value) in [("cancel-after", "1s"), ("prefer", "wait=61"), ("prefer", "later")] {
        assert_eq!(
            world.replicate_post("/v1/predictions", &body(&input), &[(name, value)]).await.status,
            400,
            "{name}: {value}"
        );
    }
    let model = world.replicate_get("/v1/models/topazlabs/image-upscale").await.body;
    replicate_object("schemas_model_response", &model);
    let named = json!({ "input": { "image": input } });
    let created =
        world.replicate_post("/v1/models/topazlabs/image-upscale/predictions", &named, &[("prefer", "wait=5")]).await;
    assert_eq!((created.status, &created.body["status"]), (201, &json!("succeeded")));
    assert_eq!(world.replicate_post("/v1/models/nightmareai/real-esrgan/predictions", &named, &[]).await.status, 404);
    assert_eq!(world.replicate_get("/v1/predictions/none").await.status, 404);
    assert_eq!(world.replicate_get("/v1/account").await.status, 200);
}

#[tokio::test]
async fn more_pixels_than_fit_fail_in_the_known_words() {
    let world = world().await;
    let input = data_url(&photo(1_500, 1_500));
    let wanted = json!({ "version": "f0992969a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a01a1", "input": { "image": input } });
    let created = world.replicate_post("/v1/predictions", &wanted, &[]).await.body;
    let failed = world.until(created["id"].as_str().unwrap(), "failed").await;
    replicate_object("schemas_prediction_response", &failed);
    let error = failed["error"].as_str().unwrap();
    assert!(
        error.contains("total number of pixels 2250000 greater than the max size that fits in GPU memory")
            && error.contains("2096704")
    );
    let broken = world.replicate_post("/v1/predictions", &body(&data_url(b"not a picture")), &[]).await.body;
    world.until(broken["id"].as_str().unwrap(), "failed").await;
    let unreachable = world.replicate_post("/v1/predictions", &body("https://example.com/a.png"), &[]).await.body;
    world.until(unreachable["id"].as_str().unwrap(), "failed").await;
}

fn verify(world: &World, hook: &Hook) -> bool {
    let headers = StandardWebhookHeaders {
        id: hook.header("webhook-id"),
        timestamp: hook.header("webhook-timestamp"),
        signature: hook.header("webhook-signature"),
    };
    verify_standard_webhook(&world.sandbox.endpoints().replicate_webhook_secret, &headers, &hook.body, START, 300)
        .is_ok()
}

#[tokio::test]
async fn webhooks_are_signed_and_a_retry_keeps_its_id() {
    let world = world().await;
    let secret = world.replicate_get("/v1/webhooks/default/secret").await.body;
    assert_eq!(secret["key"], world.sandbox.endpoints().replicate_webhook_secret.as_str());
    let (receiver, url) = Receiver::start(&[500]).await;
    let mut wanted = body(&data_url(&photo(4, 4)));
    wanted["webhook"] = json!(url);
    wanted["webhook_events_filter"] = json!(["completed"]);
    let created = world.replicate_post("/v1/predictions", &wanted, &[]).await.body;
    let hooks = receiver.wait_for(2).await;
    assert!(hooks.iter().all(|hook| verify(&world, hook)));
    assert_eq!(hooks[0].header("webhook-id"), hooks[1].header("webhook-id"));
    assert_eq!((&hooks[0].json()["id"], &hooks[0].json()["status"]), (&created["id"], &json!("succeeded")));
    replicate_object("schemas_prediction_response", &hooks[0].json());

    let rule = DeliveryRule {
        service: Service::Replicate,
        topic: Some("completed".into()),
        times: 1,
        fault: DeliveryFault::WrongSignature,
    };
    world.sandbox.control().delivery_fault(rule);
    world.sandbox.control().replicate().resend(created["id"].as_str().unwrap()).unwrap();
    assert!(!verify(&world, &receiver.wait_for(3).await[2]));

    wanted["webhook_events_filter"] = json!(["start", "output", "completed"]);
    world.replicate_post("/v1/predictions", &wanted, &[]).await;
    let statuses: Vec<Value> =
        receiver.wait_for(6).await[3..].iter().map(|hook| hook.json()["status"].clone()).collect();
    assert_eq!(statuses, [json!("processing"), json!("succeeded"), json!("succeeded")]);
}

#[tokio::test]
async fn predictions_are_canceled_aborted_and_run_out_of_time() {
    let world = world().await;
    let replicate = world.sandbox.control().replicate();
    let input = body(&data_url(&photo(4, 4)));
    let create = async |headers: &[(&str, &str)]| {
        let created = world.replicate_post("/v1/predictions", &input, headers).await.body;
        created["id"].as_str().unwrap().to_owned()
    };
    let cancel = async |id: &str| {
        world.replicate_post(&format!("/v1/predictions/{id}/cancel"), &json!({}), &[]).await.body["status"].clone()
    };
    replicate.script(PredictionScript::Hang);
    let id = create(&[]).await;
    world.until(&id, "processing").await;
    assert_eq!(cancel(&id).await, "canceled");
    replicate.script(PredictionScript::NeverStart);
    assert_eq!(cancel(&create(&[]).await).await, "aborted");
    let done = create(&[]).await;
    world.until(&done, "succeeded").await;
    assert_eq!(cancel(&done).await, "succeeded", "what is over stays");

    replicate.script(PredictionScript::Hang);
    let running = create(&[("cancel-after", "5m")]).await;
    replicate.script(PredictionScript::NeverStart);
    let waiting = create(&[("cancel-after", "5m")]).await;
    let prediction = world.until(&running, "processing").await;
    replicate_object("schemas_prediction_response", &prediction);
    assert!(prediction["deadline"].is_string());
    world.sandbox.control().advance_seconds(301);
    world.until(&running, "canceled").await;
    world.until(&waiting, "aborted").await;
    assert!(replicate.end(&running, "succeeded", Value::Null).is_err());
}

#[tokio::test]
async fn outputs_go_wrong_as_scripted() {
    let world = world().await;
    let replicate = world.sandbox.control().replicate();
    let input = body(&data_url(&photo(8, 8)));
    let run = async |script: PredictionScript| {
        replicate.script(script);
        world.replicate_post("/v1/predictions", &input, &[("prefer", "wait=10")]).await.body
    };
    let fetch = async |output: &Value| {
        let response = world.client.get(output.as_str().unwrap()).send().await.unwrap();
        let (status, kind) = (response.status().as_u16(), response.headers().get("content-type").cloned());
        (status, kind, response.bytes().await.unwrap())
    };
    let html = run(PredictionScript::BrokenFile { how: BrokenFile::Html }).await;
    assert_eq!(fetch(&html["output"]).await.1.unwrap(), "text/html");
    let truncated = run(PredictionScript::BrokenFile { how: BrokenFile::Truncated }).await;
    assert!(image::load_from_memory(&fetch(&truncated["output"]).await.2).is_err());
    let small = run(PredictionScript::BrokenFile { how: BrokenFile::WrongSize }).await;
    assert_eq!(image::load_from_memory(&fetch(&small["output"]).await.2).unwrap().width(), 3);
    let large = run(PredictionScript::BrokenFile { how: BrokenFile::Oversized }).await;
    assert!(fetch(&large["output"]).await.2.len() > 64 << 20);
    assert_eq!(fetch(&run(PredictionScript::BrokenFile { how: BrokenFile::Missing }).await["output"]).await.0, 404);
    assert!(run(PredictionScript::OutputList).await["output"].is_array());
    let metadata = "http://169.254.169.254/latest/meta-data";
    assert_eq!(run(PredictionScript::Output { output: json!(metadata) }).await["output"], metadata);
    let failed = run(PredictionScript::Fail { error: "CUDA out of memory".into() }).await;
    assert_eq!((&failed["status"], &failed["error"]), (&json!("failed"), &json!("CUDA out of memory")));
    assert_eq!(run(PredictionScript::Abort).await["status"], "aborted");
    assert_eq!(run(PredictionScript::Slow { milliseconds: 30 }).await["status"], "succeeded");

    replicate.script(PredictionScript::UnknownStatus { status: "queued".into() });
    let odd = world.replicate_post("/v1/predictions", &input, &[("prefer", "wait=1")]).await;
    assert_eq!((odd.status, &odd.body["status"]), (202, &json!("queued")));

    world.sandbox.control().fault(FaultRule::next(
        Service::Replicate,
        "/v1/predictions",
        Fault::replicate_throttled(30),
    ));
    let throttled = world.replicate_post("/v1/predictions", &input, &[]).await;
    assert_eq!((throttled.status, throttled.headers["retry-after"].to_str().unwrap()), (429, "30"));
    world.sandbox.control().fault(FaultRule::next(
        Service::Replicate,
        "/v1/predictions",
        Fault::replicate_without_credit(),
    ));
    assert_eq!(world.replicate_post("/v1/predictions", &input, &[]).await.status, 402);
}
