//! The one list of commands. Every host (the window, the loopback host of the browser tests) is made from it.
//!
//! To add one: a line in [`with_commands`](crate::with_commands), its request type here, its body in `pretty-studio`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::device::Device;
use crate::event::Queue;
use crate::export::Export;
use crate::photo::{Photo, PhotoId};
use crate::recipe::Recipe;
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
            use_auto(PhotoIds) -> Nothing;
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
    /// Why nothing can be enhanced here, when that is so (no ONNX Runtime, no models).
    pub trouble: Option<crate::problem::Problem>,
    /// Something to know that keeps nothing from working (settings that were not understood).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notice: Option<crate::problem::Problem>,
}
