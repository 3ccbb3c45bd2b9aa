//! A request's body that says whether it is what is being waited for, so that a request that takes too long is blamed on the right side.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Whether a body was asked for more and has not given it yet.
#[derive(Clone, Debug, Default)]
pub(super) struct IsLate(Arc<AtomicBool>);

impl IsLate {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same body, watched.
    pub(super) fn watch(&self, body: Body) -> Body {
        Body::new(Watched { body, is_late: self.clone() })
    }
}

struct Watched {
    body: Body,
    is_late: IsLate,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.is_late.0.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Nobody waits for it any more.
        self.is_late.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_is_late_while_it_is_waited_for() {
        let is_late = IsLate::default();
        let (give, given) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        let body = is_late.watch(Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(given)));
        assert!(!is_late.get(), "nobody has asked");
        let read = tokio::spawn(axum::body::to_bytes(body, 100));
        while !is_late.get() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        give.send(Ok(Bytes::from_static(b"all"))).await.unwrap();
        drop(give);
        assert_eq!(read.await.unwrap().unwrap(), "all");
        assert!(!is_late.get(), "it has come");
    }

    #[test]
    fn its_size_is_known_as_before() {
        let body = IsLate::default().watch(Body::from("1234"));
        assert_eq!(body.size_hint().exact(), Some(4));
    }
}
