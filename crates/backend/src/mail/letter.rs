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
        }
    }

    /// How long anyone wants it: no longer than its link works.
    pub fn life(&self) -> Duration {
        let hours = match self {
            Self::ResetPassword { .. } => return Duration::from_secs(30 * 60),
            Self::ConfirmSignUp { .. } | Self::ConfirmEmail { .. } | Self::AlreadyRegistered { .. } => 24,
            Self::Welcome { .. } | Self::PasswordChanged { .. } | Self::EmailChanged { .. } => 24 * 7,
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
        }
    }
}
