//! Whether a database is a sandbox's or the live service's.

use super::Migration;

/// Adds a table only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 11, name: "mode", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
-- Written by the first program that serves or works on the database; one row, which never changes.
CREATE TABLE service_mode (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    mode TEXT NOT NULL CHECK (mode IN ('live', 'sandbox')),
    since BIGINT NOT NULL
);
";
