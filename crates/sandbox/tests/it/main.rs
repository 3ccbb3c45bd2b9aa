//! The stand-ins over HTTP, as a client sees them, and held against the collected specifications where those are at hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in what several tests share")]

mod anthropic;
mod contracts;
mod faults;
mod google;
mod harness;
mod mail;
mod replicate;
mod signatures;
mod stripe;
mod stripe_pages;
mod stripe_subscriptions;
mod webhooks;
