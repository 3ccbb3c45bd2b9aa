//! Calls of the API that carry a key or a file: photos up, results down.

use super::{Answer, Member, TestApp};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use pretty_backend::photos::pixels::checksum;
use serde_json::{Value, json};

impl TestApp {
    /// Says that a photo will come.
    pub(crate) async fn announce(&self, member: &Member, key: &str, file: &[u8], media_type: &str) -> Answer {
        let body = json!({"bytes": file.len(), "sha256": checksum(file), "media_type": media_type});
        self.keyed("/v1/uploads", &member.token, key, body).await
    }

    /// A POST with an idempotency key.
    pub(crate) async fn keyed(&self, path: &str, token: &str, key: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A part of it.
    pub(crate) async fn part(&self, member: &Member, id: &str, offset: usize, part: &[u8]) -> Answer {
        let request = Request::patch(format!("/v1/uploads/{id}"))
            .header("authorization", format!("Bearer {}", member.token))
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset.to_string());
        self.send(request.body(Body::from(part.to_vec())).unwrap()).await
    }

    /// The whole way up in one part, a new photo each time; the photo's id.
    pub(crate) async fn upload(&self, member: &Member, file: &[u8], media_type: &str) -> String {
        let key = self.world.new_id().unwrap().to_string();
        let upload = self.announce(member, &key, file, media_type).await.json();
        let done = self.part(member, upload["id"].as_str().unwrap(), 0, file).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        done.json()["photo_id"].as_str().unwrap().to_owned()
    }

    /// The bytes of a file that is answered.
    pub(crate) async fn fetch(&self, path: &str, token: &str, range: Option<&str>) -> (StatusCode, Vec<u8>) {
        use tower::ServiceExt as _;
        let mut request = Request::get(path).header("authorization", format!("Bearer {token}"));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let router = pretty_backend::http::router(self.app.clone(), axum::Router::new());
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        (status, axum::body::to_bytes(answer.into_body(), 256 << 20).await.unwrap().to_vec())
    }
}
