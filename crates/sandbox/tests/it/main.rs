//! The stand-ins over HTTP, as a client sees them, and held against the collected specifications where those are at hand.

mod contracts;
mod faults;
mod harness;
mod replicate;
mod signatures;
mod stripe;
mod stripe_pages;
mod stripe_subscriptions;
mod webhooks;
