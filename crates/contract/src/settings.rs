//! What a person can set. Kept by the store plugin in one JSON file; light or dark is the window's own (localStorage) and not here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::export::Export;

/// All settings. Unknown keys are refused, so that an older program says so instead of losing them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Id of the device to use; the best verified one when absent.
    pub device: Option<String>,
    /// Where results go and in which format.
    pub export: Export,
}
