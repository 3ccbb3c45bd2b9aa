//! Photos through the whole crate: read, written, read back, put in place.

mod bad_input;
mod colour;
mod corpus;
mod fixtures;
mod metadata;
mod outside_tools;
mod reading;
mod round_trips;
mod saving;
