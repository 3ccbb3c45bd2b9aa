//! The archive of the person's data: asked for, and waited for. It is fetched on the service's own page, where whoever wants it signs in anew and says
//! where it is saved: a token taken from this computer is not enough for all that a person has.

use pretty_contract::account::DataExport;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::error::ServiceCode;
use pretty_contract::service::privacy::{Export, ExportState};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::link::change;
use crate::service::{Call, Fault, local_address};
use crate::sync;
use crate::usage::{self, Used};

const KEPT: &str = "data export";

/// What was asked for, for the next start.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Asked {
    id: String,
    user: String,
}

/// Asks for an archive.
pub(crate) fn ask(core: &Core) -> Result<(), Problem> {
    let Some(user) = core.lock().linked.user().map(str::to_owned) else { return Err(Fault::SignedOut.problem()) };
    let export: Export = core
        .link
        .send(Call::new(Method::POST, "/v1/account/exports", sync::WHY).key(uuid::Uuid::now_v7().to_string()))
        .map_err(|fault| fault.problem())?;
    let asked = Asked { id: export.id.clone(), user };
    core.link.store.keep(KEPT, &asked)?;
    usage::count(core, &core.lock(), Used::ExportMade);
    take(core, export).map_err(|fault| fault.problem())
}

/// Looks whether the archive that was asked for is ready.
pub(crate) fn look(core: &Core) -> Result<(), Fault> {
    let Some(asked) = core.link.store.kept::<Asked>(KEPT) else { return Ok(()) };
    if core.lock().linked.user() != Some(asked.user.as_str()) {
        return Ok(());
    }
    match core.link.send::<Export>(Call::get(format!("/v1/account/exports/{}", asked.id), sync::WHY)) {
        Ok(export) => take(core, export),
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => {
            let _ = core.link.store.forget(KEPT);
            change(core, |linked| linked.online.export = None);
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

fn take(core: &Core, export: Export) -> Result<(), Fault> {
    let problem = match (export.state, &export.url) {
        (ExportState::Ready, Some(url)) => match page_of(core, url) {
            Some(page) => {
                let opened = core.host.open_in_browser(page.as_str());
                if opened.is_ok() {
                    core.host.notify("Your archive is ready", "Fetch it in the browser.");
                }
                opened.err()
            }
            None => Some(not_made()),
        },
        (ExportState::Making | ExportState::Unknown, _) => None,
        (ExportState::Ready | ExportState::Gone | ExportState::Failed, _) => Some(not_made()),
    };
    if !matches!(export.state, ExportState::Making | ExportState::Unknown) {
        let _ = core.link.store.forget(KEPT);
    }
    change(core, |linked| linked.online.export = Some(DataExport { state: export.state, problem }));
    Ok(())
}

fn not_made() -> Problem {
    Problem {
        code: Code::ServiceFailed,
        message: "The archive could not be made, or its time is over. Ask for it again.".into(),
        retryable: true,
        detail: None,
    }
}

/// The page where it is fetched, if it is one of the service's.
fn page_of(core: &Core, url: &str) -> Option<url::Url> {
    let base = core.link.service().ok()?.base();
    let page = local_address(base, base.join(url).ok()?.as_str())?;
    (page.origin() == base.origin()).then_some(page)
}
