//! Money from outside: packs, the plan, refunds, disputes, all by Stripe.

pub mod catalogue;
pub mod stripe_client;
