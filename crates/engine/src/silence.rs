//! Keeps ONNX Runtime's library silent. Its official builds for Linux and macOS carry a client that reports sessions and model names to their maker
//! over the network, beginning with the environment's creation: before `DisableTelemetryEvents` could be called. Only the process's environment
//! keeps the client from being started.

const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Forbids the library to report anything. Call it first in `main`, while there is no other thread; the engine calls it once more before it loads
/// the library, for programs that forgot.
pub fn keep_library_silent() {
    if std::env::var_os(VARIABLE).is_some_and(|value| value == "1") {
        return;
    }
    #[expect(unsafe_code, reason = "the library can be told in no other way")]
    // SAFETY: programs call this before they start a thread. Where one forgot, the standard library's own lock keeps Rust's readers apart, and a
    // foreign reader at this very moment is a smaller risk than a library that reports.
    unsafe {
        std::env::set_var(VARIABLE, "1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_set_and_stays() {
        keep_library_silent();
        keep_library_silent();
        assert_eq!(std::env::var(VARIABLE).as_deref(), Ok("1"));
    }
}
