//! Working memory of the processor's sessions on Linux: one pool for all of them, of large pages, kept from tile to tile.
//!
//! The library's own arena doubles what it asks of the system, so that tiles had to be smaller than memory allows; and its memory comes in pages of
//! 4 KB, of which a large tile's layers need more than the processor can keep track of: 6 to 8 % of the time. This one takes just what is asked.
//!
//! What is small goes to the system's allocator. What is large lies in one stretch of addresses that is reserved once and has no memory behind it until
//! it is used; [`give_back`] lets the system have what is free again. When the stretch is full or could not be reserved, the system serves.
//!
//! Every thread that runs sessions has a part of the stretch for itself while it lives. A session asks for the same blocks in the same order for every
//! tile, so that its blocks fall into the same places each time; with two threads in one part they would come between each other, and what lies free
//! between blocks grew to a quarter of all.

use std::alloc::Layout;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

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

/// Threads that have a part at one time; more are served by the system.
const PARTS: usize = 16;

struct Pool {
    base: usize,
    /// Bytes of one part.
    part: usize,
    parts: [Mutex<Part>; PARTS],
}

struct Part {
    spaces: Spaces,
    /// A thread has it.
    lent: bool,
}

/// The part that a thread has, until the thread ends. Its blocks may outlive it: whoever has the part next finds them taken.
struct Loan {
    part: Option<usize>,
}

/// `None` inside when no addresses could be had.
static POOL: OnceLock<Option<Pool>> = OnceLock::new();

thread_local! {
    /// Bytes that this thread has asked for and not given back, and the most that was.
    static TALLY: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
    static LOAN: Loan = Loan { part: POOL.get().and_then(Option::as_ref).and_then(Pool::lend) };
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
    for number in 0..PARTS {
        let part = pool.lock(number);
        for (start, length) in part.spaces.free() {
            #[expect(unsafe_code, reason = "there is no safe way to give pages back to the system")]
            // SAFETY: the pages are the pool's, nobody has them while the lock is held, and who gets them next expects nothing in them.
            let outcome = unsafe {
                let first = (pool.base + number * pool.part + start) as *mut c_void;
                rustix::mm::madvise(first, length, Advice::LinuxDontNeed)
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "memory was not given back");
            }
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
                let part = (start as usize + length - base) / PARTS / LARGE_PAGE * LARGE_PAGE;
                let length = part * PARTS;
                #[expect(unsafe_code, reason = "there is no safe way to ask for large pages")]
                // SAFETY: the range is the mapping just made; advice changes nothing that is in it.
                let advised = unsafe { rustix::mm::madvise(base as *mut c_void, length, Advice::LinuxHugepage) };
                if let Err(error) = advised {
                    tracing::debug!(%error, "this system has no large pages");
                }
                let parts = std::array::from_fn(|_| Mutex::new(Part { spaces: Spaces::new(part), lent: false }));
                return Some(Self { base, part, parts });
            }
            length /= 2;
        }
        None
    }

    fn lock(&self, number: usize) -> MutexGuard<'_, Part> {
        self.parts[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first part that no thread has; it is then this thread's.
    fn lend(&self) -> Option<usize> {
        (0..PARTS).find(|&number| !std::mem::replace(&mut self.lock(number).lent, true))
    }

    /// The address of a block of this length in the part of this thread.
    fn take(&self, length: usize) -> Option<usize> {
        // A thread that is ending has no part any more.
        let number = LOAN.try_with(|loan| loan.part).ok()??;
        Some(self.base + number * self.part + self.lock(number).spaces.take(length)?)
    }

    /// The part that an address lies in, and where in it.
    fn place(&self, address: usize) -> Option<(usize, usize)> {
        let from_base = address.checked_sub(self.base)?;
        let (number, start) = (from_base / self.part, from_base % self.part);
        (number < PARTS).then_some((number, start))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (Some(number), Some(Some(pool))) = (self.part, POOL.get()) {
            pool.lock(number).lent = false;
        }
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
        && let Some(address) = pool.take(length)
    {
        count(length as i64);
        return address as *mut c_void;
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
        && let Some((number, start)) = pool.place(block as usize)
    {
        let given = pool.lock(number).spaces.give(start);
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

    #[test]
    fn threads_do_not_come_between_each_other() {
        let Some(pool) = POOL.get_or_init(Pool::reserve) else { return };
        let part_of = |block: *mut c_void| pool.place(block as usize).map(|(number, _)| number);
        let own = take(SMALL);
        let other = std::thread::scope(|scope| scope.spawn(|| take(SMALL) as usize).join().unwrap());
        assert!(part_of(own).is_some() && part_of(other as *mut c_void).is_some());
        assert_ne!(part_of(own), part_of(other as *mut c_void));
        for block in [own, other as *mut c_void] {
            // SAFETY: `take` gave both, and nobody uses them any more.
            #[expect(unsafe_code, reason = "it is what is tested")]
            unsafe {
                free(null_mut(), block);
            }
        }
    }
}
