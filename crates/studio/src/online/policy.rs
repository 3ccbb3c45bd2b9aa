//! The privacy policy, which can be read at any time: as the service has it, as it had it when it was asked last, or as it came with the program.

use std::sync::Arc;

use pretty_contract::account::{AcceptPolicy, Policy, PolicyFrom};
use pretty_contract::command::Nothing;
use pretty_contract::problem::Problem;
use pretty_contract::service::privacy::{self, Acceptance, FIRST_POLICY, FIRST_POLICY_VERSION};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::clock::now_micros;
use crate::cloud;
use crate::core::Core;
use crate::link::kept;
use crate::service::{Call, Fault};
use crate::sync::{self, WHY};

/// What the app itself keeps, which is none of the service's business to say.
const ON_THIS_COMPUTER: &str = include_str!("on_this_computer.md");

/// As it was fetched last.
#[derive(Serialize, Deserialize)]
struct Fetched {
    policy: privacy::Policy,
    at: i64,
}

/// Nothing is asked for it that is not asked anyway: signed out or offline no connection is opened.
pub(crate) fn policy(core: &Arc<Core>, _: Nothing) -> Answer<Policy> {
    let asked = core.lock().linked.is_signed_in().then(|| core.link.send(Call::get("/v1/policy", WHY)));
    let problem = match asked {
        Some(Ok(policy)) => {
            let fetched = Fetched { policy, at: now_micros() };
            if let Err(error) = core.link.store.keep(kept::POLICY, &fetched) {
                tracing::warn!(%error, "the privacy policy could not be remembered");
            }
            return Ok(shown(fetched.policy, PolicyFrom::Service, None));
        }
        Some(Err(Fault::Offline)) | None => None,
        Some(Err(fault)) => Some(fault.problem()),
    };
    Ok(match core.link.store.kept::<Fetched>(kept::POLICY) {
        Some(Fetched { policy, at }) => shown(policy, PolicyFrom::Earlier { at }, problem),
        None => shown(shipped(core), PolicyFrom::Program, problem),
    })
}

fn shipped(core: &Core) -> privacy::Policy {
    let service = core.link.service.as_ref().map(|service| service.base().to_string());
    privacy::Policy {
        version: FIRST_POLICY_VERSION.to_owned(),
        effective_at: 0,
        text: FIRST_POLICY.to_owned(),
        changes: String::new(),
        contact: core.link.contact.clone().or(service).unwrap_or_default(),
    }
}

fn shown(policy: privacy::Policy, from: PolicyFrom, problem: Option<Problem>) -> Policy {
    let privacy::Policy { version, effective_at, text, changes, contact } = policy;
    let text = format!("{}\n{ON_THIS_COMPUTER}", text.trim_end());
    Policy { version, effective_at, text, changes, contact, from, problem }
}

pub(crate) fn accept_policy(core: &Arc<Core>, request: AcceptPolicy) -> Answer<Nothing> {
    let body = Acceptance { version: request.version };
    let told = core.link.tell(Call::new(Method::POST, "/v1/policy/acceptance", WHY).json(&body));
    told.and_then(|()| sync::fetch_account(core)).map_err(|fault| fault.problem())?;
    cloud::outbox_goes_on(core);
    Ok(Nothing {})
}
