//! An S3 server of a test's own, on loopback: the scaled form's object store. What it keeps lies in the test's folder and goes with it.

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use pretty_backend::settings::{Objects, Secret};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::path::Path;

const BUCKET: &str = "pretty-photos";

/// Starts the server on the test's runtime; the settings lead to its only bucket.
pub(crate) fn start(folder: &Path) -> Objects {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = folder.join("s3");
    std::fs::create_dir_all(root.join(BUCKET)).unwrap();
    let (access_key, secret_key) = ("PRETTYTEST", "only-for-tests");
    let mut builder = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let router = answering(builder.build());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Objects {
        bucket: BUCKET.to_owned(),
        endpoint,
        region: "eu-central-1".to_owned(),
        access_key: Secret::new(access_key),
        secret_key: Secret::new(secret_key),
    }
}

/// The library's own service fails with its own error and body; here both become an answer.
fn answering(service: S3Service) -> Router {
    Router::new().fallback(move |request: axum::extract::Request| {
        let service = service.clone();
        async move {
            let answer = service.call(request.map(s3s::Body::http_body_unsync)).await;
            answer
                .map(|answer| answer.map(Body::new))
                .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")))
        }
    })
}
