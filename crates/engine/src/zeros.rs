//! Large buffers of zeros, on Linux behind large pages: a tile's planes come and go with every tile, and fetched from the system 4 KB at a time they
//! cost 3 % of all time. Elsewhere plain buffers.

/// From this many bytes on; below, a few small pages cost nothing.
const LARGE: usize = 4 << 20;

/// `length` zeros.
pub(crate) fn zeros<T: Default + Clone>(length: usize) -> Vec<T> {
    // All of it lies behind addresses that nothing was written to yet: `vec!` of zeros takes untouched memory.
    let buffer = vec![T::default(); length];
    if std::mem::size_of_val(buffer.as_slice()) >= LARGE {
        prefer_large_pages(&buffer);
    }
    buffer
}

#[cfg(target_os = "linux")]
fn prefer_large_pages<T>(buffer: &[T]) {
    const PAGE: usize = 4096;
    let start = (buffer.as_ptr() as usize).next_multiple_of(PAGE);
    let end = (buffer.as_ptr() as usize + std::mem::size_of_val(buffer)) / PAGE * PAGE;
    #[expect(unsafe_code, reason = "there is no safe way to advise the system about memory")]
    // SAFETY: whole pages inside a buffer that is alive; the advice changes what is behind them, never what is in them.
    let advised = unsafe {
        rustix::mm::madvise(
            start as *mut std::ffi::c_void,
            end.saturating_sub(start),
            rustix::mm::Advice::LinuxHugepage,
        )
    };
    // A system without large pages serves small ones.
    if let Err(error) = advised {
        tracing::trace!(%error, "no large pages");
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_large_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use super::zeros;

    #[test]
    fn small_or_large_they_are_zeros_and_can_be_written() {
        for length in [0, 1, 4095, 1 << 20, (1 << 22) + 3] {
            let mut buffer: Vec<f32> = zeros(length);
            assert!(buffer.len() == length && buffer.iter().all(|value| *value == 0.0));
            buffer.fill(0.5);
            assert!(buffer.iter().all(|value| *value == 0.5));
            assert!(zeros::<u8>(length).iter().all(|value| *value == 0));
        }
    }
}
