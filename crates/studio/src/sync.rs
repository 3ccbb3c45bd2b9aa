//! Keeps what is known of the service up to date: everything at the start and after a gap, then by the service's events, one thing at a time.
//!
//! Events say that something changed, never what; the thing is fetched, so that their order does not matter and the service's word is the
//! last. A thread of its own; while nobody is signed in, or the switch is on, it sleeps and nothing is opened, but to tell of a sign-out of which
//! the service does not know yet.

mod messages;

use std::time::{Duration, Instant};

use pretty_contract::account::{AccountState, Kept, Reach};
use pretty_contract::service::account::{Account, SignedInDevice};
use pretty_contract::service::billing::{Catalogue, Order};
use pretty_contract::service::error::ServiceCode;
use pretty_contract::service::events::{Change, ChangeKind};
use pretty_contract::service::jobs::Price;
use serde::de::DeserializeOwned;

use crate::account::farewell;
use crate::core::{Core, State};
use crate::link::{self, Linked, change, kept};
use crate::service::{Call, Fault};
use crate::{cloud, exporting, usage};
use messages::{Message, Messages};

/// The line in the privacy ledger under which questions stand.
pub(crate) const WHY: &str = "Account and jobs";
/// How often to ask a service that gives no events.
const WITHOUT_EVENTS: Duration = Duration::from_secs(10);

/// How often to ask whether an account that is being deleted is kept after all.
const WHILE_LEAVING: Duration = Duration::from_secs(60);

/// What the service lets an account do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Standing {
    /// Everything.
    Whole,
    /// It is being deleted: nothing but see that, and take it back.
    Leaving,
}

/// The thread's work.
pub(crate) fn work(core: &Core) {
    let (mut tries, mut unheard) = (0, 0);
    let has_work = |linked: &Linked| linked.is_signed_in() || core.link.farewells.are_due();
    while core.wait_for(|state| (has_work(&state.linked) && may_go_out(core)).then_some(())).is_some() {
        let told = farewell::tell(core);
        if !core.lock().linked.is_signed_in() {
            if told.is_err() {
                let changed = |state: &mut State| (state.linked.is_signed_in() || !may_go_out(core)).then_some(());
                core.wait_at_most(link::pause(unheard), changed);
                unheard += 1;
            }
            continue;
        }
        if !recall(core) {
            continue;
        }
        change(core, |linked| {
            if linked.online.connection.service != Reach::Connected {
                linked.online.connection.service = Reach::Connecting;
            }
        });
        let outcome = reconcile(core).and_then(|standing| {
            tries = 0;
            match standing {
                Standing::Whole => follow(core),
                Standing::Leaving => {
                    rest_while_leaving(core);
                    Ok(())
                }
            }
        });
        let Err(fault) = outcome else { continue };
        if matches!(fault, Fault::SignedOut) {
            link::signed_out(core, Some(link::ended_elsewhere()));
            continue;
        }
        if matches!(fault, Fault::Offline) {
            let reach = if may_go_out(core) { Reach::Connecting } else { Reach::NotAsked };
            change(core, |linked| linked.online.connection.service = reach);
            continue;
        }
        change(core, |linked| {
            linked.online.connection.service = Reach::Unreachable;
            linked.online.connection.problem = Some(fault.problem());
        });
        rest(core, fault.retry_after().unwrap_or_else(|| link::pause(tries)));
        tries += 1;
    }
}

fn may_go_out(core: &Core) -> bool {
    core.link.service.as_ref().is_some_and(|service| !service.is_offline())
}

/// Waits, but not for longer than somebody is signed in and the way out is open.
fn rest(core: &Core, pause: Duration) {
    core.wait_at_most(pause, |state| (!state.linked.is_signed_in() || !may_go_out(core)).then_some(()));
}

/// Waits until the account is kept after all, as far as is known here, or it is time to ask.
fn rest_while_leaving(core: &Core) {
    core.wait_at_most(WHILE_LEAVING, |state| {
        let leaves = matches!(&state.linked.online.account,
            AccountState::SignedIn { account: Some(account), .. } if account.deletion.is_some());
        (!leaves || !may_go_out(core)).then_some(())
    });
}

/// Takes the sign-in of an earlier run out of the keychain. False when that did not work, which is told.
fn recall(core: &Core) -> bool {
    if core.link.session.is_there() {
        return true;
    }
    match core.link.session.recall() {
        Ok(true) => true,
        Ok(false) => {
            link::signed_out(core, Some(link::ended_elsewhere()));
            false
        }
        Err(problem) => {
            // It stays remembered that somebody is signed in: after the next start the keychain may be open.
            change(core, |linked| linked.online.account = AccountState::SignedOut { notice: Some(problem) });
            false
        }
    }
}

fn get<T: DeserializeOwned>(core: &Core, path: &str) -> Result<T, Fault> {
    core.link.send(Call::get(path, WHY))
}

/// An older service may lack something; then there is nothing of it.
fn get_if_there<T: DeserializeOwned>(core: &Core, path: &str) -> Result<Option<T>, Fault> {
    match get(core, path) {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Fetches everything that the account may see.
pub(crate) fn reconcile(core: &Core) -> Result<Standing, Fault> {
    let standing = fetch_standing(core)?;
    if standing == Standing::Whole {
        fetch_the_rest(core)?;
        usage::send(core);
    }
    let now = core.link.service()?.now();
    change(core, |linked| {
        linked.online.connection.synced_at = Some(now);
        linked.online.connection.service = Reach::Connected;
        linked.online.connection.problem = None;
    });
    link::remember(core);
    Ok(standing)
}

fn fetch_the_rest(core: &Core) -> Result<(), Fault> {
    let catalogue: Option<Catalogue> = get_if_there(core, "/v1/catalogue")?;
    let prices: Option<Vec<Price>> = get_if_there(core, "/v1/prices")?;
    change(core, |linked| {
        linked.online.catalogue = catalogue.or(linked.online.catalogue.take());
        linked.online.prices = prices.unwrap_or_else(|| std::mem::take(&mut linked.online.prices));
    });
    fetch_orders(core)?;
    cloud::history::fetch(core)?;
    exporting::look(core)
}

/// The account and its devices.
pub(crate) fn fetch_account(core: &Core) -> Result<(), Fault> {
    fetch_standing(core).map(|_| ())
}

fn fetch_standing(core: &Core) -> Result<Standing, Fault> {
    let account: Account = get(core, "/v1/account")?;
    let standing = if account.deletion.is_some() { Standing::Leaving } else { Standing::Whole };
    let mut devices: Vec<SignedInDevice> = match standing {
        Standing::Whole => get(core, "/v1/account/devices")?,
        // Its deletion signed all of them out.
        Standing::Leaving => Vec::new(),
    };
    devices.sort_by_key(|device| (!device.this, -device.seen_at));
    let owner = account.id.clone();
    let mut newcomer = false;
    change(core, |linked| {
        newcomer = linked.user() != Some(owner.as_str());
        let kept = match &linked.online.account {
            AccountState::SignedIn { kept, .. } => kept.clone(),
            // Signed out meanwhile.
            _ => return,
        };
        linked.online.account = AccountState::SignedIn { account: Some(Box::new(account)), kept };
        linked.online.devices = devices;
    });
    if newcomer {
        cloud::critiques::tell(core);
        cloud::tell_all(core, &core.lock());
    }
    link::remember(core);
    Ok(standing)
}

/// Orders, newest first.
pub(crate) fn fetch_orders(core: &Core) -> Result<(), Fault> {
    if let Some(mut orders) = get_if_there::<Vec<Order>>(core, "/v1/orders")? {
        orders.sort_by_key(|order| std::cmp::Reverse(order.created_at));
        change(core, |linked| linked.online.orders = orders);
    }
    Ok(())
}

/// Follows the service's events until they break off.
fn follow(core: &Core) -> Result<(), Fault> {
    let last: Option<String> = core.link.store.kept(kept::LAST_EVENT);
    let mut call = Call::get("/v1/events", WHY).header("Accept", "text/event-stream");
    if let Some(last) = &last {
        call = call.header("Last-Event-ID", last.clone());
    }
    let mut stream = match core.link.authorized(call, |service, call| service.stream(call)) {
        Ok(stream) => stream,
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => {
            rest(core, WITHOUT_EVENTS);
            return Ok(());
        }
        Err(fault) => return Err(fault),
    };
    // A new token may have been fetched for it, and where that is kept may have changed.
    change(core, |_| {});
    let mut messages = Messages::default();
    let began = Instant::now();
    while let Some(piece) = stream.next() {
        for message in messages.push(&piece?) {
            heed(core, &message)?;
        }
    }
    // It broke off without a word: begin again, but not in a circle.
    if began.elapsed() < Duration::from_secs(2) {
        rest(core, Duration::from_secs(2));
    }
    Ok(())
}

fn heed(core: &Core, message: &Message) -> Result<(), Fault> {
    if message.kind == "reset" {
        let _ = core.link.store.forget(kept::LAST_EVENT);
        reconcile(core)?;
    } else if let Ok(change) = serde_json::from_str::<Change>(&message.data) {
        match change.kind {
            ChangeKind::Account | ChangeKind::Credits | ChangeKind::Policy => fetch_account(core)?,
            ChangeKind::Order => fetch_orders(core).and_then(|()| fetch_account(core))?,
            ChangeKind::Job => match &change.id {
                Some(id) => cloud::history::fetch_one(core, id)?,
                None => cloud::history::fetch(core)?,
            },
            ChangeKind::Export => exporting::look(core)?,
            ChangeKind::Unknown => {}
        }
    }
    // Written down after it was heeded: broken off in between, it comes again.
    if let Some(id) = &message.id
        && let Err(error) = core.link.store.keep(kept::LAST_EVENT, id)
    {
        tracing::warn!(%error, "the place in the events could not be remembered");
    }
    Ok(())
}

/// Somebody is signed in from now on.
pub(crate) fn signed_in(core: &Core, kept_in: Kept) {
    let _ = core.link.store.forget(kept::LAST_EVENT);
    change(core, |linked| {
        linked.online.account = AccountState::SignedIn { account: None, kept: kept_in };
        linked.online.connection.service = Reach::Connecting;
        linked.signing_in = None;
    });
    link::remember(core);
}
