//! Signing in: PKCE through the system's browser, and back by a loopback address (RFC 8252).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use oauth2::{AuthUrl, AuthorizationCode, CsrfToken, HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use pretty_contract::problem::{Code, Problem};
use url::Url;

use super::loopback::{Loopback, Returned};
use super::session::{Granted, carry, client, granted};
use crate::service::{Fault, Service};

/// How long the browser may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5 * 60);

/// A sign-in that waits for the browser.
pub(crate) struct SignIn {
    /// The page to open.
    pub(crate) address: Url,
    loopback: Loopback,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

impl SignIn {
    /// Binds the address to come back to, and makes the address to go to. Sends nothing.
    pub(crate) fn prepare(service: &Service) -> Result<Self, Problem> {
        let loopback = Loopback::bind().map_err(|error| {
            failed("This computer gave no address for the browser to come back to.", Some(error.to_string()))
        })?;
        let nonsense =
            |error: url::ParseError| failed("The service\u{2019}s address cannot be used.", Some(error.to_string()));
        let redirect = RedirectUrl::new(loopback.redirect()).map_err(nonsense)?;
        let authorize = AuthUrl::from_url(service.base().join("oauth/authorize").map_err(nonsense)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = client(service).map_err(|fault| fault.problem())?.set_auth_uri(authorize);
        let (address, state) = client
            .authorize_url(CsrfToken::new_random)
            .set_pkce_challenge(challenge)
            .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect))
            .add_extra_param("device_name", device_name())
            .url();
        Ok(Self { address, loopback, state, verifier, redirect })
    }

    /// Waits for the browser and exchanges what it brings. `None` when the person stopped waiting.
    pub(crate) fn finish(
        self,
        service: &Service,
        stop: &Arc<AtomicBool>,
        limit: Duration,
    ) -> Result<Option<Granted>, Problem> {
        let code = match self.loopback.wait(self.state.secret(), limit, stop) {
            Returned::Code(code) => code,
            Returned::Stopped => return Ok(None),
            Returned::TooLate => {
                return Err(failed(
                    "Nobody came back from the browser within five minutes. Start the sign-in again.",
                    None,
                ));
            }
            Returned::Refused(why) if why == "access_denied" => return Ok(None),
            Returned::Refused(why) => {
                return Err(failed("The service did not sign you in. Start the sign-in again.", Some(why)));
            }
        };
        let outcome = client(service)
            .map_err(|fault| fault.problem())?
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(self.verifier)
            .set_redirect_uri(std::borrow::Cow::Borrowed(&self.redirect))
            .request(&|request: HttpRequest| carry(service, request, "Signing in"));
        match granted(outcome) {
            Ok(granted) => Ok(Some(granted)),
            Err(Fault::SignedOut) => Err(failed("The sign-in was not valid any more. Start it again.", None)),
            Err(fault) => Err(fault.problem()),
        }
    }
}

fn failed(message: &str, detail: Option<String>) -> Problem {
    Problem { code: Code::SignInFailed, message: message.to_owned(), retryable: true, detail }
}

/// What the list of devices calls this computer.
fn device_name() -> String {
    let named =
        std::env::var("COMPUTERNAME").ok().or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let name = named.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(60).collect();
    let system = match std::env::consts::OS {
        "macos" => "Mac",
        "windows" => "Windows computer",
        _ => "Linux computer",
    };
    if name.is_empty() { system.to_owned() } else { name }
}
