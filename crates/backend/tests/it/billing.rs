//! Money, by its numbers: ST1 to ST22, on both databases, against the stand-in for Stripe.

mod buying;
mod lost;
mod plan;
mod returns;
mod strange;
mod webhooks;
