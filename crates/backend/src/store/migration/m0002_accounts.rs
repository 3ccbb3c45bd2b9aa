//! People, how they sign in, their devices and tokens, limits on attempts, and letters that wait to be sent.

use super::Migration;

/// Adds tables only: a program that knows step 1 still runs.
pub(super) const STEP: Migration =
    Migration { version: 2, name: "accounts", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
-- email_key is the address as compared: trimmed, lower case. password_hash is NULL for people who come by Google only.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    password_changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE identities (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);

-- One sign-in on one browser or app. Tokens belong to it and end with it.
CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'app')),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX devices_by_user ON devices (user_id);

CREATE TABLE tokens (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh', 'web')),
    device_id UUID NOT NULL REFERENCES devices (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX tokens_by_device ON tokens (device_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

-- Single-use links in letters. A sign-up has no account yet: it waits here, with the name and the password's hash, until the link is followed
-- and the password is given again. So there is no account whose address was never shown to be theirs.
CREATE TABLE mail_links (
    hash BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('sign_up', 'reset', 'change_email')),
    user_id UUID REFERENCES users (id),
    email TEXT NOT NULL,
    name TEXT,
    password_hash TEXT,
    return_to TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    CHECK ((user_id IS NULL) = (purpose = 'sign_up'))
);
CREATE INDEX mail_links_by_user ON mail_links (user_id);
CREATE INDEX mail_links_by_expiry ON mail_links (expires_at);

CREATE TABLE oauth_codes (
    hash BYTEA NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    device_name TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    device_id UUID
);

-- Counters of attempts in fixed windows; key is a hash, never an address.
CREATE TABLE attempts (
    bucket BYTEA NOT NULL,
    window_start BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (bucket, window_start)
);
CREATE INDEX attempts_by_window ON attempts (window_start);

CREATE TABLE letters (
    id UUID NOT NULL PRIMARY KEY,
    dedupe_key TEXT NOT NULL UNIQUE,
    user_id UUID,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'stale', 'failed')),
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    stale_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    fault TEXT
);
CREATE INDEX letters_by_due ON letters (due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX letters_by_user ON letters (user_id);
";
