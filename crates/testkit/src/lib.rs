//! Fixtures and comparisons for tests.
