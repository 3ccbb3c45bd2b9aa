//! Letters: their texts, the outbox in which they wait, and the ways in which they leave.
//!
//! A letter is queued in the transaction that causes it and sent by a worker afterwards, so that none is lost and none is sent for something
//! that did not happen. It may be sent twice (a crash between sending and noting it): every link in one works once, so that does no harm.

pub mod letter;
pub mod mailer;
pub mod outbox;
pub mod returned;
