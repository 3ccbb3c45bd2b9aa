//! The engine for scripts and servers without a screen.
fn main() {}
