//! Where the service is.

use std::net::IpAddr;

use url::{Host, Url};

/// The service's address as it was configured; `None` when it cannot be meant. Plain HTTP is for this computer only.
pub(crate) fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let safe = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(&url),
        _ => false,
    };
    (bare && safe && url.path() == "/").then_some(url)
}

/// Whether an address is on this computer, by number.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        _ => false,
    }
}

/// Whether the system's browser may be sent there: the web, or this computer.
pub(crate) fn local_address(base: &Url, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url) && is_loopback(base));
    safe.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_computer_only() {
        for good in ["https://example.org", "http://127.0.0.1:8080", "http://[::1]:9/"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "http://example.org",
            "http://localhost:80",
            "ftp://127.0.0.1",
            "https://a:b@example.org",
            "",
            "https://x/?q",
            "https://x/api",
            "file:///a",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        let (far, here) = (parse("https://example.org").unwrap(), parse("http://127.0.0.1:1").unwrap());
        assert!(local_address(&far, "https://checkout.example.com/x").is_some());
        assert!(local_address(&here, "http://127.0.0.1:7/pay").is_some());
        for (base, bad) in [
            (&far, "http://127.0.0.1:7/pay"),
            (&here, "http://example.org/"),
            (&here, "javascript:alert(1)"),
            (&far, "file:///etc/passwd"),
        ] {
            assert!(local_address(base, bad).is_none(), "{bad}");
        }
    }
}
