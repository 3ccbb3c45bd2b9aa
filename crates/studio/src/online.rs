//! The commands that need the hosted service.

use std::sync::Arc;

use pretty_contract::account::*;
use pretty_contract::cloud::*;
use pretty_contract::command::Nothing;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::sent::*;
use pretty_contract::service::billing::{Order, Withdrawal};
use pretty_contract::service::privacy::Policy;

use crate::core::Core;

fn no_service() -> Problem {
    Problem {
        code: Code::ServiceUnreachable,
        message: "This build of the program knows no service. Everything on this computer works without one.".into(),
        retryable: false,
        detail: None,
    }
}

macro_rules! refused {
    ($($name:ident($request:ident) -> $reply:ident;)*) => { $(
        pub(crate) fn $name(_: &Arc<Core>, _: $request) -> Result<$reply, Problem> {
            Err(no_service())
        }
    )* };
}
refused! {
    sign_in(Nothing) -> SignInStarted;
    cancel_sign_in(Nothing) -> Nothing;
    sign_out(Nothing) -> Nothing;
    sign_out_everywhere(Nothing) -> Nothing;
    sign_out_device(ServiceId) -> Nothing;
    refresh_account(Nothing) -> Nothing;
    rename_account(RenameAccount) -> Nothing;
    open_page(OpenPage) -> Nothing;
    credit_entries(CreditPage) -> CreditEntries;
    buy(Buy) -> Order;
    open_portal(Nothing) -> Nothing;
    withdrawal(ServiceId) -> Withdrawal;
    confirm_withdrawal(WithdrawOrder) -> Order;
    export_account_data(SaveTo) -> Nothing;
    undo_deletion(Nothing) -> Nothing;
    policy(Nothing) -> Policy;
    accept_policy(AcceptPolicy) -> Nothing;
    set_offline(SetOffline) -> Nothing;
    set_usage(SetUsage) -> Nothing;
    set_spending(SetSpending) -> Nothing;
    withdraw_consent(Provider) -> Nothing;
    quote(AskQuote) -> ShownQuote;
    submit_pro_jobs(SubmitProJobs) -> MadeProJobs;
    accept_price(AcceptPrice) -> Nothing;
    cancel_pro_job(OneProJob) -> Nothing;
    retry_pro_job(OneProJob) -> Nothing;
    dismiss_pro_job(OneProJob) -> Nothing;
    reveal_pro_result(OneProJob) -> Nothing;
    critique(ServiceId) -> CritiqueView;
    comparison(ServiceId) -> ComparisonView;
    try_suggestion(TrySuggestion) -> TriedSuggestion;
    export_critique(ExportCritique) -> Nothing;
    delete_critique(ServiceId) -> Nothing;
    privacy_ledger(SentPage) -> SentLines;
    export_privacy_ledger(SaveTo) -> Nothing;
    delete_sent(OneSent) -> DeletedCopies;
    delete_all_sent(Nothing) -> DeletedCopies;
}
