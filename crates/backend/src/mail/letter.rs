//! The letters there are, and their words. One layout, as HTML and as plain text; nothing in them is loaded from anywhere.

use crate::app::App;
use askama::Template;
use serde::{Deserialize, Serialize};
use std::time::Duration;

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

#[derive(Debug)]
struct Words {
    subject: String,
    name: String,
    paragraphs: Vec<String>,
    button: Option<(String, String)>,
    after: Vec<String>,
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

    fn words(&self, base_url: &str) -> Words {
        let words =
            |subject: &str, name: &str, paragraphs: &[&str], button: Option<(&str, &str)>, after: &[&str]| Words {
                subject: subject.to_owned(),
                name: name.to_owned(),
                paragraphs: paragraphs.iter().map(|&text| text.to_owned()).collect(),
                button: button.map(|(label, link)| (label.to_owned(), link.to_owned())),
                after: after.iter().map(|&text| text.to_owned()).collect(),
            };
        let reset = format!("{base_url}/forgot");
        let orders = format!("{base_url}/account/credits");
        let withdrawal = |days: u32| {
            format!(
                "You can withdraw from this purchase for {days} days, on the page above, without a reason. You asked us to begin at once; what goes back is the part of the price that goes with the credits not used."
            )
        };
        match self {
            Self::ConfirmSignUp { name, link } => words(
                "Confirm your email address",
                name,
                &[
                    "Someone, most likely you, wants an account at As Pretty As A Picture with this address.",
                    "To finish, open this page and give the password you chose. The link works once, for 24 hours.",
                ],
                Some(("Confirm the address", link)),
                &[
                    "If it was not you, do nothing: there is no account until the link is used, and we forget the address.",
                ],
            ),
            Self::AlreadyRegistered { name } => words(
                "You have an account already",
                name,
                &[
                    "Someone, most likely you, tried to use this address for a new account or a changed one. It has an account already: sign in to it, or set a new password if you forgot yours.",
                ],
                Some(("Set a new password", &reset)),
                &["If it was not you, do nothing: nothing has changed, and nobody was told that you have an account."],
            ),
            Self::Welcome { name } => words(
                "Welcome",
                name,
                &[
                    "Your account is ready. The app connects to it under Account, Sign in.",
                    "What your own computer can do stays free and works without an account. Critiques and heavy enhancement use credits; the price is shown before, and a job that fails costs nothing.",
                ],
                None,
                &["You can change or delete the account, and get everything it holds, at any time under Account."],
            ),
            Self::ResetPassword { name, link } => words(
                "Set a new password",
                name,
                &[
                    "Here is the link to set a new password. It works once, for 30 minutes, and signs you out everywhere.",
                ],
                Some(("Set a new password", link)),
                &["If you did not ask for it, do nothing: the old password stays."],
            ),
            Self::PasswordChanged { name } => words(
                "Your password was changed",
                name,
                &["The password of your account was changed just now, and you were signed out on other devices."],
                None,
                &["If it was not you, set a new password at once; the link to it is below.", &reset],
            ),
            Self::ConfirmEmail { name, link } => words(
                "Confirm your new email address",
                name,
                &["You asked to move your account to this address. The link works once, for 24 hours."],
                Some(("Use this address", link)),
                &["If it was not you, do nothing: the account stays where it is."],
            ),
            Self::EmailChanged { name, new } => words(
                "Your email address was changed",
                name,
                &[&format!("Your account now uses {new}. This address is no longer connected to it.")],
                None,
                &["If it was not you, write to us at once by answering this letter."],
            ),
            Self::Receipt { name, product, credits, amount, order, date, withdrawal_days } => words(
                "Your receipt",
                name,
                &[
                    &format!(
                        "Thank you. On {date} you bought {product} for {amount}. {credits} credits are in your account, and they do not expire."
                    ),
                    &format!("Order {order}."),
                ],
                Some(("Your credits and orders", &orders)),
                &[&withdrawal(*withdrawal_days)],
            ),
            Self::PlanStarted { name, product, credits, amount, order, renews, withdrawal_days } => words(
                "Your plan has begun",
                name,
                &[
                    &format!(
                        "Thank you. You have {product} now: {credits} credits each month for {amount}. The first ones are in your account."
                    ),
                    &format!(
                        "It renews by itself on {renews}, and every month, until you cancel it; that takes a moment, on the page below."
                    ),
                    &format!("Order {order}."),
                ],
                Some(("Your plan and orders", &orders)),
                &[&withdrawal(*withdrawal_days)],
            ),
            Self::PlanRenewed { name, product, credits, amount, renews } => words(
                "Your plan was renewed",
                name,
                &[
                    &format!(
                        "{product} goes on for another month. We charged {amount}, and {credits} credits are in your account."
                    ),
                    &format!("It renews again on {renews}, until you cancel it."),
                ],
                Some(("Your plan and invoices", &orders)),
                &[],
            ),
            Self::PlanEnding { name, until } => words(
                "Your plan ends",
                name,
                &[&format!(
                    "You cancelled your plan. It stays until {until} and is not charged again. Credits that you bought stay yours."
                )],
                Some(("Your plan", &orders)),
                &[],
            ),
            Self::PlanEnded { name } => words(
                "Your plan has ended",
                name,
                &[
                    "Your plan is over and is not charged any more. Credits that you bought stay yours, and everything on your own computer works as before.",
                ],
                Some(("Your credits", &orders)),
                &[],
            ),
            Self::RenewalFailed { name, until } => words(
                "Your plan could not be renewed",
                name,
                &[&format!(
                    "The payment for another month did not work. Your plan goes on until {until}; it will be tried again in the next days."
                )],
                Some(("Change how you pay", &orders)),
                &["If you want the plan to end, there is nothing you have to do."],
            ),
            Self::Refunded { name, amount } => words(
                "Your refund is on its way",
                name,
                &[&format!(
                    "We sent {amount} back the way it was paid. Banks take 5 to 10 days. The credits that went with it are no longer in your account."
                )],
                None,
                &[],
            ),
            Self::Withdrawn { name, product, order, amount, credits, at } => words(
                "You have withdrawn from your purchase",
                name,
                &[
                    &format!("We received your withdrawal from {product} (order {order}) on {at}."),
                    &format!(
                        "{amount} goes back the way it was paid, within 14 days at the latest. {credits} credits that were not used are no longer in your account."
                    ),
                ],
                None,
                &["Keep this letter: it is your receipt."],
            ),
            Self::GoogleConnected { name, google } => words(
                "Google was connected to your account",
                name,
                &[&format!("You can sign in with the Google account {google} from now on.")],
                None,
                &["If it was not you, set a new password at once; the link to it is below.", &reset],
            ),
            Self::GoogleDisconnected { name } => words(
                "Google was disconnected from your account",
                name,
                &["You sign in with your email and password only from now on."],
                None,
                &["If it was not you, set a new password at once; the link to it is below.", &reset],
            ),
            Self::DeletionAsked { name, link, until } => words(
                "Your account will be deleted",
                name,
                &[
                    "You asked us to delete your account. You are signed out everywhere, and nobody can sign in.",
                    &format!(
                        "Until {until} you can change your mind. After that everything of yours is removed, within 30 days, and cannot be brought back."
                    ),
                ],
                Some(("Keep the account", link)),
                &["If it was not you, use the link and set a new password."],
            ),
            Self::AccountDeleted { name, gone, kept } => {
                let mut words = words(
                    "Your account is deleted",
                    name,
                    &["Your account and what belonged to it are gone. This is what was removed:"],
                    None,
                    &[kept, "This address is forgotten as soon as this letter has left."],
                );
                words.paragraphs.extend(gone.iter().cloned());
                words
            }
            Self::ExportReady { name, link } => words(
                "Your data is ready",
                name,
                &[
                    "The archive of everything your account holds is ready. The link works once, for 7 days; you have to be signed in.",
                ],
                Some(("Fetch the archive", link)),
                &["If you did not ask for it, do nothing and change your password."],
            ),
            Self::PolicyChanged { name, version, changes, from } => words(
                "Our privacy policy changes",
                name,
                &[&format!("Version {version} counts from {from}. What changes:"), changes],
                Some(("Read it", &format!("{base_url}/privacy"))),
                &[
                    "We ask you to agree to it in the app and on the account page. If you do not want to, you can take your data and delete the account there.",
                ],
            ),
        }
    }
}
