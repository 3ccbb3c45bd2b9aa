//! Working memory of the processor's sessions on Linux: one pool for all of them, of large pages, kept from tile to tile.
//!
//! The library's own arena doubles what it asks of the system, so that tiles had to be smaller than memory allows; and its memory comes in pages of
//! 4 KB, of which a large tile's layers need more than the processor can keep track of: 6 to 8 % of the time. This one takes just what is asked.
//!
//! What is small goes to the system's allocator. What is large lies in one stretch of addresses that is reserved once and has no memory behind it until
//! it is used; [`give_back`] lets the system have what is free again. When the stretch is full or could not be reserved, the system serves.

use std::alloc::Layout;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::{AsPointer, sys};
use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::spaces::Spaces;

/// Addresses, not memory; halved when the system refuses.
const MOST: usize = 64 << 30;
const LEAST: usize = 1 << 30;
/// Smaller requests go to the system.
const SMALL: usize = 64 << 10;
const PAGE: usize = 4096;
const LARGE_PAGE: usize = 2 << 20;
/// What the widest vector instructions like, and the room for a length before a small block.
const ALIGNMENT: usize = 64;

struct Pool {
    base: usize,
    length: usize,
    spaces: Mutex<Spaces>,
}

/// `None` inside when no addresses could be had.
static POOL: OnceLock<Option<Pool>> = OnceLock::new();

thread_local! {
    /// Bytes that this thread has asked for and not given back, and the most that was.
    static TALLY: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

/// Makes the pool what sessions of this environment use that ask for its allocators. False when that is not possible; the library's own does then.
pub(super) fn install(environment: &Environment) -> bool {
    if POOL.get_or_init(Pool::reserve).is_none() {
        return false;
    }
    let Ok(info) = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default) else {
        return false;
    };
    // Both live as long as the process, as the library and its environment do.
    let info: &'static MemoryInfo = Box::leak(Box::new(info));
    let face: &'static mut Face = Box::leak(Box::new(Face {
        allocator: sys::OrtAllocator {
            version: sys::ORT_API_VERSION,
            Alloc: Some(allocate),
            Free: Some(free),
            Info: Some(information),
            Reserve: Some(reserve),
            GetStats: None,
            AllocOnStream: None,
        },
        info: info.ptr(),
    }));
    #[expect(unsafe_code, reason = "the binding has no safe way to give the library an allocator")]
    // SAFETY: environment and allocator are alive, and the allocator stays so to the end of the process.
    let outcome = unsafe {
        let status = (ort::api().RegisterAllocator)(environment.ptr().cast_mut(), &raw mut face.allocator);
        ort::Error::result_from_status(status)
    };
    if let Err(error) = &outcome {
        tracing::warn!(%error, "the library keeps its own memory");
    }
    outcome.is_ok()
}

/// Starts counting what this thread takes.
pub(super) fn begin_tally() {
    TALLY.set((0, 0));
}

/// The most bytes at one moment since [`begin_tally`].
pub(super) fn tally() -> u64 {
    u64::try_from(TALLY.get().1).unwrap_or(0)
}

/// Lets the system have all memory that is free.
pub(super) fn give_back() {
    let Some(Some(pool)) = POOL.get() else { return };
    let spaces = pool.spaces.lock().unwrap_or_else(PoisonError::into_inner);
    for (start, length) in spaces.free() {
        #[expect(unsafe_code, reason = "there is no safe way to give pages back to the system")]
        // SAFETY: the pages are the pool's, nobody has them while the lock is held, and who gets them next expects nothing in them.
        let outcome = unsafe {
            let first = (pool.base + start) as *mut c_void;
            rustix::mm::madvise(first, length, Advice::LinuxDontNeed)
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "memory was not given back");
        }
    }
}

impl Pool {
    fn reserve() -> Option<Self> {
        let mut length = MOST;
        while length >= LEAST {
            let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
            #[expect(unsafe_code, reason = "there is no safe way to reserve addresses")]
            // SAFETY: a new mapping at an address of the system's choice touches nothing that is there.
            let mapped = unsafe { rustix::mm::mmap_anonymous(null_mut(), length, access, flags) };
            if let Ok(start) = mapped {
                let base = (start as usize).next_multiple_of(LARGE_PAGE);
                let length = (start as usize + length - base) / LARGE_PAGE * LARGE_PAGE;
                #[expect(unsafe_code, reason = "there is no safe way to ask for large pages")]
                // SAFETY: the range is the mapping just made; advice changes nothing that is in it.
                let advised = unsafe { rustix::mm::madvise(base as *mut c_void, length, Advice::LinuxHugepage) };
                if let Err(error) = advised {
                    tracing::debug!(%error, "this system has no large pages");
                }
                return Some(Self { base, length, spaces: Mutex::new(Spaces::new(length)) });
            }
            length /= 2;
        }
        None
    }

    fn holds(&self, address: usize) -> bool {
        (self.base..self.base + self.length).contains(&address)
    }
}

/// What the library sees; its first field is what it is told of.
#[repr(C)]
struct Face {
    allocator: sys::OrtAllocator,
    info: *const sys::OrtMemoryInfo,
}

fn count(bytes: i64) {
    // A thread that is ending has no tally any more, and needs none.
    let _ = TALLY.try_with(|tally| {
        let (now, most) = tally.get();
        tally.set((now + bytes, most.max(now + bytes)));
    });
}

extern "system" fn allocate(_: *mut sys::OrtAllocator, size: usize) -> *mut c_void {
    take(size)
}

extern "system" fn reserve(_: *const sys::OrtAllocator, size: usize) -> *mut c_void {
    take(size)
}

fn take(size: usize) -> *mut c_void {
    if size == 0 {
        return null_mut();
    }
    if size >= SMALL
        && let Some(Some(pool)) = POOL.get()
        && let Some(length) = size.checked_next_multiple_of(PAGE)
        && let Some(start) = pool.spaces.lock().unwrap_or_else(PoisonError::into_inner).take(length)
    {
        count(length as i64);
        return (pool.base + start) as *mut c_void;
    }
    from_system(size)
}

/// Its length stands in front of the block.
fn from_system(size: usize) -> *mut c_void {
    let Some(Ok(layout)) = size.checked_add(ALIGNMENT).map(|whole| Layout::from_size_align(whole, ALIGNMENT)) else {
        return null_mut();
    };
    #[expect(unsafe_code, reason = "blocks of this alignment come from the allocator alone")]
    // SAFETY: the layout is not empty; what comes back is as long as the layout and so aligned that a length can stand at its beginning.
    unsafe {
        let block = std::alloc::alloc(layout);
        if block.is_null() {
            return null_mut();
        }
        block.cast::<usize>().write(layout.size());
        count(layout.size() as i64);
        block.add(ALIGNMENT).cast()
    }
}

#[expect(unsafe_code, reason = "the library hands back bare pointers")]
unsafe extern "system" fn free(_: *mut sys::OrtAllocator, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    if let Some(Some(pool)) = POOL.get()
        && pool.holds(block as usize)
    {
        let given = pool.spaces.lock().unwrap_or_else(PoisonError::into_inner).give(block as usize - pool.base);
        count(-(given.unwrap_or(0) as i64));
        return;
    }
    // SAFETY: it is not the pool's, so `from_system` made it and wrote the length in front.
    unsafe {
        let block = block.cast::<u8>().sub(ALIGNMENT);
        let size = block.cast::<usize>().read();
        count(-(size as i64));
        std::alloc::dealloc(block, Layout::from_size_align_unchecked(size, ALIGNMENT));
    }
}

#[expect(unsafe_code, reason = "the library asks through a bare pointer")]
unsafe extern "system" fn information(allocator: *const sys::OrtAllocator) -> *const sys::OrtMemoryInfo {
    // SAFETY: the library passes the pointer that it was given, which is the first field of a `Face` that is never freed.
    unsafe { (*allocator.cast::<Face>()).info }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_what_is_written_and_are_counted() {
        POOL.get_or_init(Pool::reserve);
        begin_tally();
        let sizes = [1, 63, SMALL - 1, SMALL, 3 * LARGE_PAGE + 5];
        let blocks: Vec<*mut c_void> = sizes.iter().map(|&size| take(size)).collect();
        for (number, (&block, &size)) in blocks.iter().zip(&sizes).enumerate() {
            assert!(!block.is_null() && (block as usize).is_multiple_of(ALIGNMENT));
            // SAFETY: the block is as long as was asked for.
            #[expect(unsafe_code, reason = "it is what is tested")]
            unsafe {
                block.cast::<u8>().write_bytes(number as u8 + 1, size);
            }
        }
        for (number, (&block, &size)) in blocks.iter().zip(&sizes).enumerate() {
            // SAFETY: as above; `free` takes what `take` gave, once.
            #[expect(unsafe_code, reason = "it is what is tested")]
            unsafe {
                assert!(
                    std::slice::from_raw_parts(block.cast::<u8>(), size).iter().all(|&byte| byte == number as u8 + 1)
                );
                free(null_mut(), block);
            }
        }
        give_back();
        let asked: usize = sizes.iter().sum();
        assert!((asked as u64..asked as u64 + 4 * PAGE as u64).contains(&tally()), "{} of {asked}", tally());
        assert_eq!(TALLY.get().0, 0);
        assert!(take(0).is_null() && take(usize::MAX - 7).is_null());
    }
}
