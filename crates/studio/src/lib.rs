//! The desktop's own mind, without a window.
