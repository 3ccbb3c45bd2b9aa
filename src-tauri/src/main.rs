//! As Pretty As A Picture: the window. Everything it does is done by `pretty-studio`; here are the window itself and the adapters.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod app;
mod arguments;
mod host;
mod logging;
mod places;
mod scheme;
mod settings;

fn main() -> std::process::ExitCode {
    before_threads();
    match app::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("As Pretty As A Picture could not be started: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// WebKit's zero-copy rendering leaves the window blank with some graphics drivers; without it all of them draw.
#[cfg(target_os = "linux")]
fn before_threads() {
    const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::env::var_os(VARIABLE).is_none() {
        #[expect(unsafe_code, reason = "the environment is changed before any thread is started")]
        // SAFETY: this is the first thing that the program does; there is no other thread that could read the environment.
        unsafe {
            std::env::set_var(VARIABLE, "1");
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn before_threads() {}
