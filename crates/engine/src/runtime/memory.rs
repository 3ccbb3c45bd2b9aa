//! How much memory a session's runs took, as its allocator counts. The binding has no safe call for this.

use std::ffi::{CStr, c_char};

use ort::AsPointer;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;

/// Bytes that were in use at most at one moment in the session's allocator for the processor's memory; `None` when it does not count.
#[expect(
    unsafe_code,
    reason = "the binding offers no safe way to the allocator's counters; all pointers are the library's own and checked"
)]
pub(super) fn most_in_use(session: &Session) -> Option<u64> {
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
