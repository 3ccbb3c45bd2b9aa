//! What goes wrong between here and the service, by who is at fault, and the sentences for it.

use std::time::Duration;

use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::error::{ServiceCode, ServiceError};

use super::wire::Answer;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The switch is on, or the program ends.
    Offline,
    /// Nobody is signed in.
    SignedOut,
    /// No answer.
    Unreachable(String),
    /// Somebody else is in the service's place, which was noticed before anything was said.
    Intercepted(String),
    /// Somebody else has answered, to whom the request was sent.
    AnsweredByAnother(String),
    /// The answer is not understood.
    NotUnderstood(String),
    /// The service says no.
    Refused { status: u16, error: ServiceError, retry_after: Option<Duration> },
    /// This computer does not let it: its disk, its keychain.
    Here(Problem),
}

impl Fault {
    /// The service's code, if it was the service that said no.
    pub(crate) fn code(&self) -> Option<ServiceCode> {
        if let Self::Refused { error, .. } = self { Some(error.code) } else { None }
    }

    /// Whether the service says that there is no such thing, or none any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 410, .. })
    }

    /// Whether the same may work later, without anybody doing anything.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Offline
            | Self::Unreachable(_)
            | Self::Intercepted(_)
            | Self::AnsweredByAnother(_)
            | Self::NotUnderstood(_) => true,
            Self::Refused { status, error, .. } => {
                *status >= 500 || error.retryable || error.code == ServiceCode::RateLimited
            }
            Self::SignedOut | Self::Here(_) => false,
        }
    }

    /// How long the service wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if let Self::Refused { retry_after, .. } = self { *retry_after } else { None }
    }

    pub(crate) fn problem(&self) -> Problem {
        let (code, message, retryable, detail) = match self {
            Self::Offline => (
                Code::Offline,
                "You are working offline: nothing is sent. Switch offline off on the Privacy page.".to_owned(),
                false,
                None,
            ),
            Self::SignedOut => {
                (Code::SignedOut, "You are not signed in. Sign in on the Account page.".to_owned(), false, None)
            }
            Self::Unreachable(detail) => (
                Code::ServiceUnreachable,
                "The service does not answer. Check the network; the app tries again by itself.".to_owned(),
                true,
                Some(detail.clone()),
            ),
            Self::Intercepted(detail) => (
                Code::ConnectionIntercepted,
                "Something else answers in the service\u{2019}s place, so nothing was sent. On a network with a sign-in page, open that page in a browser first.".to_owned(),
                true,
                Some(detail.clone()),
            ),
            Self::AnsweredByAnother(detail) => (
                Code::ConnectionIntercepted,
                "Something else answered in the service\u{2019}s place, and may have read what was sent to it. On a network with a sign-in page, open that page in a browser first; the app then tries again by itself.".to_owned(),
                true,
                Some(detail.clone()),
            ),
            Self::NotUnderstood(detail) => (
                Code::ServiceNotUnderstood,
                "The service answered with something that this version of the app does not understand. Nothing is lost; a newer version may understand it.".to_owned(),
                true,
                Some(detail.clone()),
            ),
            Self::Refused { status, error, .. } => (code_of(*status, error), error.message.clone(), error.retryable, None),
            Self::Here(problem) => return problem.clone(),
        };
        Problem { code, message, retryable, detail }
    }
}

fn code_of(status: u16, error: &ServiceError) -> Code {
    match error.code {
        ServiceCode::NotFound => Code::NotThere,
        ServiceCode::Unauthenticated | ServiceCode::TokenExpired => Code::SignedOut,
        ServiceCode::PriceChanged => Code::PriceChanged,
        ServiceCode::PolicyNotAccepted => Code::PolicyNotAccepted,
        ServiceCode::RateLimited => Code::RateLimited,
        ServiceCode::NotEnoughCredits => Code::NotEnoughCredits,
        ServiceCode::TooSlow | ServiceCode::TimedOut | ServiceCode::Unavailable | ServiceCode::Internal => {
            Code::ServiceFailed
        }
        _ if status >= 500 => Code::ServiceFailed,
        _ => Code::ServiceRefused,
    }
}

/// What an answer that is an error says.
pub(crate) fn of_answer(answer: &Answer) -> Fault {
    if (300..400).contains(&answer.status) {
        return Fault::AnsweredByAnother(format!("status {}: leads elsewhere", answer.status));
    }
    match serde_json::from_slice::<ServiceError>(&answer.body) {
        Ok(error) => Fault::Refused { status: answer.status, error, retry_after: answer.retry_after },
        // A proxy in between says so in its own words.
        Err(_) if answer.status >= 500 => Fault::Refused {
            status: answer.status,
            error: ServiceError {
                code: ServiceCode::Unavailable,
                message: "The service has trouble just now. Try again in some minutes.".into(),
                retryable: true,
            },
            retry_after: answer.retry_after,
        },
        Err(error) => not_json(answer, &error.to_string()),
    }
}

/// An answer that should have been JSON.
pub(super) fn not_json(answer: &Answer, error: &str) -> Fault {
    let shown = format!("status {}, {}: {error}", answer.status, answer.media_type);
    if answer.media_type.starts_with("text/html") {
        Fault::AnsweredByAnother(shown)
    } else {
        Fault::NotUnderstood(shown)
    }
}

/// What the client says went wrong before there was an answer.
pub(super) fn of_client(error: &reqwest::Error) -> Fault {
    let mut said = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        said.push(error.to_string());
        cause = error.source();
    }
    // The address is ours and has nothing secret in it, yet is left out: it may hold an id.
    let said = said.join(": ");
    let lower = said.to_lowercase();
    // Only while the connection is made: then nothing has been said yet.
    if error.is_connect() && (lower.contains("certificate") || lower.contains("tls")) {
        Fault::Intercepted(said)
    } else {
        Fault::Unreachable(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_anything_was_sent_is_said_as_it_was() {
        let answer = |status, media_type: &str, body: &[u8]| Answer {
            status,
            media_type: media_type.into(),
            body: body.to_vec(),
            ..Answer::default()
        };
        let page = answer(200, "text/html; charset=utf-8", b"<html>Welcome to the hotel</html>");
        for fault in [
            of_answer(&answer(302, "", b"")),
            not_json(&page, "expected value"),
            of_answer(&answer(404, "text/html", b"<")),
        ] {
            let problem = fault.problem();
            assert_eq!(problem.code, Code::ConnectionIntercepted, "{fault:?}");
            assert!(
                problem.message.contains("may have read") && !problem.message.contains("nothing was sent"),
                "{}",
                problem.message
            );
        }
        let before = Fault::Intercepted("a certificate".into()).problem();
        assert_eq!(before.code, Code::ConnectionIntercepted);
        assert!(before.message.contains("nothing was sent"), "{}", before.message);
        // What the service says itself is taken for its own, whatever the status.
        let gone = of_answer(&answer(410, "application/json", br#"{"code":"not_found","message":"Gone."}"#));
        assert!(
            gone.is_gone()
                && !of_answer(&answer(400, "application/json", br#"{"code":"invalid","message":"No."}"#)).is_gone()
        );
    }
}
