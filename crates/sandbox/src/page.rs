//! The frame of every page a person sees: plain, accessible, light and dark, nothing from elsewhere, and it says SANDBOX.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1b19;--paper:#fbf9f6;--line:#8a8178;--act:#7a3410;--act-ink:#fff;--warn:#fff0c2;--warn-ink:#3d2f00}\
@media(prefers-color-scheme:dark){:root{--ink:#f3efe9;--paper:#1b1917;--line:#9a9188;--act:#ffb088;--act-ink:#2a1204;--warn:#4a3a00;--warn-ink:#fff0c2}}\
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
.banner{background:var(--warn);color:var(--warn-ink);padding:.75rem 1rem;font-weight:700;text-align:center}\
main{max-width:34rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;line-height:1.2}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem 0;border-bottom:1px solid var(--line)}\
.n{text-align:right}form{margin:.75rem 0}label{display:block;margin:.5rem 0 .25rem}\
input,select{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.4rem}\
button,.button{font:inherit;display:inline-block;padding:.6rem 1.1rem;border-radius:.4rem;border:2px solid var(--act);background:var(--act);color:var(--act-ink);cursor:pointer;text-decoration:none}\
.quiet{background:transparent;color:var(--act)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
.problem{border-left:4px solid #c0341d;padding:.5rem .75rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}a{color:var(--act)}";

/// Text made safe for HTML text and attribute values in double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page. `service` is who is stood in for; `main` is HTML. A form may lead on to `form_targets` (origins) by a redirect.
pub(crate) fn page(status: StatusCode, service: &str, title: &str, main: &str, form_targets: &[String]) -> Response {
    let (service, title) = (escape(service), escape(title));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} – SANDBOX {service}</title><style>{STYLE}</style></head><body>\
         <div class=\"banner\" role=\"note\">SANDBOX: this stands in for {service}. No money moves, nobody signs in, nothing is real.</div>\
         <main><h1>{title}</h1>{main}</main></body></html>"
    );
    let mut policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
        STANDARD.encode(Sha256::digest(STYLE.as_bytes()))
    );
    // Browsers apply form-action to the redirect that answers a form as well, so the way back has to be named.
    for target in form_targets {
        let _ = write!(policy, " {target}");
    }
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page that only says something.
pub(crate) fn notice(status: StatusCode, service: &str, title: &str, text: &str) -> Response {
    page(status, service, title, &format!("<p>{}</p>", escape(text)), &[])
}

/// A redirect after a form was sent.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// The origin of a URL for a content security policy; `None` when it has none or holds characters a policy cannot.
pub(crate) fn origin(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    match parsed.scheme() {
        "http" | "https" => Some(parsed.origin().ascii_serialization()),
        scheme => Some(format!("{scheme}:")),
    }
}

/// An amount in minor units for a person, such as `12.50 EUR`; currencies without minor units are whole.
pub(crate) fn money(amount: i64, currency: &str) -> String {
    const WHOLE: [&str; 6] = ["jpy", "krw", "vnd", "clp", "isk", "xof"];
    let name = currency.to_uppercase();
    if WHOLE.contains(&currency) {
        return format!("{amount} {name}");
    }
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} {name}", amount.unsigned_abs() / 100, amount.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn amounts_are_written_in_their_currency() {
        for (amount, currency, text) in
            [(1250, "eur", "12.50 EUR"), (5, "usd", "0.05 USD"), (-99, "usd", "-0.99 USD"), (300, "jpy", "300 JPY")]
        {
            assert_eq!(money(amount, currency), text);
        }
    }

    #[test]
    fn a_page_says_sandbox_and_allows_nothing_from_elsewhere() {
        let targets = [origin("https://example.com/done?x=1").unwrap()];
        let response = page(StatusCode::OK, "Stripe", "Pay <now>", "", &targets);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.ends_with("form-action 'self' https://example.com"), "{policy}");
    }
}
