//! What all stand-ins of one sandbox share: clock, ids, faults, journal, deliveries.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use crate::clock::{Clock, MovedClock};
use crate::delivery::Deliveries;
use crate::faults::{FaultBook, Service};
use crate::gate::{Gate, gate};
use crate::ids::Ids;
use crate::journal::Journal;

pub(crate) struct Common {
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) ids: Arc<Ids>,
    pub(crate) faults: FaultBook,
    pub(crate) journal: Journal,
    pub(crate) deliveries: Deliveries,
}

impl Common {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64, retry_after: Vec<std::time::Duration>) -> Self {
        let clock = Arc::new(MovedClock::new(clock));
        let ids = Arc::new(Ids::from_seed(seed));
        let deliveries = Deliveries::new(Arc::clone(&clock), Arc::clone(&ids), retry_after);
        Self { clock, ids, faults: FaultBook::default(), journal: Journal::default(), deliveries }
    }
}

/// Puts the gate before `router`.
pub(crate) fn gated(common: &Arc<Common>, service: Service, router: Router) -> Router {
    let state = Gate { common: Arc::clone(common), service };
    router.layer(DefaultBodyLimit::disable()).layer(from_fn_with_state(state, gate))
}
