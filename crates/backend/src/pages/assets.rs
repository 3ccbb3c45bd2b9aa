//! The style sheet, the typeface and the two pictures of the pages, from inside the binary.

use crate::app::App;
use axum::Router;
use axum::http::header;
use axum::routing::get;

const FILES: [(&str, &str, &[u8]); 4] = [
    ("/assets/pages.css", "text/css; charset=utf-8", include_bytes!("../../assets/pages.css")),
    ("/assets/inter-latin.woff2", "font/woff2", include_bytes!("../../assets/inter-latin.woff2")),
    ("/assets/harbour-before.jpg", "image/jpeg", include_bytes!("../../assets/harbour-before.jpg")),
    ("/assets/harbour-after.jpg", "image/jpeg", include_bytes!("../../assets/harbour-after.jpg")),
];

pub(super) fn routes() -> Router<App> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, bytes)| {
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")];
        router.route(path, get(async move || (headers, bytes)))
    })
}
