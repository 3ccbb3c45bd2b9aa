//! One program a home: what is kept there has one writer. A second start is handed to the first one by the system's message bus; where there is
//! none, it is told here that it is not alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

/// How long a program that is just ending may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Held for as long as the program runs; the system lets go of it however that ends.
pub(crate) struct Alone {
    _file: Option<File>,
}

/// Why the program cannot be started.
#[derive(Debug)]
pub(crate) struct NotAlone;

impl std::fmt::Display for NotAlone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("it is open already. Use the window that is open, or close it first")
    }
}

impl std::error::Error for NotAlone {}

/// Takes the home, if nobody has it.
///
/// # Errors
/// Another program has it.
pub(crate) fn take(data: &Path) -> Result<Alone, NotAlone> {
    take_within(data, PATIENCE)
}

fn take_within(data: &Path, patience: Duration) -> Result<Alone, NotAlone> {
    let opened = std::fs::create_dir_all(data)
        .and_then(|()| OpenOptions::new().create(true).truncate(false).write(true).open(data.join("in-use.lock")));
    // Where nothing can be written nothing can be spoilt either.
    let Ok(file) = opened else { return Ok(Alone { _file: None }) };
    let began = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Alone { _file: Some(file) }),
            Err(TryLockError::WouldBlock) if began.elapsed() >= patience => return Err(NotAlone),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => {
                // Some network folders cannot be locked.
                tracing::info!(%error, "whether another program uses this folder is not known");
                return Ok(Alone { _file: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_program_and_the_next_one_when_that_has_ended() {
        let folder = std::env::temp_dir().join(format!("pretty-alone-{}", std::process::id()));
        let first = take_within(&folder, Duration::ZERO).unwrap();
        assert!(first._file.is_some());
        assert!(take_within(&folder, Duration::from_millis(60)).is_err());
        assert!(take_within(&folder.join("another"), Duration::ZERO).is_ok());
        drop(first);
        assert!(take_within(&folder, Duration::ZERO).is_ok());
        let _ = std::fs::remove_dir_all(&folder);
    }
}
