//! The real window: photos dropped on it, results on the disk, and pictures of it that are to be looked at.
