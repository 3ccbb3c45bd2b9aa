//! The offline switch, the privacy ledger, what is kept of what was sent, and the limits that the person sets.

use std::fmt::Write;
use std::sync::Arc;

use pretty_contract::account::*;
use pretty_contract::command::Nothing;
use pretty_contract::sent::*;

use super::Answer;
use super::account::absolute;
use crate::cloud::{self, deleting};
use crate::core::Core;
use crate::documents::{self, Kind};
use crate::link::{change, change_in, kept};
use crate::problems::bad_request;
use crate::usage;

pub(crate) fn set_offline(core: &Arc<Core>, request: SetOffline) -> Answer<Nothing> {
    // The door first: whatever happens to the rest, nothing goes out.
    if let Some(service) = core.link.service.as_ref().filter(|_| request.offline) {
        service.set_offline(true);
    }
    core.link.store.keep(kept::OFFLINE, &request.offline)?;
    if let Some(service) = &core.link.service {
        service.set_offline(request.offline);
    }
    let mut state = core.lock();
    change_in(core, &mut state, |linked| {
        linked.online.connection.offline = request.offline;
        linked.online.connection.problem = None;
        if request.offline {
            linked.online.connection.service = Reach::NotAsked;
        }
    });
    cloud::tell_all(core, &state);
    core.wake();
    Ok(Nothing {})
}

pub(crate) fn set_usage(core: &Arc<Core>, request: SetUsage) -> Answer<Nothing> {
    core.link.store.keep(kept::USAGE, &request.usage)?;
    change(core, |linked| linked.online.usage = request.usage);
    if !request.usage {
        usage::forget(core);
    }
    Ok(Nothing {})
}

pub(crate) fn set_spending(core: &Arc<Core>, request: SetSpending) -> Answer<Nothing> {
    if request.monthly_cap.is_some_and(|cap| cap < 0) || request.unasked_up_to < 0 {
        return Err(bad_request("Credits are counted from 0."));
    }
    core.link.store.keep(kept::CAP, &request.monthly_cap)?;
    core.link.store.keep(kept::UNASKED, &request.unasked_up_to)?;
    change(core, |linked| {
        linked.online.spending.monthly_cap = request.monthly_cap;
        linked.online.spending.unasked_up_to = request.unasked_up_to;
    });
    Ok(Nothing {})
}

pub(crate) fn withdraw_consent(core: &Arc<Core>, request: Provider) -> Answer<Nothing> {
    let mut consents = core.lock().linked.online.spending.consents.clone();
    consents.retain(|provider| *provider != request.provider);
    core.link.store.keep(kept::CONSENTS, &consents)?;
    change(core, |linked| linked.online.spending.consents = consents);
    super::jobs::stop_unsent(core, &request.provider)?;
    Ok(Nothing {})
}

pub(crate) fn privacy_ledger(core: &Arc<Core>, request: SentPage) -> Answer<SentLines> {
    let page = SentPage { limit: request.limit.clamp(1, 500), ..request };
    Ok(SentLines { lines: core.link.store.sent_lines(&page)? })
}

pub(crate) fn export_privacy_ledger(core: &Arc<Core>, request: SaveTo) -> Answer<Nothing> {
    let path = absolute(&request.path)?;
    let lines = core.link.store.sent_lines(&SentPage { before: None, limit: u32::MAX, what: None })?;
    let mut text = String::from("number,at_microseconds,what,name,why,to,bytes,times,taken_out,copy\r\n");
    for line in lines {
        let copy = serde_json::to_value(line.copy).ok().and_then(|copy| Some(copy.get("kind")?.as_str()?.to_owned()));
        let what = serde_json::to_value(line.what).ok().and_then(|what| Some(what.as_str()?.to_owned()));
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{},{}\r\n",
            line.number,
            line.at,
            what.unwrap_or_default(),
            field(&line.name),
            field(&line.why),
            field(&line.to),
            line.bytes,
            line.times,
            field(&line.stripped.join("; ")),
            copy.unwrap_or_default()
        );
    }
    documents::save(core, Kind::Csv, &path, text.as_bytes()).map(|()| Nothing {})
}

/// A field of CSV; what a spreadsheet would take for a formula is text.
fn field(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

pub(crate) fn delete_sent(core: &Arc<Core>, request: OneSent) -> Answer<DeletedCopies> {
    delete_copies(core, Some(request.number))
}

pub(crate) fn delete_all_sent(core: &Arc<Core>, _: Nothing) -> Answer<DeletedCopies> {
    delete_copies(core, None)
}

fn delete_copies(core: &Core, number: Option<i64>) -> Answer<DeletedCopies> {
    let mut outcome = DeletedCopies::default();
    for photo in core.link.store.kept_copies(number)? {
        match deleting::photo(core, &photo) {
            Ok(()) => outcome.deleted += 1,
            Err(fault) => {
                outcome.problems.push(fault.problem());
                break;
            }
        }
    }
    change(core, |_| {});
    Ok(outcome)
}
