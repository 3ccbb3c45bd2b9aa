//! Billing: customers, orders, payments, subscriptions, refunds that we ask for, and the inbox of Stripe's events.
//!
//! Rows hang on `owner_ref`, as the ledger does, because they are kept after the account is gone; only an order also knows the person.

use super::Migration;

/// Adds tables only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 4, name: "billing", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
-- One customer a person. The row comes first, so that the request's key outlives a lost answer.
CREATE TABLE billing_customers (
    owner_ref UUID NOT NULL PRIMARY KEY,
    request_id UUID NOT NULL,
    stripe_id TEXT UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE orders (
    id UUID NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL,
    user_id UUID REFERENCES users (id) ON DELETE SET NULL,
    idem_key TEXT NOT NULL,
    product TEXT NOT NULL,
    product_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pack', 'plan')),
    stripe_price TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    credits BIGINT NOT NULL CHECK (credits > 0),
    state TEXT NOT NULL
        CHECK (state IN ('created', 'open', 'paid', 'fulfilled', 'expired', 'failed', 'refunded', 'quarantined')),
    attempt BIGINT NOT NULL,
    session_expires_at BIGINT NOT NULL,
    stripe_session TEXT UNIQUE,
    stripe_subscription TEXT,
    checkout_url TEXT,
    fault TEXT,
    check_at BIGINT,
    looked_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at BIGINT,
    withdrawn_at BIGINT,
    UNIQUE (owner_ref, idem_key)
);
CREATE INDEX orders_by_owner ON orders (owner_ref, id);
CREATE INDEX orders_by_user ON orders (user_id);
CREATE INDEX orders_by_check ON orders (check_at) WHERE check_at IS NOT NULL;

-- Money that came and the credits it brought. payment_ref is also the ledger's order_ref and idempotency key. A fetch of what became of
-- the money takes a ticket (asked) before it begins; what an earlier ticket brings is not written over a later one's.
CREATE TABLE payments (
    payment_ref TEXT NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL,
    order_id UUID REFERENCES orders (id),
    subscription TEXT,
    payment_intent TEXT UNIQUE,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    credits BIGINT NOT NULL CHECK (credits > 0),
    refunded BIGINT NOT NULL CHECK (refunded >= 0),
    disputed BOOLEAN NOT NULL,
    asked BIGINT NOT NULL,
    written BIGINT NOT NULL,
    paid_at BIGINT NOT NULL
);
CREATE INDEX payments_by_owner ON payments (owner_ref, paid_at);
CREATE INDEX payments_by_order ON payments (order_id);

-- As last fetched, with tickets as above.
CREATE TABLE subscriptions (
    stripe_id TEXT NOT NULL PRIMARY KEY,
    owner_ref UUID,
    order_id UUID REFERENCES orders (id),
    product TEXT,
    status TEXT NOT NULL,
    cancel_at_period_end BOOLEAN NOT NULL,
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    written BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX subscriptions_by_owner ON subscriptions (owner_ref);

-- Refunds that we ask for. The credits are taken with the row; the worker asks Stripe afterwards.
CREATE TABLE refund_requests (
    id UUID NOT NULL PRIMARY KEY,
    payment_ref TEXT NOT NULL,
    owner_ref UUID NOT NULL,
    order_id UUID REFERENCES orders (id),
    payment_intent TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    credits BIGINT NOT NULL CHECK (credits >= 0),
    reason TEXT NOT NULL CHECK (reason IN ('withdrawal', 'operator', 'account_gone')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    stripe_id TEXT UNIQUE,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    fault TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX refund_requests_by_due ON refund_requests (due_at) WHERE state = 'waiting';
CREATE INDEX refund_requests_by_payment ON refund_requests (payment_ref);

-- What Stripe told us. Only that something changed is kept, never the body, which holds names and addresses.
CREATE TABLE stripe_events (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    object_id TEXT,
    related TEXT,
    made_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'ignored', 'parked')),
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    fault TEXT,
    received_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX stripe_events_by_due ON stripe_events (due_at) WHERE state = 'waiting';
CREATE INDEX stripe_events_by_end ON stripe_events (ended_at);

-- How far the reconciler has come, and when it is next due: one row a task.
CREATE TABLE billing_marks (
    name TEXT NOT NULL PRIMARY KEY,
    reached BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
";
