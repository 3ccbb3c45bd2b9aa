//! Archives that are finished while they are fetched: the directory as far as it was made, and how many entries that is.

use super::Migration;

/// Adds columns only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 7, name: "archives", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
ALTER TABLE exports ADD COLUMN directory BYTEA;
ALTER TABLE exports ADD COLUMN entries BIGINT;
";
