//! The one list of commands. Every host (the window, the loopback host of the browser tests) is made from it.
//!
//! To add one: a line in [`with_commands`](crate::with_commands), its request type here, its body in `pretty-studio`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::account::Online;
use crate::cloud::{CritiqueLine, ProJob};
use crate::device::Device;
use crate::event::Queue;
use crate::export::Export;
use crate::photo::{Photo, PhotoId};
use crate::recipe::{Recipe, Step};
use crate::settings::Settings;

/// Calls `$apply! { name(Request) -> Reply; … }` with every command there is.
#[macro_export]
macro_rules! with_commands {
    ($apply:ident) => {
        $apply! {
            /// Everything the window needs to draw itself. Sent once at start and after a reload.
            snapshot(Nothing) -> Snapshot;
            /// Looks through files and folders and adds the photos in them. Answers at once; `PhotosAdded` and `Scanned` follow.
            add_photos(AddPhotos) -> Nothing;
            /// Adds the photo that ships with the app.
            add_sample(Nothing) -> Nothing;
            /// Takes photos off the list, cancelling their jobs. Files stay.
            remove_photos(PhotoIds) -> Nothing;
            /// Says what Enhance will do to these photos.
            set_recipe(SetRecipe) -> Nothing;
            /// Lets Auto choose for these photos again.
            use_auto(UseAuto) -> Nothing;
            /// Says what is on screen; preview tiles follow as events. Work for the view before is dropped.
            set_view(View) -> ViewKey;
            /// Nothing is on screen any more.
            clear_view(Nothing) -> Nothing;
            /// How long enhancing these photos would take here.
            estimate(PhotoIds) -> Estimate;
            /// Puts photos into the queue.
            enhance(Enhance) -> Nothing;
            /// Stops the jobs of these photos.
            cancel(PhotoIds) -> Nothing;
            /// Stops everything in the queue.
            cancel_all(Nothing) -> Nothing;
            /// Shows a photo's result (or the photo, when there is none) in the system's file manager.
            reveal(OnePhoto) -> Nothing;
            /// Checks every device again.
            check_devices(Nothing) -> Nothing;
            /// Changes settings and keeps them.
            set_settings(Settings) -> Settings;

            /// Opens the service's sign-in page in the system's browser and waits for it, five minutes at most. `Online` events tell how it went.
            sign_in(Nothing) -> SignInStarted;
            /// Stops waiting for the browser.
            cancel_sign_in(Nothing) -> Nothing;
            /// Signs out on this computer, also without a network. Jobs that wait stay and wait.
            sign_out(Nothing) -> Nothing;
            /// Signs out on every device.
            sign_out_everywhere(Nothing) -> Nothing;
            /// Signs another device out.
            sign_out_device(ServiceId) -> Nothing;
            /// Fetches everything anew, at once. Happens by itself otherwise.
            refresh_account(Nothing) -> Nothing;
            /// Changes what the person is called.
            rename_account(RenameAccount) -> Nothing;
            /// Opens one of the service's pages in the system's browser.
            open_page(OpenPage) -> Nothing;
            /// Movements of credits, newest first.
            credit_entries(CreditPage) -> CreditEntries;
            /// Orders a pack or plan and opens its checkout in the system's browser. That it is paid is noticed by itself.
            buy(Buy) -> Order;
            /// Opens the payment service's portal (invoices, card, plan) in the system's browser.
            open_portal(Nothing) -> Nothing;
            /// What withdrawing from an order would mean. Does nothing.
            withdrawal(ServiceId) -> Withdrawal;
            /// Withdraws from an order, as shown.
            confirm_withdrawal(WithdrawOrder) -> Order;
            /// Has an archive of the person's data made, and opens its page in the browser once it is ready; `Online` events tell how it goes.
            export_account_data(Nothing) -> Nothing;
            /// Takes the deletion of the account back.
            undo_deletion(Nothing) -> Nothing;
            /// The privacy policy: the one in force where somebody is signed in and the service answers, else the last one that was fetched, else the one
            /// that came with the program.
            policy(Nothing) -> Policy;
            /// Accepts it.
            accept_policy(AcceptPolicy) -> Nothing;
            /// While on, no connection is opened at all and cloud jobs wait.
            set_offline(SetOffline) -> Nothing;
            /// Whether counts of use are sent; off unless switched on.
            set_usage(SetUsage) -> Nothing;
            /// How much may be spent, and what need not be asked about.
            set_spending(SetSpending) -> Nothing;
            /// Takes back that photos may go to this company.
            withdraw_consent(Provider) -> Nothing;

            /// What jobs would cost and what would be sent. Sends sizes only, no photo.
            quote(AskQuote) -> ShownQuote;
            /// Makes jobs at the price shown; also without a network, they go out later. Needs consent once a company.
            submit_pro_jobs(SubmitProJobs) -> MadeProJobs;
            /// Agrees to the new price of a job in `PriceChanged`.
            accept_price(AcceptPrice) -> Nothing;
            /// Stops a job at any time. What was not finished is not charged.
            cancel_pro_job(OneProJob) -> Nothing;
            /// Tries a job again that failed or had too few credits. What was paid for already is only fetched again, and nothing is bought twice.
            retry_pro_job(OneProJob) -> Nothing;
            /// Takes an ended job off the queue. Results stay.
            dismiss_pro_job(OneProJob) -> Nothing;
            /// Shows an enhanced file in the system's file manager.
            reveal_pro_result(OneProJob) -> Nothing;
            /// Opens an enhanced file and its photo for the viewer, also when they are not on the list.
            open_pro_result(OneProJob) -> ProPictures;
            /// Has the service delete what it keeps of a job that is done: its result and its copies. What is on this computer stays.
            delete_pro_result(OneProJob) -> Nothing;
            /// Makes the copy of a photo that a job would send, exactly as it would be sent, to look at. Nothing leaves.
            copy_to_send(AskCopy) -> ShownCopy;

            /// A critique, from here or from the service.
            critique(ServiceId) -> CritiqueView;
            /// A comparison, from here or from the service.
            comparison(ServiceId) -> ComparisonView;
            /// Applies a suggestion to the photo's recipe, here and for nothing. Saves nothing.
            try_suggestion(TrySuggestion) -> TriedSuggestion;
            /// Saves a critique or comparison as a document.
            export_critique(ExportCritique) -> Nothing;
            /// Deletes a critique or comparison and its photos from the service, and here.
            delete_critique(ServiceId) -> Nothing;

            /// Lines of the privacy ledger, newest first.
            privacy_ledger(SentPage) -> SentLines;
            /// Saves the whole privacy ledger as a CSV file.
            export_privacy_ledger(SaveTo) -> Nothing;
            /// Has the service delete its copy of one photo.
            delete_sent(OneSent) -> DeletedCopies;
            /// Has the service delete all photos it keeps.
            delete_all_sent(Nothing) -> DeletedCopies;
        }
    };
}

/// A request or reply that says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Files and folders, as absolute paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AddPhotos {
    /// Files and folders; folders are looked through to the bottom.
    pub paths: Vec<String>,
}

/// Some photos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PhotoIds {
    /// Which.
    pub photos: Vec<PhotoId>,
}

/// One photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OnePhoto {
    /// Which.
    pub photo: PhotoId,
}

/// A recipe for some photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetRecipe {
    /// Which.
    pub photos: Vec<PhotoId>,
    /// What Enhance will do.
    pub recipe: Recipe,
}

/// Auto for some photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UseAuto {
    /// Which.
    pub photos: Vec<PhotoId>,
    /// What is kept of them, a crop: that is the person's to say, not Auto's. All of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub crop: Option<Step>,
}

/// Photos for the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Enhance {
    /// Which, in this order.
    pub photos: Vec<PhotoId>,
    /// Where results go; the settings' when absent.
    pub export: Option<Export>,
}

/// The key under which a view's preview tiles are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ViewKey {
    /// Part of the address of its tiles; equal recipes have equal keys.
    pub recipe_key: String,
}

/// How long something would take here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Estimate {
    /// Seconds in all; `None` while nothing has been measured on this machine.
    pub seconds: Option<f32>,
    /// Seconds a photo, in the order asked.
    pub each: Vec<Option<f32>>,
}

/// A model that ships or was brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Model {
    /// Its id in recipes.
    pub id: String,
    /// For people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `upscale`, `restore` or `tone`.
    pub task: String,
    /// 1, 2 or 4.
    pub scale: u32,
}

/// Everything the window needs to draw itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// The program's version.
    pub version: String,
    /// Photos on the list, in order.
    pub photos: Vec<Photo>,
    /// The queue.
    pub queue: Queue,
    /// Devices found so far.
    pub devices: Vec<Device>,
    /// Models at hand.
    pub models: Vec<Model>,
    /// What the person has set.
    pub settings: Settings,
    /// The account and the connection to the service.
    pub online: Online,
    /// Pro jobs, oldest first.
    pub pro_jobs: Vec<ProJob>,
    /// Critiques and comparisons across devices, newest first.
    pub critiques: Vec<CritiqueLine>,
    /// Why nothing can be enhanced here, when that is so (no ONNX Runtime, no models).
    pub trouble: Option<crate::problem::Problem>,
    /// Something to know that keeps nothing from working (settings that were not understood).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notice: Option<crate::problem::Problem>,
}
