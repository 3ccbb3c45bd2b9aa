//! A person's ways to sign in are found by the person.

use super::Migration;

/// Adds an index only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 9, name: "identities by person", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
CREATE INDEX identities_by_user ON identities (user_id);
";
