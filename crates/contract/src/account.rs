//! The account as the window sees it: signed in or not, online or not, what was ordered, what may be sent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::problem::Problem;
use crate::service::account::{Account, SignedInDevice};
use crate::service::billing::{Catalogue, Order};
use crate::service::jobs::Price;
use crate::service::privacy::ExportState;

/// Everything about the service except jobs and critiques. An event replaces it whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Online {
    /// Whether anything may leave this computer, and whether the service answers.
    pub connection: Connection,
    /// Who is signed in.
    pub account: AccountState,
    /// Where the person is signed in; this computer first. Empty until it was fetched.
    pub devices: Vec<SignedInDevice>,
    /// What can be bought. Absent until it was fetched.
    pub catalogue: Option<Catalogue>,
    /// What jobs cost today. Empty until it was fetched; a quote counts, not this.
    pub prices: Vec<Price>,
    /// What was ordered, newest first.
    pub orders: Vec<Order>,
    /// The archive of the person's data, when one was asked for here.
    pub export: Option<DataExport>,
    /// What the person has agreed to and how much may be spent.
    pub spending: Spending,
    /// Totals of what has left this computer.
    pub sent: SentTotals,
    /// Whether counts of use are sent. Off unless switched on.
    pub usage: bool,
}

/// Whether anything may leave this computer, and whether the service answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Connection {
    /// The person's switch: while it is on, no connection is opened at all and cloud jobs wait.
    pub offline: bool,
    /// How the service was when it was last asked.
    pub service: Reach,
    /// True for a service that only pretends: no money, no providers.
    pub sandbox: bool,
    /// When everything was last brought up to date, microseconds since 1970 by the service's clock.
    #[ts(type = "number | null")]
    pub synced_at: Option<i64>,
    /// Why the service cannot be used just now, in a sentence.
    pub problem: Option<Problem>,
}

/// How the service was when it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It was not asked: nobody is signed in, or the switch is on.
    #[default]
    NotAsked,
    /// It is being asked.
    Connecting,
    /// It answers, and changes arrive by themselves.
    Connected,
    /// It does not answer; it is asked again by itself.
    Unreachable,
}

/// Who is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccountState {
    /// This build of the program knows no service: show nothing of it.
    #[default]
    NoService,
    /// Nobody. Everything on this computer works.
    SignedOut {
        /// Why, when it was not the person who signed out here (signed out elsewhere, sign-in took too long).
        notice: Option<Problem>,
    },
    /// The browser was opened and the program waits for it.
    SigningIn {
        /// The page, for when no browser came up.
        address: String,
    },
    /// Somebody.
    SignedIn {
        /// As last heard of, also from before the program was started; absent until it was fetched the first time.
        account: Option<Box<Account>>,
        /// Where the sign-in is kept.
        kept: Kept,
    },
}

/// Where the sign-in is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kept {
    /// In the system's keychain.
    Keychain,
    /// In memory only: the person must sign in again after the next start.
    Memory {
        /// Why, in a sentence.
        why: Problem,
    },
}

/// The archive of the person's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DataExport {
    /// How it stands at the service. Ready: its page was opened in the browser, where it is saved.
    pub state: ExportState,
    /// Why it could not be made, or its page not opened.
    pub problem: Option<Problem>,
}

/// What the person has agreed to and how much may be spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Spending {
    /// Credits a calendar month; no cap when absent. Counts what this computer sends.
    #[ts(type = "number | null")]
    pub monthly_cap: Option<i64>,
    /// Credits of this month: spent, and set aside for jobs that have not ended.
    #[ts(type = "number")]
    pub this_month: i64,
    /// Jobs of at most so many credits need not be asked about.
    #[ts(type = "number")]
    pub unasked_up_to: i64,
    /// Companies to which photos may be sent, as they are named in quotes.
    pub consents: Vec<String>,
}

/// Totals of what has left this computer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentTotals {
    /// Photos, ever.
    pub photos: u32,
    /// Photos since midnight.
    pub photos_today: u32,
    /// Bytes of everything, ever.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Photos of which the service still keeps a copy.
    pub kept: u32,
}

/// What signing in has opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignInStarted {
    /// The page, for when no browser came up.
    pub address: String,
}

/// A new name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RenameAccount {
    /// 1 to 80 characters.
    pub name: String,
}

/// A thing of the service's, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServiceId {
    /// Its id.
    pub id: String,
}

/// A page of the service, for the system's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServicePage {
    /// The account.
    Account,
    /// Change the e-mail address.
    Email,
    /// Set or change the password.
    Password,
    /// Link or unlink Google.
    Google,
    /// Delete the account: says what goes and when, and asks.
    Delete,
    /// The privacy policy.
    Privacy,
}

/// Which page to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenPage {
    /// Which.
    pub page: ServicePage,
}

/// What to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Buy {
    /// The code of a pack or a plan.
    pub product: String,
}

/// The second step of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WithdrawOrder {
    /// The order's id.
    pub id: String,
    /// From the first step: says yes to exactly what was shown.
    pub confirm_token: String,
}

/// Part of the ledger of credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreditPage {
    /// The id of the last entry that is known; the newest when absent.
    #[serde(default)]
    #[ts(optional)]
    pub before: Option<String>,
    /// At most so many, 1 to 200.
    pub limit: u32,
}

/// Movements of credits, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CreditEntries {
    /// They.
    pub entries: Vec<crate::service::account::CreditEntry>,
}

/// The switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetOffline {
    /// While true, no connection is opened at all.
    pub offline: bool,
}

/// Whether counts of use are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetUsage {
    /// Yes or no.
    pub usage: bool,
}

/// How much may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetSpending {
    /// Credits a calendar month; no cap when null.
    #[ts(type = "number | null")]
    pub monthly_cap: Option<i64>,
    /// Jobs of at most so many credits need not be asked about.
    #[ts(type = "number")]
    pub unasked_up_to: i64,
}

/// A company to which photos are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// As it is named in quotes.
    pub provider: String,
}

/// Where to save something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveTo {
    /// An absolute path that the person chose.
    pub path: String,
}

/// A version of the privacy policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AcceptPolicy {
    /// The version that the person has read.
    pub version: String,
}

/// The privacy policy as the window shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Policy {
    /// Its version.
    pub version: String,
    /// From when it is in force, microseconds since 1970; 0 for the first.
    #[ts(type = "number")]
    pub effective_at: i64,
    /// The whole text, in Markdown, and what the app itself keeps on this computer.
    pub text: String,
    /// What changed since the version before, for people.
    pub changes: String,
    /// Who answers for it: an e-mail address, or the service's own where this build names none.
    pub contact: String,
    /// Where it is from. Only what the service says now can be accepted.
    pub from: PolicyFrom,
    /// Why the service could not be asked, when it was to be.
    pub problem: Option<Problem>,
}

/// Where a privacy policy is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PolicyFrom {
    /// The service, just now.
    Service,
    /// The service, when it was asked last.
    Earlier {
        /// When, microseconds since 1970.
        #[ts(type = "number")]
        at: i64,
    },
    /// It came with the program.
    Program,
}
