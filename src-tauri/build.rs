//! Reads the settings and capabilities, and names the one command that the window may call.

fn main() {
    let commands = tauri_build::AppManifest::new().commands(&["command"]);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands)) {
        println!("cargo::error={error:#}");
    }
}
