//! Pro jobs from the request to the result, on both databases, against the stand-ins for Replicate (RE) and Anthropic (AN).

mod asking;
mod enhancing;
mod looking;
mod surviving;
