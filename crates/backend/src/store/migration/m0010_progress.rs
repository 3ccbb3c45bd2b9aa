//! How far a job is, and who does it.

use super::Migration;

/// Adds columns only: older programs still run. What they write has no provider; it follows from the kind then.
pub(super) const STEP: Migration =
    Migration { version: 10, name: "progress of jobs", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
ALTER TABLE jobs ADD COLUMN provider TEXT;
ALTER TABLE jobs ADD COLUMN progress BIGINT;
";
