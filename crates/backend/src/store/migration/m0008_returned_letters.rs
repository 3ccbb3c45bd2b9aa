//! Letters that came back, and the addresses to which none is sent any more.

use super::Migration;

/// Adds a table and a column only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 8, name: "returned letters", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
CREATE TABLE returned_addresses (
    address_hash BYTEA NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint')),
    at BIGINT NOT NULL
);
CREATE INDEX returned_addresses_by_time ON returned_addresses (at);
ALTER TABLE letters ADD COLUMN returned_at BIGINT;
";
