//! The window: plugins, scheme, the one command, start and end.

use std::sync::Arc;

use pretty_contract::problem::{Code, Problem};
use pretty_studio::{Connection, SecretsIn, Studio};
use serde_json::Value;
use tauri::plugin::TauriPlugin;
use tauri::webview::{Color, WebviewWindowBuilder};
use tauri::{App, AppHandle, Manager, RunEvent, Theme, Url, WebviewUrl, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::host::WindowHost;
use crate::places::Places;
use crate::{alone, arguments, logging, scheme};

/// Another service, in programs that are not made to be given away.
const SERVICE_VARIABLE: &str = "PRETTY_SERVICE_URL";
/// The window's label, as the capabilities name it.
pub(crate) const WINDOW: &str = "main";
const TITLE: &str = "As Pretty As A Picture";
/// Shown until the page is drawn; the page's own background.
const DARK: Color = Color(30, 30, 30, 255);
const LIGHT: Color = Color(248, 248, 248, 255);

/// Runs until the window is closed.
pub(crate) fn run() -> tauri::Result<()> {
    let places = Places::named_by_hand();
    let state_file =
        places.as_ref().map_or_else(|| ".window-state.json".into(), |places| places.window_state.display().to_string());
    // Position and size only: the window is never to be found hidden.
    let window_state = tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN)
        .with_filename(state_file)
        .build();
    tauri::Builder::default()
        // First, so that a second start ends before it has begun anything.
        .plugin(single_instance(places.as_ref()))
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::Builder::default().open_js_links_on_click(false).build())
        .plugin(tauri_plugin_notification::init())
        .plugin(window_state)
        .register_asynchronous_uri_scheme_protocol(scheme::NAME, |context, request, responder| {
            scheme::answer(context.app_handle(), &request, responder);
        })
        .invoke_handler(tauri::generate_handler![command])
        .setup(move |app| set_up(app, places))
        .build(tauri::generate_context!())?
        .run(|app, event| match event {
            #[cfg(target_os = "macos")]
            RunEvent::Opened { urls } => arguments::open(app, &arguments::of_urls(&urls)),
            RunEvent::Exit => app.state::<Studio>().shut_down(),
            _ => {}
        });
    Ok(())
}

/// A second start in the same home is handed to the first.
fn single_instance(places: Option<&Places>) -> TauriPlugin<Wry> {
    let plugin = tauri_plugin_single_instance::Builder::new().callback(|app, words, folder| {
        arguments::open(app, &arguments::photos(&words, folder.as_ref()));
        show(app);
    });
    #[cfg(target_os = "linux")]
    let plugin = match places {
        // A home that was named by hand is none of those who live in another.
        Some(places) => plugin.dbus_id(places.bus_name()),
        None => plugin,
    };
    #[cfg(not(target_os = "linux"))]
    let _ = places;
    plugin.build()
}

fn set_up(app: &mut App, places: Option<Places>) -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(debug_assertions)]
    app.add_capability(include_str!("../testing-capability.json"))?;
    let places = places.map_or_else(|| Places::of_the_system(app.path()), Ok)?;
    app.manage(logging::start(&places.logs));
    match alone::take(&places.folders.data) {
        Ok(alone) => app.manage(alone),
        Err(error) => {
            // An error that is handed on from here is a crash.
            eprintln!("{TITLE} could not be started: {error}.");
            tracing::error!(%error, "ended");
            std::process::exit(1);
        }
    };
    tracing::info!(version = %app.package_info().version, "started");
    tracing::debug!(?places, "places");
    let host = Arc::new(WindowHost::new(app.handle().clone(), places.settings.clone()));
    app.manage(Studio::start(host, places.folders.clone(), &connection()));
    open_window(app, &places)?;
    let here = std::env::current_dir().unwrap_or_default();
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    arguments::open(app.handle(), &arguments::photos(&words, &here));
    Ok(())
}

/// The service that this build was made for, and who answers for people's data there (`PRETTY_SERVICE_CONTACT`, an e-mail address); while developing,
/// the service that the environment names.
fn connection() -> Connection {
    let built_in = option_env!("PRETTY_SERVICE_URL").map(str::to_owned);
    let named = cfg!(debug_assertions).then(|| std::env::var(SERVICE_VARIABLE).ok()).flatten();
    let service = named.or(built_in).filter(|address| !address.is_empty());
    let contact = option_env!("PRETTY_SERVICE_CONTACT").filter(|contact| !contact.is_empty()).map(str::to_owned);
    Connection { service, secrets: SecretsIn::Keychain, contact }
}

fn open_window(app: &App, places: &Places) -> tauri::Result<()> {
    let mut builder = WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title(TITLE)
        .inner_size(1280.0, 800.0)
        .min_inner_size(880.0, 600.0)
        .background_color(DARK)
        .on_navigation(is_our_page);
    if let Some(folder) = &places.webview {
        builder = builder.data_directory(folder.clone());
    }
    let window = builder.build()?;
    if window.theme()? == Theme::Light {
        window.set_background_color(Some(LIGHT))?;
    }
    Ok(())
}

/// The window shows the program's own page and nothing else.
fn is_our_page(url: &Url) -> bool {
    let ours = matches!(
        (url.scheme(), url.host_str()),
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost"))
    );
    let development = tauri::is_dev() && url.host_str() == Some("127.0.0.1");
    ours || development
}

fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(WINDOW) {
        let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        if let Err(error) = shown {
            tracing::warn!(%error, "the window could not be brought to the front");
        }
    }
}

/// The one command: the studio's own, by name.
#[tauri::command]
async fn command(app: AppHandle, name: String, payload: Option<Value>) -> Result<Value, Problem> {
    let work = move || app.state::<Studio>().command(&name, payload.unwrap_or_default());
    tauri::async_runtime::spawn_blocking(work).await.map_err(|error| Problem {
        code: Code::Internal,
        message: "Something went wrong inside the program. Try again.".into(),
        retryable: true,
        detail: Some(error.to_string()),
    })?
}
