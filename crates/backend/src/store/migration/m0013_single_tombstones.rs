//! Tombstones of single photos and jobs, beside those of accounts.

use super::Migration;

/// Adds a column only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 13, name: "single tombstones", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
-- Nothing: of an account, and kept for good.
ALTER TABLE tombstones ADD COLUMN single BOOLEAN;
";
