//! Whether the outside services are the real ones or stand-ins on this machine: it follows from where they are, and all must agree.

use super::Settings;
use super::load::{SettingsError, is_here};
use crate::outbound::is_loopback;
use url::Url;

/// With whom this service works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The real ones, or none.
    Live,
    /// Stand-ins on this machine: no money moves, nothing leaves. Every page and every answer says so.
    Sandbox,
}

impl Mode {
    /// As it is kept.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }
}

impl Settings {
    /// Whether any outside service is configured. Without one it cannot be told with whom this service works.
    pub fn has_outside(&self) -> bool {
        !outside(self).is_empty()
    }

    /// With whom this service works.
    pub fn mode(&self) -> Mode {
        let sandboxed = outside(self).into_iter().any(|service| service.mode() == Mode::Sandbox);
        if sandboxed { Mode::Sandbox } else { Mode::Live }
    }
}

/// An outside service that is switched on.
struct Outside<'a> {
    key: &'static str,
    address: &'a str,
    /// A stand-in's says `sandbox`.
    credential: &'a str,
    /// Where the real one is; empty when there are many.
    live_host: &'static str,
}

impl Outside<'_> {
    fn mode(&self) -> Mode {
        let here = Url::parse(self.address).is_ok_and(|url| is_loopback(&url));
        if here { Mode::Sandbox } else { Mode::Live }
    }
}

fn outside(settings: &Settings) -> Vec<Outside<'_>> {
    let google = Outside {
        key: "google.issuer",
        address: &settings.google.issuer,
        credential: &settings.google.client_id,
        live_host: "accounts.google.com",
    };
    let stripe = Outside {
        key: "stripe.base_url",
        address: &settings.stripe.base_url,
        credential: settings.stripe.secret_key.reveal(),
        live_host: "api.stripe.com",
    };
    let replicate = Outside {
        key: "replicate.base_url",
        address: &settings.replicate.base_url,
        credential: settings.replicate.token.reveal(),
        live_host: "api.replicate.com",
    };
    let anthropic = Outside {
        key: "anthropic.base_url",
        address: &settings.anthropic.base_url,
        credential: settings.anthropic.key.reveal(),
        live_host: "api.anthropic.com",
    };
    [google, stripe, replicate, anthropic].into_iter().filter(|service| !service.credential.is_empty()).collect()
}

/// Refuses a real key beside a stand-in, a stand-in's key at the real service, and stand-ins beside real services.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let refuse = |key: &'static str, reason: String| Err(SettingsError::Refused { key, reason });
    let services = outside(settings);
    for service in &services {
        let right = match service.mode() {
            Mode::Sandbox => service.credential.contains("sandbox"),
            Mode::Live => {
                let host = Url::parse(service.address).ok().filter(|url| url.scheme() == "https");
                let host = host.and_then(|url| url.host_str().map(str::to_owned));
                host.as_deref() == Some(service.live_host) && !service.credential.contains("sandbox")
            }
        };
        if !right {
            let reason = format!(
                "and its key do not belong together: a real key goes to {} only, a sandbox's to this machine only",
                service.live_host
            );
            return refuse(service.key, reason);
        }
        if service.mode() != settings.mode() {
            return refuse(
                service.key,
                "is the real service, and another one is a stand-in on this machine: sandbox and live are never mixed"
                    .to_owned(),
            );
        }
    }
    if settings.mode() == Mode::Sandbox
        && !settings.mail.smtp_url.is_empty()
        && !Url::parse(settings.mail.smtp_url.reveal()).is_ok_and(|url| is_here(&url))
    {
        return refuse(
            "mail.smtp_url",
            "is another machine's, and the outside services are stand-ins: a sandbox sends no mail".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;
    use crate::settings::load::{Overrides, check, load};

    fn settings(issuer: &str, id: &str, smtp: &str) -> Settings {
        let mut settings = load(None, [], &Overrides::default()).unwrap();
        settings.google.issuer = issuer.to_owned();
        settings.google.client_id = id.to_owned();
        settings.google.client_secret = Secret::new("x");
        settings.mail.smtp_url = Secret::new(smtp);
        settings
    }

    #[test]
    fn sandbox_and_live_are_never_mixed() {
        let (live, here) = ("https://accounts.google.com", "http://127.0.0.1:5");
        for (issuer, id, smtp, expected) in [
            (live, "", "", Ok(Mode::Live)),
            (live, "1.apps.googleusercontent.com", "smtps://u:p@mail.example:465", Ok(Mode::Live)),
            (here, "1-sandbox.apps", "smtp://127.0.0.1:25", Ok(Mode::Sandbox)),
            (here, "1.apps.googleusercontent.com", "", Err("google.issuer")),
            (live, "1-sandbox.apps", "", Err("google.issuer")),
            ("http://accounts.google.com", "1.apps", "", Err("google.issuer")),
            ("https://accounts.google.com.example.org", "1.apps", "", Err("google.issuer")),
            (here, "1-sandbox.apps", "smtps://u:p@mail.example:465", Err("mail.smtp_url")),
        ] {
            let settings = settings(issuer, id, smtp);
            match (check(&settings), expected) {
                (Ok(()), Ok(mode)) => assert_eq!(settings.mode(), mode),
                (Err(SettingsError::Refused { key, .. }), Err(wanted)) => assert_eq!(key, wanted),
                (found, wanted) => panic!("{issuer} {id} {smtp}: {found:?}, not {wanted:?}"),
            }
        }
    }
}
