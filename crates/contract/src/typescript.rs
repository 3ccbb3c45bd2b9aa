//! Writes the contract's types as TypeScript. The file is committed; a test fails when it is out of date.

use ts_rs::{Config, TS};

use crate::service::{account as service_account, billing, critique, jobs, privacy};
use crate::{account, cloud, command, device, event, export, photo, preset, preview, problem, recipe, sent, settings};

/// Where the generated file lives, from the root of the repository.
pub const GENERATED_FILE: &str = "ui/src/contract/generated.ts";

/// The whole text of the generated file.
#[must_use]
pub fn generate() -> String {
    let config = Config::default();
    let mut text = String::from(
        "// Generated from crates/contract by `cargo xtask contract`. Do not edit: change the Rust types and generate again.\n\n",
    );
    macro_rules! declare {
        ($($kind:ty),* $(,)?) => { $( text.push_str("export "); text.push_str(&<$kind>::decl(&config)); text.push_str("\n\n"); )* };
    }
    declare!(
        recipe::Recipe,
        recipe::Step,
        preset::Preset,
        problem::Code,
        problem::Problem,
        export::Format,
        export::Collision,
        export::Export,
        photo::PhotoId,
        photo::Photo,
        photo::Facts,
        photo::Assessment,
        photo::Finding,
        photo::PhotoState,
        photo::ResultFile,
        preview::View,
        preview::TileAt,
        preview::PreviewTile,
        device::Device,
        device::Trust,
        settings::Settings,
        service_account::Account,
        service_account::Balance,
        service_account::CreditEntry,
        service_account::SignedInDevice,
        service_account::PolicyState,
        service_account::Deletion,
        billing::Catalogue,
        billing::Pack,
        billing::Plan,
        billing::Order,
        billing::OrderState,
        billing::Withdrawal,
        billing::PlanName,
        billing::PlanState,
        billing::CurrentPlan,
        jobs::JobKind,
        jobs::Price,
        jobs::Sends,
        jobs::JobOptions,
        critique::Critique,
        critique::CritiqueFinding,
        critique::Dimension,
        critique::Confidence,
        critique::PhotoRegion,
        critique::Score,
        critique::Suggestion,
        critique::SuggestedAction,
        critique::Change,
        critique::Comparison,
        critique::ComparedDimension,
        privacy::ExportState,
        account::Online,
        account::Connection,
        account::Reach,
        account::AccountState,
        account::Kept,
        account::DataExport,
        account::Spending,
        account::SentTotals,
        account::SignInStarted,
        account::RenameAccount,
        account::ServiceId,
        account::ServicePage,
        account::OpenPage,
        account::Buy,
        account::WithdrawOrder,
        account::CreditPage,
        account::CreditEntries,
        account::SetOffline,
        account::SetUsage,
        account::SetSpending,
        account::Provider,
        account::SaveTo,
        account::AcceptPolicy,
        account::Policy,
        account::PolicyFrom,
        cloud::ProJob,
        cloud::ProPhoto,
        cloud::ProStage,
        cloud::Charge,
        cloud::WaitReason,
        cloud::ProResult,
        cloud::ProPictures,
        cloud::ViewedFile,
        cloud::AskCopy,
        cloud::ShownCopy,
        cloud::AskQuote,
        cloud::ShownQuote,
        cloud::SubmitProJobs,
        cloud::OneProJob,
        cloud::AcceptPrice,
        cloud::MadeProJobs,
        cloud::CritiqueLine,
        cloud::CritiqueView,
        cloud::ComparisonView,
        cloud::TrySuggestion,
        cloud::TriedSuggestion,
        cloud::ExportCritique,
        cloud::DocumentFormat,
        sent::SentPage,
        sent::SentLines,
        sent::SentLine,
        sent::SentWhat,
        sent::SentCopy,
        sent::OneSent,
        sent::DeletedCopies,
        event::Event,
        event::Queue,
        event::Scanned,
        command::Nothing,
        command::AddPhotos,
        command::PhotoIds,
        command::OnePhoto,
        command::SetRecipe,
        command::UseAuto,
        command::Enhance,
        command::ViewKey,
        command::Estimate,
        command::Model,
        command::Snapshot,
    );
    text.push_str(&format!("export const TILE = {};\n", preview::TILE));
    text.push_str(&format!("export const RECIPE_VERSION = {};\n\n", recipe::RECIPE_VERSION));
    text.push_str("/** The presets that come with the program, in the order in which they are shown. */\n");
    let presets = serde_json::to_string_pretty(&preset::presets()).unwrap_or_default();
    text.push_str(&format!("export const PRESETS: Preset[] = {presets};\n\n"));
    text.push_str("/** Every command: its request and its reply. */\nexport interface Commands {\n");
    macro_rules! command_line {
        ($($(#[doc = $doc:literal])* $name:ident($request:ident) -> $reply:ident;)*) => { $(
            $( text.push_str(concat!("  /**", $doc, " */\n")); )*
            text.push_str(&format!("  {}: {{ request: {}; reply: {} }};\n", stringify!($name), stringify!($request), stringify!($reply)));
        )* };
    }
    crate::with_commands!(command_line);
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_typescript_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(GENERATED_FILE);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == generate(), "{GENERATED_FILE} is out of date: run `cargo xtask contract`");
    }
}
