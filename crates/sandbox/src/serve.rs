//! Serves a router on a loopback port that the system chose, and can close a connection without answering.
//!
//! `axum::serve` cannot do the latter: its services never fail. Everything stops when the value is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

/// Marks an answer that must not be sent.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
pub(crate) struct LostAnswer;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl From<JoinHandle<()>> for Serving {
    fn from(task: JoinHandle<()>) -> Self {
        Self(task)
    }
}

/// Binds 127.0.0.1 on `port`; 0 lets the system choose.
pub(crate) async fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Answers with `router` until the returned value is dropped.
pub(crate) fn serve(listener: TcpListener, router: Router) -> Serving {
    Serving(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => { connections.spawn(connection(TokioIo::new(stream), router.clone())); }
                    Err(problem) => {
                        tracing::warn!(%problem, "a connection could not be accepted");
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }))
}

async fn connection(stream: TokioIo<tokio::net::TcpStream>, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request));
    // An error here is a caller that went away, or a fault that closed the connection on purpose.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, LostAnswer> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<LostAnswer>().is_some() { Err(LostAnswer) } else { Ok(response) }
}
