//! What the app asks for when it opens the browser, and what of it is refused: on a page when the redirect cannot be trusted, otherwise
//! by redirecting with an error.

use super::CLIENT_ID;
use serde::Deserialize;
use url::{Host, Url};

/// The path on the loopback address that the app listens at.
const CALLBACK: &str = "/callback";

/// As it stands in the address. Unknown parameters are ignored, as the RFC wants.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    response_type: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    device_name: Option<String>,
}

/// A request that can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where the code goes: this machine.
    pub redirect_uri: Url,
    /// Given back as it came.
    pub state: String,
    /// SHA-256 of the verifier, base64url.
    pub challenge: String,
    /// What the app calls the computer.
    pub device_name: String,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// To the person: the redirect is not to be trusted with anything.
    Page(&'static str),
    /// To the app, by this address.
    Redirect(Url),
}

impl Asked {
    /// Checks everything.
    ///
    /// # Errors
    /// Why not, and to whom to say so.
    pub fn check(self) -> Result<Request, Refusal> {
        if self.client_id.as_deref() != Some(CLIENT_ID) {
            return Err(Refusal::Page("The app that opened this page is not known here."));
        }
        let redirect_uri = self.redirect_uri.as_deref().and_then(loopback).ok_or(Refusal::Page(
            "The app that opened this page did not give an address on this computer to return to.",
        ))?;
        let state = self.state.filter(|state| (8..=512).contains(&state.len()));
        let refuse =
            |error: &str, why: &str| Refusal::Redirect(with_error(&redirect_uri, error, why, state.as_deref()));
        if self.response_type.as_deref() != Some("code") {
            return Err(refuse("unsupported_response_type", "response_type must be code"));
        }
        if self.code_challenge_method.as_deref() != Some("S256") {
            return Err(refuse("invalid_request", "code_challenge_method must be S256"));
        }
        let is_hash = |text: &String| {
            text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let Some(challenge) = self.code_challenge.filter(is_hash) else {
            return Err(refuse("invalid_request", "code_challenge must be a SHA-256 in base64url"));
        };
        let Some(state) = state.clone() else {
            return Err(refuse("invalid_request", "state must have 8 to 512 characters"));
        };
        let name: String = self.device_name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(60).collect();
        let device_name = if name.trim().is_empty() { "this computer".to_owned() } else { name.trim().to_owned() };
        Ok(Request { redirect_uri, state, challenge, device_name })
    }
}

impl Request {
    /// Where to send the browser with a code.
    pub fn granted(&self, code: &str) -> Url {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().append_pair("code", code).append_pair("state", &self.state);
        url
    }

    /// Where to send the browser when the person says no.
    pub fn denied(&self) -> Url {
        with_error(&self.redirect_uri, "access_denied", "the person said no", Some(&self.state))
    }
}

fn with_error(redirect: &Url, error: &str, why: &str, state: Option<&str>) -> Url {
    let mut url = redirect.clone();
    url.query_pairs_mut().append_pair("error", error).append_pair("error_description", why);
    if let Some(state) = state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url
}

/// Plain HTTP to a loopback address by number (a name could be pointed elsewhere), any port, one path.
fn loopback(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = match url.host()? {
        Host::Ipv4(address) => address == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => address == std::net::Ipv6Addr::LOCALHOST,
        Host::Domain(_) => false,
    };
    let plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
    let bare = url.path() == CALLBACK && url.query().is_none() && url.fragment().is_none();
    // Written as it is meant: no 127.1, no capital letters, no other spelling of the same.
    (here && plain && bare && url.port().is_some() && url.as_str() == text).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(redirect: &str) -> Asked {
        Asked {
            response_type: Some("code".into()),
            client_id: Some(CLIENT_ID.into()),
            redirect_uri: Some(redirect.into()),
            state: Some("12345678".into()),
            code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
            code_challenge_method: Some("S256".into()),
            device_name: Some("mara-desktop\u{7}".into()),
        }
    }

    #[test]
    fn au2_only_loopback_redirects() {
        for good in ["http://127.0.0.1:49152/callback", "http://[::1]:1/callback"] {
            assert!(asked(good).check().is_ok(), "{good}");
        }
        for bad in [
            "http://localhost:49152/callback",
            "https://127.0.0.1:49152/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.2:5/callback",
            "http://127.0.0.1:5/other",
            "http://127.0.0.1:5/callback?x=1",
            "http://127.0.0.1:5/callback#x",
            "http://a@127.0.0.1:5/callback",
            "http://example.org:5/callback",
            "http://127.1:5/callback",
            "aspretty://callback",
            "http://127.0.0.1.example.org:5/callback",
            "",
            "javascript:alert(1)",
            "http://127.0.0.1:5/callback/../x",
        ] {
            assert!(matches!(asked(bad).check(), Err(Refusal::Page(_))), "{bad}");
        }
    }

    #[test]
    fn au1_au2_what_is_missing_is_told_to_the_app() {
        let good = || asked("http://127.0.0.1:5/callback");
        let checked = good().check().unwrap();
        assert_eq!(checked.device_name, "mara-desktop");
        assert_eq!(checked.granted("c").as_str(), "http://127.0.0.1:5/callback?code=c&state=12345678");
        for (broken, word) in [
            (Asked { response_type: Some("token".into()), ..good() }, "unsupported_response_type"),
            (Asked { code_challenge_method: Some("plain".into()), ..good() }, "S256"),
            (Asked { code_challenge_method: None, ..good() }, "S256"),
            (Asked { code_challenge: None, ..good() }, "code_challenge"),
            (Asked { code_challenge: Some("short".into()), ..good() }, "code_challenge"),
            (Asked { state: None, ..good() }, "state"),
            (Asked { state: Some("short".into()), ..good() }, "state"),
        ] {
            let Err(Refusal::Redirect(url)) = broken.check() else { panic!("{word}") };
            assert!(url.as_str().contains(word) && url.as_str().contains("error="), "{url}");
        }
        assert!(matches!(Asked { client_id: Some("other".into()), ..good() }.check(), Err(Refusal::Page(_))));
    }
}
