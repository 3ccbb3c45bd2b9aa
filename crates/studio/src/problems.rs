//! Problems that arise in the studio itself.

use pretty_contract::problem::{Code, Problem};

/// A command or argument that does not exist: a fault of the program that asks.
pub(crate) fn bad_request(message: impl Into<String>) -> Problem {
    Problem { code: Code::BadRequest, message: message.into(), retryable: false, detail: None }
}

/// A fault of this program.
pub(crate) fn internal(what: impl Into<String>) -> Problem {
    Problem {
        code: Code::Internal,
        message: "Something went wrong inside the program. Your photos are untouched; trying again may help.".into(),
        retryable: true,
        detail: Some(what.into()),
    }
}

/// What a caught panic said.
pub(crate) fn from_panic(payload: &(dyn std::any::Any + Send)) -> Problem {
    let said = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    internal(said.unwrap_or("a thread broke off"))
}
