//! The letters there are; their words stand in `words`. One layout, as HTML and as plain text; nothing in them is loaded from anywhere.

mod words;

use crate::app::App;
use askama::Template;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use words::Words;

/// A letter, with what its text needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// To someone who signs up: the link that makes the account.
    ConfirmSignUp {
        /// Whom to greet.
        name: String,
        /// With a token.
        link: String,
    },
    /// To someone who has an account and was signed up again.
    AlreadyRegistered {
        /// Whom to greet.
        name: String,
    },
    /// After the account was made.
    Welcome {
        /// Whom to greet.
        name: String,
    },
    /// The link that sets a new password.
    ResetPassword {
        /// Whom to greet.
        name: String,
        /// With a token.
        link: String,
    },
    /// After the password was changed.
    PasswordChanged {
        /// Whom to greet.
        name: String,
    },
    /// To a new address: the link that moves the account to it.
    ConfirmEmail {
        /// Whom to greet.
        name: String,
        /// With a token.
        link: String,
    },
    /// To the old address, after the account moved.
    EmailChanged {
        /// Whom to greet.
        name: String,
        /// The new address.
        new: String,
    },
    /// After credits were bought.
    Receipt {
        /// Whom to greet.
        name: String,
        /// What was bought.
        product: String,
        /// What it brought.
        credits: i64,
        /// With the currency.
        amount: String,
        /// The order's id.
        order: String,
        /// When.
        date: String,
        /// How long it can be withdrawn from.
        withdrawal_days: u32,
    },
    /// After a plan was bought.
    PlanStarted {
        /// Whom to greet.
        name: String,
        /// Which.
        product: String,
        /// What each payment brings.
        credits: i64,
        /// With the currency.
        amount: String,
        /// The order's id.
        order: String,
        /// When the next payment is due.
        renews: String,
        /// How long it can be withdrawn from.
        withdrawal_days: u32,
    },
    /// After a plan was paid for another month.
    PlanRenewed {
        /// Whom to greet.
        name: String,
        /// Which.
        product: String,
        /// What it brought.
        credits: i64,
        /// With the currency.
        amount: String,
        /// When the next payment is due.
        renews: String,
    },
    /// After a plan was cancelled: it goes on until then.
    PlanEnding {
        /// Whom to greet.
        name: String,
        /// The day.
        until: String,
    },
    /// After a plan ended.
    PlanEnded {
        /// Whom to greet.
        name: String,
    },
    /// A renewal could not be charged.
    RenewalFailed {
        /// Whom to greet.
        name: String,
        /// How long the plan goes on all the same.
        until: String,
    },
    /// Money is on its way back.
    Refunded {
        /// Whom to greet.
        name: String,
        /// With the currency.
        amount: String,
    },
    /// The receipt of a withdrawal.
    Withdrawn {
        /// Whom to greet.
        name: String,
        /// What was bought.
        product: String,
        /// The order's id.
        order: String,
        /// What goes back, with the currency.
        amount: String,
        /// What is taken back.
        credits: i64,
        /// Date and time of the withdrawal.
        at: String,
    },
    /// After Google was connected to an account that there was.
    GoogleConnected {
        /// Whom to greet.
        name: String,
        /// The address at Google.
        google: String,
    },
    /// After it was disconnected.
    GoogleDisconnected {
        /// Whom to greet.
        name: String,
    },
    /// After the deletion of the account was asked for: the link that undoes it.
    DeletionAsked {
        /// Whom to greet.
        name: String,
        /// With a token.
        link: String,
        /// The day on which it is final.
        until: String,
    },
    /// The certificate: what was removed.
    AccountDeleted {
        /// Whom to greet, for the last time.
        name: String,
        /// One line a thing.
        gone: Vec<String>,
        /// What has to be kept, and how long.
        kept: String,
    },
    /// The archive of a person's data is ready.
    ExportReady {
        /// Whom to greet.
        name: String,
        /// With a token.
        link: String,
    },
    /// There is a new privacy policy.
    PolicyChanged {
        /// Whom to greet.
        name: String,
        /// Which.
        version: String,
        /// What changed, in plain words.
        changes: String,
        /// The day from which it counts.
        from: String,
    },
}

/// A letter's words.
#[derive(Debug, Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    words: &'a Words,
}

#[derive(Debug, Template)]
#[template(path = "mail/letter.txt", escape = "none")]
struct Text<'a> {
    words: &'a Words,
    base_url: &'a str,
}

/// A letter ready to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Subject, one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

impl Letter {
    /// For the list of letters and the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ConfirmSignUp { .. } => "confirm_sign_up",
            Self::AlreadyRegistered { .. } => "already_registered",
            Self::Welcome { .. } => "welcome",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged { .. } => "password_changed",
            Self::ConfirmEmail { .. } => "confirm_email",
            Self::EmailChanged { .. } => "email_changed",
            Self::Receipt { .. } => "receipt",
            Self::PlanStarted { .. } => "plan_started",
            Self::PlanRenewed { .. } => "plan_renewed",
            Self::PlanEnding { .. } => "plan_ending",
            Self::PlanEnded { .. } => "plan_ended",
            Self::RenewalFailed { .. } => "renewal_failed",
            Self::Refunded { .. } => "refunded",
            Self::Withdrawn { .. } => "withdrawn",
            Self::GoogleConnected { .. } => "google_connected",
            Self::GoogleDisconnected { .. } => "google_disconnected",
            Self::DeletionAsked { .. } => "deletion_asked",
            Self::AccountDeleted { .. } => "account_deleted",
            Self::ExportReady { .. } => "export_ready",
            Self::PolicyChanged { .. } => "policy_changed",
        }
    }

    /// How long anyone wants it: no longer than its link works.
    pub fn life(&self) -> Duration {
        let hours = match self {
            Self::ResetPassword { .. } => return Duration::from_secs(30 * 60),
            Self::ConfirmSignUp { .. } | Self::ConfirmEmail { .. } | Self::AlreadyRegistered { .. } => 24,
            Self::Welcome { .. }
            | Self::PasswordChanged { .. }
            | Self::EmailChanged { .. }
            | Self::PlanEnding { .. }
            | Self::PlanEnded { .. }
            | Self::RenewalFailed { .. } => 24 * 7,
            // Receipts are owed, however long the mail server is away.
            Self::Receipt { .. }
            | Self::PlanStarted { .. }
            | Self::PlanRenewed { .. }
            | Self::Refunded { .. }
            | Self::Withdrawn { .. } => 24 * 30,
            Self::GoogleConnected { .. }
            | Self::GoogleDisconnected { .. }
            | Self::DeletionAsked { .. }
            | Self::ExportReady { .. } => 24 * 7,
            Self::AccountDeleted { .. } | Self::PolicyChanged { .. } => 24 * 30,
        };
        Duration::from_secs(hours * 3600)
    }

    /// The words as text and HTML.
    ///
    /// # Errors
    /// Never with the templates there are.
    pub fn render(&self, app: &App) -> Result<Rendered, askama::Error> {
        let words = self.words(&app.base_url);
        let base_url = app.base_url.as_str();
        Ok(Rendered {
            text: Text { words: &words, base_url }.render()?,
            html: Html { words: &words }.render()?,
            subject: words.subject,
        })
    }
}
