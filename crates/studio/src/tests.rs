//! The studio as a whole, through its commands and events: with a scripted engine, and with the real one where its library is at hand.

mod fake_service;
mod files;
mod harness;
mod lists;
mod previews;
mod pro;
mod queue;
mod random;
mod real;
mod remembering;
mod scripted;
