//! Progress of one piece of work.

use std::sync::{Mutex, PoisonError};

/// Hears how far a piece of work is. Called from the engine's threads, possibly often: a listener that is costly throttles itself.
pub trait Reporter: Send + Sync {
    /// `fraction` runs from 0 (first call) to 1 (last call of work that succeeds) and never goes back.
    fn progress(&self, fraction: f32);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn progress(&self, _fraction: f32) {}
}

impl<F: Fn(f32) + Send + Sync> Reporter for F {
    fn progress(&self, fraction: f32) {
        self(fraction);
    }
}

/// Gathers the progress of stages that overlap into one number that never goes back.
pub(crate) struct Progress<'a> {
    reporter: &'a dyn Reporter,
    state: Mutex<State>,
}

struct State {
    done: f64,
    last: f32,
}

impl<'a> Progress<'a> {
    /// Reports 0.
    pub(crate) fn start(reporter: &'a dyn Reporter) -> Self {
        reporter.progress(0.0);
        Self { reporter, state: Mutex::new(State { done: 0.0, last: 0.0 }) }
    }

    /// Adds a share of the whole. The report stays under 1 until [`Progress::finish`].
    pub(crate) fn add(&self, share: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += share;
        let fraction = (state.done as f32).clamp(state.last, 0.999);
        if fraction > state.last {
            state.last = fraction;
            self.reporter.progress(fraction);
        }
    }

    /// Reports 1.
    pub(crate) fn finish(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).last = 1.0;
        self.reporter.progress(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_goes_back_and_ends_at_one() {
        let seen = Mutex::new(Vec::new());
        let reporter = |fraction: f32| seen.lock().unwrap().push(fraction);
        let progress = Progress::start(&reporter);
        for share in [0.2, 0.0, 0.5, 0.4, 0.4] {
            progress.add(share);
        }
        progress.finish();
        let seen = seen.lock().unwrap();
        assert_eq!((seen[0], seen[seen.len() - 1]), (0.0, 1.0));
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    }
}
