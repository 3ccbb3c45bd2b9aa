//! Runs every stand-in by hand.
fn main() {}
