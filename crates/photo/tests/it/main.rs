//! Photos through the whole crate: read, written, read back, put in place.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod colour;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod outside_tools;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod saving;
