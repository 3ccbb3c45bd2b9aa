//! The memory that the processor's sessions work in, and how much their runs took: the pool's, or where there is none the library's own.

use std::ffi::{CStr, c_char};

use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;

/// Whose memory the processor's sessions work in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// The pool's, which all of them share.
    Pool,
    /// Each session's own, which the library manages.
    Library,
}

impl Memory {
    /// The pool, where it can be had.
    pub(super) fn of(environment: &Environment) -> Self {
        #[cfg(target_os = "linux")]
        if super::pool::install(environment) {
            return Self::Pool;
        }
        let _ = environment;
        Self::Library
    }

    /// Before a run on this thread.
    pub(super) fn begin(self) {
        #[cfg(target_os = "linux")]
        if self == Self::Pool {
            super::pool::begin_tally();
        }
    }

    /// Bytes that were in use at most at one moment since [`Memory::begin`] on this thread, or ever when the library manages it; `None` when it does not
    /// count.
    pub(super) fn most(self, session: &Session) -> Option<u64> {
        #[cfg(target_os = "linux")]
        if self == Self::Pool {
            return Some(super::pool::tally());
        }
        most_in_use(session)
    }

    /// After a session: the system has back what nobody uses.
    pub(super) fn end(self) {
        #[cfg(target_os = "linux")]
        if self == Self::Pool {
            super::pool::give_back();
        }
    }
}

/// Bytes that were in use at most at one moment in the session's own allocator for the processor's memory. The binding has no safe call for this.
#[expect(
    unsafe_code,
    reason = "the binding offers no safe way to the allocator's counters; all pointers are the library's own and checked"
)]
fn most_in_use(session: &Session) -> Option<u64> {
    let arena = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default).ok()?;
    let allocator = Allocator::new(session, arena).ok()?;
    let api = ort::api();
    let mut pairs = std::ptr::null_mut();
    // SAFETY: the allocator lives to the end of this function; `pairs` receives an object that is released below.
    let status = unsafe { (api.AllocatorGetStats)(allocator.ptr(), &mut pairs) };
    // SAFETY: the status is the library's, and is taken once.
    let outcome = unsafe { ort::Error::result_from_status(status) };
    if outcome.is_err() || pairs.is_null() {
        return None;
    }
    // SAFETY: `pairs` is not null; the text that comes back belongs to it and is read before it is released.
    unsafe {
        let text: *const c_char = (api.GetKeyValue)(pairs, c"MaxInUse".as_ptr());
        let bytes =
            if text.is_null() { None } else { CStr::from_ptr(text).to_str().ok().and_then(|text| text.parse().ok()) };
        (api.ReleaseKeyValuePairs)(pairs);
        bytes
    }
}
