//! What each letter says. One place, so that all of them speak alike.

use super::Letter;

/// A letter in parts, as the templates put it together.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) button: Option<(String, String)>,
    pub(super) after: Vec<String>,
}

impl Letter {
    pub(super) fn words(&self, base_url: &str) -> Words {
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
