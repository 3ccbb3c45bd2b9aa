//! The whole service in the test's own process: its router, a database of its own, a clock moved by hand, a mailbox folder. No socket.
//!
//! A [`Browser`] keeps cookies and fills in the forms that it was shown. When a [`TestApp`] is dropped, letters that nobody looked at
//! fail the test: what is sent is part of what is tested.

use super::TestDatabase;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use pretty_backend::accounts::sign_in;
use pretty_backend::app::App;
use pretty_backend::http::router;
use pretty_backend::mail::{mailer, outbox};
use pretty_backend::settings::Settings;
use pretty_backend::settings::load::{Overrides, load};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::PathBuf;
use tower::ServiceExt as _;

pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) database: TestDatabase,
    router: Router,
    /// Letters that were looked at.
    seen: std::sync::Mutex<BTreeSet<PathBuf>>,
}

pub(crate) const PASSWORD: &str = "harbour lantern 58 quilt";

/// Settings for tests: cheap passwords, a proxy in front whose word about addresses counts.
pub(crate) fn settings() -> Settings {
    let mut settings = load(None, [], &Overrides::default()).unwrap();
    settings.accounts.password_cost = 4;
    settings.server.trusted_proxies = 1;
    settings.server.base_url = "https://pretty.example".to_owned();
    // The program of these tests is not the service's.
    env!("CARGO_BIN_EXE_pretty-backend").clone_into(&mut settings.uploads.check_program);
    settings
}

impl TestApp {
    pub(crate) fn new(database: TestDatabase) -> Self {
        Self::with(database, settings())
    }

    pub(crate) fn with(database: TestDatabase, mut settings: Settings) -> Self {
        settings.server.data = database.folder.path().display().to_string();
        settings.objects = database.objects.clone();
        let app = App::new(settings, database.store.clone(), database.world.clone(), ([127, 0, 0, 1], 1).into());
        let app = app.unwrap();
        let router = router(app.clone(), Router::new());
        Self { app, database, router, seen: std::sync::Mutex::default() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// A call of the API, with a token or without.
    pub(crate) async fn api(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// A form without a browser, as the app sends to the token endpoint.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form_request(path, fields).body(encode(fields)).unwrap()).await
    }

    /// Sends what is due and gives the new letters, oldest first, as subject and text.
    pub(crate) async fn letters(&self) -> Vec<Letter> {
        let mailer = mailer::configured(&self.app.settings, self.database.folder.path()).unwrap();
        outbox::deliver_due(&self.app, &*mailer).await.unwrap();
        self.unseen()
    }

    fn unseen(&self) -> Vec<Letter> {
        let mut seen = self.seen.lock().unwrap();
        let files = letters_in(&self.database.folder.path().join("mail"));
        files.into_iter().filter(|file| seen.insert(file.clone())).map(|file| read_letter(&file)).collect()
    }

    pub(crate) async fn letter(&self, subject: &str) -> Letter {
        let letters = self.letters().await;
        assert_eq!(letters.iter().map(|letter| letter.subject.as_str()).collect::<Vec<_>>(), [subject]);
        letters[0].clone()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.unseen().len(), 0, "letters that the test did not look at");
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) raw: String,
}

impl Letter {
    /// The path and query of the link that begins like this.
    pub(crate) fn link(&self, path: &str) -> String {
        let start = self
            .raw
            .find(&format!("https://pretty.example{path}"))
            .unwrap_or_else(|| panic!("no {path} in {}", self.raw));
        let link = &self.raw[start + "https://pretty.example".len()..];
        link[..link.find(|c: char| c.is_whitespace() || "\"<".contains(c)).unwrap_or(link.len())].to_owned()
    }
}

/// Oldest first.
fn letters_in(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    files.sort();
    files
}

fn read_letter(file: &std::path::Path) -> Letter {
    // Quoted-printable as far as our letters use it.
    let raw = std::fs::read_to_string(file).unwrap().replace("=\r\n", "").replace("=3D", "=");
    let header =
        |name: &str| raw.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    Letter { to: header("To:"), subject: header("Subject:"), raw: raw.clone() }
}

fn encode(fields: &[(&str, &str)]) -> Body {
    Body::from(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

fn form_request(path: &str, _: &[(&str, &str)]) -> axum::http::request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

/// What came back, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self { status: parts.status, headers: parts.headers, text, bytes }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A hidden field of the page.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let value = self.text.split_once(&format!("name=\"{name}\" value=\"")).map(|(_, rest)| rest);
        let value = value.unwrap_or_else(|| panic!("no {name} in {}", self.text));
        value.split('"').next().unwrap().to_owned()
    }

    /// Status and body, as snapshots show them.
    pub(crate) fn shown(&self) -> String {
        if self.text.is_empty() {
            return self.status.to_string();
        }
        format!("{}\n{}", self.status, serde_json::to_string_pretty(&self.json()).unwrap())
    }
}

/// A browser: cookies, the page it is on, and where it comes from.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
    pub(crate) page: Option<Answer>,
    pub(crate) address: String,
    site: &'static str,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), page: None, address: "198.51.100.7".to_owned(), site: "same-origin" }
    }

    /// The next requests are as if another site had made them.
    pub(crate) fn act_from_elsewhere(&mut self) {
        self.site = "cross-site";
    }

    fn headers(&self, mut request: axum::http::request::Builder) -> axum::http::request::Builder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        request
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .header(header::ACCEPT, "text/html,*/*")
            .header("sec-fetch-site", self.site)
            .header("x-forwarded-for", &self.address)
    }

    async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.app.send(request).await;
        for value in answer.headers.get_all(header::SET_COOKIE) {
            let value = value.to_str().unwrap();
            assert!(
                value.starts_with("__Host-")
                    && value.contains("; Secure")
                    && value.contains("HttpOnly")
                    && value.contains("SameSite=Lax")
            );
            let (name, content) = value.split(';').next().unwrap().split_once('=').unwrap();
            if value.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), content.to_owned());
            }
        }
        if answer.header("content-type").starts_with("text/html") {
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert!(!answer.text.contains("<script") && !answer.text.contains(" style="), "script or style in a page");
            self.page = Some(answer.clone());
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.headers(Request::get(path)).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Follows a redirect to one of our own pages.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let to = answer.header("location").to_owned();
        self.get(&to).await
    }

    /// Sends the form with this action on the present page: its hidden fields as they are, the others as given.
    pub(crate) async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.page.clone().expect("a page first").text;
        let start = page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no form {action} in {page}"));
        let form = &page[start..start + page[start..].find("</form>").unwrap()];
        let mut all: Vec<(String, String)> = Vec::new();
        for input in form.split("<input ").skip(1).filter(|input| input.starts_with("type=\"hidden\"")) {
            let attribute = |name: &str| {
                let rest = input.split_once(&format!("{name}=\"")).unwrap().1;
                rest[..rest.find('"').unwrap()].replace("&#38;", "&").replace("&amp;", "&").replace("&#61;", "=")
            };
            all.push((attribute("name"), attribute("value")));
        }
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(action, &all).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.headers(form_request(path, fields)).body(encode(fields)).unwrap();
        self.send(request).await
    }

    /// Signs the browser in as somebody, without the pages.
    pub(crate) async fn be(&mut self, user: uuid::Uuid) {
        let tx = self.app.store.write_transaction().await.unwrap();
        let token = sign_in::open_browser(self.app, &tx, user, "Firefox/140.0").await.unwrap();
        tx.commit().await.unwrap();
        self.cookies.insert("__Host-pretty".to_owned(), token);
    }

    /// What every form of this browser carries, from a page that shows one to everybody.
    pub(crate) async fn csrf(&mut self) -> String {
        self.get("/forgot").await.hidden("csrf")
    }

    /// The note that the age question was answered.
    pub(crate) async fn age_answer(&mut self) -> String {
        self.get("/sign-up").await;
        let page = self.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
        page.hidden("age")
    }

    /// From the age question to the letter.
    pub(crate) async fn ask_for_account(&mut self, email: &str) -> Answer {
        self.get("/sign-up").await;
        self.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
        self.submit("/sign-up", &[("name", "Mara Lindqvist"), ("email", email), ("password", PASSWORD)]).await
    }

    /// The whole way to an account; the letters are looked at.
    pub(crate) async fn sign_up(&mut self, email: &str) {
        assert_eq!(self.ask_for_account(email).await.status, StatusCode::OK);
        let link = self.app.letter("Confirm your email address").await.link("/confirm");
        self.get(&link).await;
        let done = self.submit("/confirm", &[("password", PASSWORD)]).await;
        assert_eq!(done.header("location"), "/account", "{}", done.text);
        self.app.letter("Welcome").await;
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.get("/sign-in").await;
        self.submit("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

impl Deref for TestApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
