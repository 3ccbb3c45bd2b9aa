//! The client against the sandbox and the collected vectors: RE1, RE2, RE6, RE7, RE10 as far as the client goes.

use std::io::Cursor;

use pretty_sandbox::{BrokenFile, Fault, FaultRule, PredictionScript, Sandbox, Service};

use super::signature::{Headers, verify};
use super::*;
use crate::outbound::testing::{Scripted, Server, TIMEOUT, patience, sandbox, tls};

fn client_of(sandbox: &Sandbox) -> ReplicateClient {
    let endpoints = sandbox.endpoints();
    let delivery = Some(endpoints.replicate_delivery_base_url.as_str());
    ReplicateClient::new(
        &endpoints.replicate_base_url,
        delivery,
        Secret::new(&*endpoints.replicate_token),
        patience(),
        TIMEOUT,
    )
    .unwrap()
}

fn photo() -> Vec<u8> {
    // The smallest picture file there is: one grey point.
    let mut file = Cursor::new(Vec::new());
    std::io::Write::write_all(&mut file, b"BM:\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\x80\x80\0").unwrap();
    file.into_inner()
}

#[test]
fn re1_every_webhook_vector_is_judged_as_recommended() {
    let file = include_str!("../../../tests/vectors/replicate-standard-webhooks.json");
    let file: Value = serde_json::from_str(file).unwrap();
    assert!(file["vectors"].as_array().is_some_and(|vectors| vectors.len() >= 10));
    for vector in file["vectors"].as_array().unwrap() {
        let header = |name: &str| vector["headers"][name].as_str().unwrap_or_default();
        let headers = Headers {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let secrets = [Secret::new(vector["secret"].as_str().unwrap())];
        let verdict =
            verify(&secrets, headers, vector["body"].as_str().unwrap().as_bytes(), vector["now"].as_i64().unwrap());
        assert_eq!(verdict.is_ok(), vector["recommended"] == "accept", "{}: {verdict:?}", vector["name"]);
    }
}

#[tokio::test]
async fn re2_every_answer_of_the_collection_is_judged() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/replicate-responses.json")).unwrap();
    assert_eq!(file["cases"].as_array().map(Vec::len), Some(18));
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (server, url) = Server::start(vec![Scripted::of_vector(case)]).await;
        let timeout = Duration::from_millis(if name == "create_timeout" { 100 } else { 10_000 });
        let client = ReplicateClient::new(&url, None, Secret::new("r8_sandbox_1"), patience(), timeout).unwrap();
        let input = json!({});
        let new = NewPrediction {
            model: Model::Official("topazlabs/image-upscale"),
            input: &input,
            webhook: None,
            cancel_after: Duration::from_secs(600),
        };
        match name {
            "create_201_starting" => assert_eq!(client.create(new).await.unwrap().status, Status::Starting),
            "create_202" => assert_eq!(client.create(new).await.unwrap().status, Status::Processing),
            "throttled" => assert_eq!(client.create(new).await.unwrap_err(), ReplicateError::Throttled(Some(30))),
            "no_credit" => assert_eq!(client.create(new).await.unwrap_err(), ReplicateError::Account(402)),
            "unauth" => assert_eq!(client.create(new).await.unwrap_err(), ReplicateError::Account(401)),
            "bad_input" => {
                assert!(matches!(client.create(new).await.unwrap_err(), ReplicateError::Refused { status: 422, .. }))
            }
            "create_timeout" => {
                assert_eq!(
                    client.create(new).await.unwrap_err(),
                    ReplicateError::Transport(TransportError::OutcomeUnknown)
                );
                assert_eq!(server.calls(), 1, "a creation is never sent twice");
            }
            "succeeded" | "succeeded_array" => {
                let prediction = client.prediction("a").await.unwrap();
                assert_eq!(prediction.status, Status::Succeeded);
                assert!(prediction.result_url().unwrap().starts_with("https://replicate.delivery/"), "{name}");
            }
            "succeeded_but_removed" => {
                let prediction = client.prediction("a").await.unwrap();
                assert!(prediction.data_removed && prediction.result_url().is_none());
            }
            "failed" => assert_eq!(client.prediction("a").await.unwrap().status, Status::Failed),
            "canceled" => assert_eq!(client.prediction("a").await.unwrap().status, Status::Canceled),
            "aborted" => assert!(client.prediction("a").await.unwrap().status.is_over()),
            "unknown_status" => assert!(!client.prediction("a").await.unwrap().status.is_over()),
            "output_404" => {
                assert_eq!(client.download(&format!("{url}/out.png"), 1_000).await.unwrap_err(), ReplicateError::Gone)
            }
            "output_foreign_host" => {
                let prediction = client.prediction("a").await.unwrap();
                let calls = server.calls();
                assert_eq!(
                    client.download(prediction.result_url().unwrap(), 1_000).await.unwrap_err(),
                    ReplicateError::ForeignHost
                );
                assert_eq!(server.calls(), calls);
            }
            "file_201" => assert_eq!(
                client.upload(vec![1], "image/jpeg").await.unwrap_err(),
                ReplicateError::Checksum,
                "not the file of the example"
            ),
            "file_413" => assert!(matches!(
                client.upload(vec![1], "image/jpeg").await.unwrap_err(),
                ReplicateError::Refused { status: 413, .. }
            )),
            other => panic!("a case that nobody judges: {other}"),
        }
    }
}

#[test]
fn re7_only_replicates_own_hosts_are_fetched_from() {
    tls();
    let live =
        ReplicateClient::new("https://api.replicate.com", None, Secret::new("r8_live"), patience(), TIMEOUT).unwrap();
    for (address, allowed) in [
        ("https://replicate.delivery/a/out.png", true),
        ("https://pbxt.replicate.delivery/a/out.png", true),
        ("https://api.replicate.com/v1/files/a", true),
        ("http://replicate.delivery/a/out.png", false),
        ("https://replicate.delivery.example.com/a", false),
        ("https://evilreplicate.delivery/a", false),
        ("https://replicate.delivery:8443/a", false),
        ("https://user@replicate.delivery/a", false),
        ("http://127.0.0.1:80/a", false),
        ("http://[::1]/a", false),
        ("file:///etc/passwd", false),
        ("data:image/png;base64,AAAA", false),
    ] {
        assert_eq!(live.allowed(&Url::parse(address).unwrap()), allowed, "{address}");
    }
    let mixed = ReplicateClient::new("http://127.0.0.1:1", None, Secret::new("r8_live"), patience(), TIMEOUT);
    assert!(matches!(mixed, Err(SetupError::KeyMixed(_))));
}

async fn run(sandbox: &Sandbox, client: &ReplicateClient) -> Prediction {
    let file = client.upload(photo(), "image/bmp").await.unwrap();
    let input = json!({ "image": file.url(), "upscale_factor": "2x", "output_format": "png" });
    let new = NewPrediction {
        model: Model::Official("topazlabs/image-upscale"),
        input: &input,
        webhook: None,
        cancel_after: Duration::from_secs(600),
    };
    let created = client.create(new).await.unwrap();
    for _ in 0..500 {
        let prediction = client.prediction(&created.id).await.unwrap();
        if prediction.status.is_over() {
            client.delete_file(&file.id).await.unwrap();
            client.delete_file(&file.id).await.unwrap();
            assert_eq!(sandbox.control().replicate().files_kept(), 0);
            return prediction;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} did not end", created.id);
}

#[tokio::test]
async fn a_photo_goes_out_and_a_larger_one_comes_back() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let done = run(&sandbox, &client).await;
    assert_eq!((&done.status, done.error.as_deref()), (&Status::Succeeded, None));
    let result = client.download(done.result_url().unwrap(), 1 << 20).await.unwrap();
    assert!(result.starts_with(b"\x89PNG"));
    assert_eq!(client.recent().await.unwrap()[0].id, done.id);
    assert_eq!(client.cancel(&done.id).await.unwrap().status, Status::Succeeded);
    sandbox.control().advance_seconds(3_601);
    assert_eq!(client.download(done.result_url().unwrap(), 1 << 20).await.unwrap_err(), ReplicateError::Gone);
}

#[tokio::test]
async fn re6_results_that_are_too_large_or_cut_are_refused() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    sandbox.control().replicate().script(PredictionScript::BrokenFile { how: BrokenFile::Oversized });
    let large = run(&sandbox, &client).await;
    let error = client.download(large.result_url().unwrap(), 1 << 20).await.unwrap_err();
    assert_eq!(error, ReplicateError::Transport(TransportError::TooLarge(1 << 20)));
    let done = run(&sandbox, &client).await;
    sandbox.control().fault(FaultRule::next(Service::ReplicateDelivery, "", Fault::CutAnswer));
    let error = client.download(done.result_url().unwrap(), 1 << 20).await.unwrap_err();
    assert_eq!(error, ReplicateError::Transport(TransportError::OutcomeUnknown));
}

#[tokio::test]
async fn reads_are_tried_again_and_creations_are_not() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let done = run(&sandbox, &client).await;
    let fault = |fault: Fault| sandbox.control().fault(FaultRule::next(Service::Replicate, "/v1/predictions", fault));
    fault(Fault::replicate_throttled(1));
    fault(Fault::LoseAnswer);
    assert_eq!(client.prediction(&done.id).await.unwrap().id, done.id);
    let before = client.recent().await.unwrap().len();
    fault(Fault::LoseAnswer);
    let input = json!({ "image": "data:image/bmp;base64,AAAA" });
    let new = NewPrediction {
        model: Model::Official("topazlabs/image-upscale"),
        input: &input,
        webhook: None,
        cancel_after: Duration::from_secs(600),
    };
    assert_eq!(client.create(new).await.unwrap_err(), ReplicateError::Transport(TransportError::OutcomeUnknown));
    let recent = client.recent().await.unwrap();
    assert_eq!(recent.len(), before + 1, "made once, and found again by its input");
    assert_eq!(recent[0].input, input);
}
