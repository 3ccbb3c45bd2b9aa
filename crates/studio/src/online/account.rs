//! Signing in and out, the account, buying.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pretty_contract::account::*;
use pretty_contract::command::Nothing;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::account::AccountChange;
use pretty_contract::service::billing::{ConfirmWithdrawal, NewOrder, Order, Portal, Withdrawal};
use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;
use crate::account::farewell;
use crate::account::sign_in::{LIMIT, SignIn};
use crate::core::Core;
use crate::exporting;
use crate::link::{self, change};
use crate::problems::bad_request;
use crate::service::{Call, Fault, local_address};
use crate::sync::{self, WHY};

fn told<T>(outcome: Result<T, Fault>) -> Answer<T> {
    outcome.map_err(|fault| fault.problem())
}

pub(crate) fn sign_in(core: &Arc<Core>, _: Nothing) -> Answer<SignInStarted> {
    let service = told(core.link.service().cloned())?;
    if service.is_offline() {
        return Err(Fault::Offline.problem());
    }
    if core.lock().linked.is_signed_in() {
        return Err(bad_request("Somebody is signed in already. Sign out first."));
    }
    let prepared = SignIn::prepare(&service)?;
    let address = prepared.address.to_string();
    let stop = Arc::new(AtomicBool::new(false));
    let shown = AccountState::SigningIn { address: address.clone() };
    change(core, |linked| {
        // A second sign-in takes the place of the first.
        if let Some(before) = linked.signing_in.replace(stop.clone()) {
            before.store(true, Ordering::SeqCst);
        }
        linked.online.account = shown;
    });
    let waiting = core.clone();
    let began =
        std::thread::Builder::new().name("sign-in".into()).spawn(move || wait_for_browser(&waiting, prepared, &stop));
    if let Err(error) = began {
        change(core, |linked| {
            linked.signing_in = None;
            linked.online.account = AccountState::SignedOut { notice: None };
        });
        return Err(crate::problems::internal(error.to_string()));
    }
    if let Err(problem) = core.host.open_in_browser(&address) {
        // The window shows the address, which can be opened by hand.
        tracing::warn!(detail = problem.detail, "no browser came up");
    }
    Ok(SignInStarted { address })
}

fn wait_for_browser(core: &Core, prepared: SignIn, stop: &Arc<AtomicBool>) {
    let Ok(service) = core.link.service() else { return };
    let outcome = prepared.finish(service, stop, LIMIT);
    match outcome {
        Ok(Some(granted)) if claim(core, stop) => {
            let kept = core.link.session.begin(granted);
            sync::signed_in(core, kept);
        }
        // Stopped while the code was exchanged: the service has signed somebody in of whom nobody here knows.
        Ok(Some(granted)) => {
            core.link.farewells.add(granted.into_refresh());
            if farewell::tell(core).is_err() {
                core.wake();
            }
        }
        // Another sign-in, or a cancel, has said what there is to say.
        _ if stop.load(Ordering::SeqCst) => {}
        outcome => change(core, |linked| {
            linked.signing_in = None;
            linked.online.account = AccountState::SignedOut { notice: outcome.err() };
        }),
    }
}

/// Whether the person still waits for this sign-in. From then on it cannot be cancelled any more.
fn claim(core: &Core, stop: &AtomicBool) -> bool {
    let mut state = core.lock();
    if stop.load(Ordering::SeqCst) {
        return false;
    }
    state.linked.signing_in = None;
    true
}

pub(crate) fn cancel_sign_in(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    change(core, |linked| {
        if let Some(stop) = linked.signing_in.take() {
            stop.store(true, Ordering::SeqCst);
            linked.online.account = AccountState::SignedOut { notice: None };
        }
    });
    Ok(Nothing {})
}

/// Here first, so that it works without a network; then the service is told, if it can be.
pub(crate) fn sign_out(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    // One that an earlier run kept is to be told of, too.
    let _ = core.link.session.recall();
    if let Some(token) = core.link.session.end() {
        core.link.farewells.add(token);
    }
    link::signed_out(core, None);
    if farewell::tell(core).is_err() {
        // Told as soon as there is a way out.
        core.wake();
    }
    Ok(Nothing {})
}

pub(crate) fn sign_out_everywhere(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    told(core.link.tell(Call::new(Method::POST, "/v1/account/sign-out-everywhere", "Signing out")))?;
    core.link.session.end();
    link::signed_out(core, None);
    Ok(Nothing {})
}

pub(crate) fn sign_out_device(core: &Arc<Core>, request: ServiceId) -> Answer<Nothing> {
    let id = id(&request.id)?;
    told(core.link.tell(Call::new(Method::DELETE, format!("/v1/account/devices/{id}"), WHY)))?;
    told(sync::fetch_account(core)).map(|()| Nothing {})
}

pub(crate) fn refresh_account(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    let remembered = core.link.store.kept::<Value>(link::kept::SESSION).is_some();
    if !core.link.session.is_there() && remembered {
        // The keychain may be open by now.
        change(core, |linked| {
            if matches!(linked.online.account, AccountState::SignedOut { .. }) {
                linked.online.account = AccountState::SignedIn { account: None, kept: Kept::Keychain };
            }
        });
        return Ok(Nothing {});
    }
    if core.link.session.is_there() && matches!(core.link.session.kept(), Kept::Memory { .. }) {
        // So may it be for what could not be kept.
        core.link.session.settle();
    }
    match sync::reconcile(core) {
        Err(Fault::SignedOut) if core.lock().linked.is_signed_in() => {
            link::signed_out(core, Some(link::ended_elsewhere()));
            Err(link::ended_elsewhere())
        }
        outcome => told(outcome).map(|_| Nothing {}),
    }
}

pub(crate) fn rename_account(core: &Arc<Core>, request: RenameAccount) -> Answer<Nothing> {
    let change = AccountChange { name: request.name };
    let _: Value = told(core.link.send(Call::new(Method::PATCH, "/v1/account", WHY).json(&change)))?;
    told(sync::fetch_account(core)).map(|()| Nothing {})
}

pub(crate) fn open_page(core: &Arc<Core>, request: OpenPage) -> Answer<Nothing> {
    let path = match request.page {
        // One page holds them all.
        ServicePage::Account | ServicePage::Email | ServicePage::Password | ServicePage::Google => "account",
        ServicePage::Delete => "account/delete",
        ServicePage::Privacy => "privacy",
    };
    let service = told(core.link.service())?;
    if service.is_offline() {
        return Err(Fault::Offline.problem());
    }
    let address = service.base().join(path).map_err(|error| bad_request(error.to_string()))?;
    core.host.open_in_browser(address.as_str()).map(|()| Nothing {})
}

pub(crate) fn credit_entries(core: &Arc<Core>, request: CreditPage) -> Answer<CreditEntries> {
    let before =
        request.before.map(|before| id(&before).map(|id| format!("&before={id}"))).transpose()?.unwrap_or_default();
    let limit = request.limit.clamp(1, 200);
    let entries = told(core.link.send(Call::get(format!("/v1/credits/entries?limit={limit}{before}"), WHY)))?;
    Ok(CreditEntries { entries })
}

pub(crate) fn buy(core: &Arc<Core>, request: Buy) -> Answer<Order> {
    // One key for one press of the button; pressing again is another wish.
    let key = uuid::Uuid::now_v7().to_string();
    let call = Call::new(Method::POST, "/v1/orders", WHY).json(&NewOrder { product: request.product }).key(key);
    let order: Order = match core.link.send::<Order>(call.clone()) {
        Err(fault) if fault.passes() && !matches!(fault, Fault::Offline) => told(core.link.send(call))?,
        outcome => told(outcome)?,
    };
    let shown = order.clone();
    change(core, |linked| {
        linked.online.orders.retain(|other| other.id != shown.id);
        linked.online.orders.insert(0, shown);
    });
    if let Some(address) = &order.checkout_url {
        open(core, address)?;
    }
    Ok(order)
}

pub(crate) fn open_portal(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    let portal: Portal = told(core.link.send(Call::new(Method::POST, "/v1/billing/portal", WHY).json(&json!({}))))?;
    open(core, &portal.url).map(|()| Nothing {})
}

pub(crate) fn withdrawal(core: &Arc<Core>, request: ServiceId) -> Answer<Withdrawal> {
    let id = id(&request.id)?;
    told(core.link.send(Call::get(format!("/v1/orders/{id}/withdrawal"), WHY)))
}

pub(crate) fn confirm_withdrawal(core: &Arc<Core>, request: WithdrawOrder) -> Answer<Order> {
    let id = id(&request.id)?;
    let body = ConfirmWithdrawal { confirm_token: request.confirm_token };
    let order = told(core.link.send(Call::new(Method::POST, format!("/v1/orders/{id}/withdrawal"), WHY).json(&body)))?;
    told(sync::fetch_orders(core).and_then(|()| sync::fetch_account(core)))?;
    Ok(order)
}

pub(crate) fn export_account_data(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    exporting::ask(core).map(|()| Nothing {})
}

pub(crate) fn undo_deletion(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    told(core.link.tell(Call::new(Method::DELETE, "/v1/account/deletion", WHY)))?;
    told(sync::fetch_account(core)).map(|()| Nothing {})
}

/// Opens a page that the service named, if it can be meant.
fn open(core: &Core, address: &str) -> Answer<()> {
    let service = told(core.link.service())?;
    let address = local_address(service.base(), address).ok_or_else(|| Problem {
        code: Code::ServiceNotUnderstood,
        message: "The service named a page that cannot be meant, so it was not opened.".into(),
        retryable: false,
        detail: None,
    })?;
    core.host.open_in_browser(address.as_str())
}

/// An id as it may stand in a path.
pub(super) fn id(text: &str) -> Answer<String> {
    uuid::Uuid::parse_str(text).map(|id| id.to_string()).map_err(|_| bad_request("This is no id."))
}

pub(super) fn absolute(path: &str) -> Answer<PathBuf> {
    let path = PathBuf::from(path);
    if path.is_absolute() { Ok(path) } else { Err(bad_request("The place to save to must be named in full.")) }
}
