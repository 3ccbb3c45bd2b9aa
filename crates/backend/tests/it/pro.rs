//! Pro jobs from the request to the result, on both databases, against the stand-ins for Replicate (RE) and Anthropic (AN), and by our own engine.

mod asking;
mod deleting;
mod enhancing;
mod kinds;
mod looking;
mod own;
mod progress;
mod surviving;
