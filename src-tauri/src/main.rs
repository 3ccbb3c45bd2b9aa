//! As Pretty As A Picture: the window. Everything it does is done by `pretty-studio`; here are the window itself and the adapters.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod alone;
mod app;
mod arguments;
mod host;
mod logging;
mod places;
mod scheme;
mod settings;

fn main() -> std::process::ExitCode {
    pretty_engine::keep_library_silent();
    before_threads();
    match app::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("As Pretty As A Picture could not be started: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// What the libraries below the window are told through the environment, unless the person told them otherwise.
#[cfg(target_os = "linux")]
fn before_threads() {
    const TOLD: [(&str, &str); 2] = [
        // WebKit's zero-copy rendering leaves the window blank with some graphics drivers; without it all of them draw.
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
        // Otherwise WebKit's network process asks the kernel for its routes, and this program opens no such socket.
        ("GIO_USE_NETWORK_MONITOR", "base"),
    ];
    for (variable, value) in TOLD {
        if std::env::var_os(variable).is_none() {
            #[expect(unsafe_code, reason = "the environment is changed before any thread is started")]
            // SAFETY: this is the first thing that the program does; there is no other thread that could read the environment.
            unsafe {
                std::env::set_var(variable, value);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn before_threads() {}
