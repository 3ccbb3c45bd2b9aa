//! The archive of the person's data: asked for, waited for, fetched once and saved where the person said. A service that hands it out on its own
//! page only, to whoever has just signed in there, gets that page opened in the system's browser instead.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

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
    path: PathBuf,
}

/// Asks for an archive.
pub(crate) fn ask(core: &Core, path: PathBuf) -> Result<(), Problem> {
    let Some(user) = core.lock().linked.user().map(str::to_owned) else { return Err(Fault::SignedOut.problem()) };
    let export: Export = core
        .link
        .send(Call::new(Method::POST, "/v1/account/exports", sync::WHY).key(uuid::Uuid::now_v7().to_string()))
        .map_err(|fault| fault.problem())?;
    let asked = Asked { id: export.id.clone(), user, path };
    core.link.store.keep(KEPT, &asked)?;
    usage::count(core, &core.lock(), Used::ExportMade);
    take(core, &asked, export).map_err(|fault| fault.problem())
}

/// Looks whether the archive that was asked for is ready.
pub(crate) fn look(core: &Core) -> Result<(), Fault> {
    let Some(asked) = core.link.store.kept::<Asked>(KEPT) else { return Ok(()) };
    if core.lock().linked.user() != Some(asked.user.as_str()) {
        return Ok(());
    }
    match core.link.send::<Export>(Call::get(format!("/v1/account/exports/{}", asked.id), sync::WHY)) {
        Ok(export) => take(core, &asked, export),
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => {
            let _ = core.link.store.forget(KEPT);
            change(core, |linked| linked.online.export = None);
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

fn take(core: &Core, asked: &Asked, export: Export) -> Result<(), Fault> {
    let mut shown =
        DataExport { state: export.state, path: asked.path.display().to_string(), saved: false, problem: None };
    let mut over = matches!(export.state, ExportState::Gone | ExportState::Failed);
    let page = export.url.as_deref().filter(|_| export.state == ExportState::Ready).and_then(|url| page_of(core, url));
    if let Some(page) = page {
        over = true;
        shown.problem = core.host.open_in_browser(page.as_str()).err();
        core.host.notify("Your archive is ready", "Fetch it in the browser.");
    } else if let (ExportState::Ready, Some(url)) = (export.state, &export.url) {
        match save(core, url, &asked.path, export.bytes) {
            Ok(()) => (shown.saved, over) = (true, true),
            Err(fault) => shown.problem = Some(fault.problem()),
        }
    } else if over {
        shown.problem = Some(Problem {
            code: Code::ServiceFailed,
            message: "The archive could not be made, or its time is over. Ask for it again.".into(),
            retryable: true,
            detail: None,
        });
    }
    if over {
        let _ = core.link.store.forget(KEPT);
    }
    change(core, |linked| linked.online.export = Some(shown));
    Ok(())
}

/// The address, when it is a page and not the archive itself.
fn page_of(core: &Core, url: &str) -> Option<url::Url> {
    let base = core.link.service().ok()?.base();
    let address = base.join(url).ok()?;
    (!address.path().starts_with("/v1/")).then(|| local_address(base, address.as_str())).flatten()
}

/// Fetches to a file beside, then renames.
fn save(core: &Core, url: &str, path: &Path, bytes: Option<u64>) -> Result<(), Fault> {
    let service = core.link.service()?;
    // The address may be whole; only its path is used, so that the token goes to the service and nowhere else.
    let address = service.base().join(url).map_err(|error| Fault::NotUnderstood(error.to_string()))?;
    let target = match address.query() {
        Some(query) => format!("{}?{query}", address.path()),
        None => address.path().to_owned(),
    };
    let part = path.with_extension("zip.part");
    let cannot = |error: std::io::Error| {
        Fault::Here(Problem {
            code: if error.kind() == std::io::ErrorKind::StorageFull { Code::DiskFull } else { Code::TargetFailed },
            message: format!(
                "The archive could not be saved as \u{201c}{}\u{201d}. Choose another place.",
                path.display()
            ),
            retryable: true,
            detail: Some(error.to_string()),
        })
    };
    // The place is tried before the address is used up: it works once.
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&part).map_err(cannot)?;
    let mut stream = core.link.authorized(Call::get(target, sync::WHY), |service, call| service.stream(call))?;
    let mut have = 0;
    while let Some(piece) = stream.next() {
        let piece = piece?;
        have += piece.len() as u64;
        file.write_all(&piece).map_err(cannot)?;
    }
    if bytes.is_some_and(|bytes| bytes != have) {
        let _ = std::fs::remove_file(&part);
        return Err(Fault::Unreachable("the archive broke off".into()));
    }
    file.sync_all().and_then(|()| std::fs::rename(&part, path)).map_err(cannot)
}
