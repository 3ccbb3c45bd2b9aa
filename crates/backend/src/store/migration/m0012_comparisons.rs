//! What the last comparison of the ledger's cached numbers with its postings found.

use super::Migration;

/// Adds a table only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 12, name: "comparisons", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
-- One row. While differences stand, nothing is sold.
CREATE TABLE ledger_comparisons (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    compared_at BIGINT NOT NULL,
    differences BIGINT NOT NULL CHECK (differences >= 0)
);
";
