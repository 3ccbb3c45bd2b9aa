//! The whole way in the program itself, over HTTP and in its sandbox: sign up, confirm, connect the app, buy, send a photo, have it criticised and
//! enhanced, fetch what came of it, delete it.

use crate::support::{PASSWORD, pictures};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pretty_backend::photos::pixels::checksum;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program; it ends with the test.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pretty-backend"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", folder.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A person with a browser and the app.
struct Visitor {
    base: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    page: String,
    token: String,
}

/// What came back: status, where to go on, body.
type Back = (u16, String, Vec<u8>);

impl Visitor {
    async fn send(&mut self, request: reqwest::RequestBuilder) -> Back {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; ")).header("sec-fetch-site", "same-origin");
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        for value in headers.get_all("set-cookie") {
            let (name, content) = value.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), content.to_owned());
        }
        let location = headers.get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), location, answer.bytes().await.unwrap().to_vec())
    }

    async fn show(&mut self, path: &str) {
        let request = self.http.get(format!("{}{path}", self.base)).header("accept", "text/html");
        self.page = String::from_utf8(self.send(request).await.2).unwrap();
    }

    /// Sends the form with this action: its hidden fields as they are.
    async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> String {
        let start = self.page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("{}", self.page));
        let form = &self.page[start..start + self.page[start..].find("</form>").unwrap()];
        let hidden = form.split("<input type=\"hidden\"").skip(1).map(|input| {
            let value = |name: &str| {
                input
                    .split_once(&format!("{name}=\""))
                    .unwrap()
                    .1
                    .split('"')
                    .next()
                    .unwrap()
                    .replace("&#38;", "&")
                    .replace("&#61;", "=")
            };
            (value("name"), value("value"))
        });
        let given = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let all: Vec<(String, String)> = hidden.chain(given).collect();
        let (status, location, body) = self.send(self.http.post(format!("{}{action}", self.base)).form(&all)).await;
        self.page = String::from_utf8(body).unwrap();
        assert!(status < 400, "{action}: {status} {}", self.page);
        location
    }

    async fn api(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("idempotency-key", checksum(body.to_string().as_bytes())).json(&body);
        }
        let (status, _, body) = self.send(request).await;
        assert!(status < 400, "{path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    /// From the age question to a token of the app's.
    async fn join(&mut self) {
        self.show("/sign-up").await;
        self.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
        self.submit("/sign-up", &[("name", "Mara"), ("email", "mara@example.org"), ("password", PASSWORD)]).await;
        let letters = loop {
            let letters = self.send(self.http.get(format!("{}/sandbox/letters.json", self.base))).await.2;
            if letters.len() > 10 {
                break String::from_utf8(letters).unwrap().replace("=\\r\\n", "").replace("=3D", "=");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let link = &letters[letters.find("/confirm?").unwrap()..];
        let link = link[..link.find(['\\', '"', ' ', '<']).unwrap()].to_owned();
        self.show(&link).await;
        self.submit("/confirm", &[("password", PASSWORD)]).await;
        let verifier = "a verifier of the app, long enough to be one".replace([' ', ','], "-");
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let back = "http://127.0.0.1:9/callback";
        self.show(&format!("/oauth/authorize?response_type=code&client_id=aspretty-desktop&redirect_uri={back}&code_challenge={challenge}&code_challenge_method=S256&state=12345678")).await;
        let location = self.submit("/oauth/authorize", &[("answer", "yes")]).await;
        let code = location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", &verifier),
            ("client_id", "aspretty-desktop"),
            ("redirect_uri", back),
        ];
        let (_, _, body) = self.send(self.http.post(format!("{}/oauth/token", self.base)).form(&form)).await;
        let pair: Value = serde_json::from_slice(&body).unwrap();
        pair["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// Buys the first pack; what it brought.
    async fn buy(&mut self) -> i64 {
        let catalogue = self.api(Method::GET, "/v1/catalogue", None).await;
        let order = self.api(Method::POST, "/v1/orders", Some(json!({"product": catalogue["packs"][0]["code"]}))).await;
        let paid =
            self.http.post(order["checkout_url"].as_str().unwrap()).form(&[("action", "pay")]).send().await.unwrap();
        assert!(paid.status().is_redirection());
        for _ in 0..1200 {
            let available = self.api(Method::GET, "/v1/credits", None).await["available"].as_i64().unwrap();
            if available > 0 {
                return available;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the credits did not come");
    }

    async fn upload(&mut self, file: &[u8]) -> String {
        let new = json!({"bytes": file.len(), "sha256": checksum(file), "media_type": "image/jpeg"});
        let upload = self.api(Method::POST, "/v1/uploads", Some(new)).await;
        let part = self
            .http
            .patch(format!("{}/v1/uploads/{}", self.base, upload["id"].as_str().unwrap()))
            .bearer_auth(&self.token);
        let part = part
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body(file.to_vec());
        let done: Value = serde_json::from_slice(&self.send(part).await.2).unwrap();
        done["photo_id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned()
    }

    /// A job that worked out.
    async fn done(&mut self, kind: &str, variant: &str, photo: &str, price: i64) -> Value {
        let mut job = self
            .api(
                Method::POST,
                "/v1/jobs",
                Some(json!({"kind": kind, "variant": variant, "photos": [photo], "price": price})),
            )
            .await;
        for _ in 0..2400 {
            if job.get("ended_at").is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            job = self.api(Method::GET, &format!("/v1/jobs/{}", job["id"].as_str().unwrap()), None).await;
        }
        assert_eq!((&job["state"], &job["charged"]), (&json!("succeeded"), &json!(true)), "{job}");
        job
    }
}

#[tokio::test]
async fn from_sign_up_to_a_critique_and_an_enhanced_photo() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let mut mara = Visitor {
        base: program.address.clone(),
        http,
        cookies: BTreeMap::new(),
        page: String::new(),
        token: String::new(),
    };
    mara.join().await;
    let bought = mara.buy().await;
    let photo = mara.upload(&pictures::jpeg(480, 320)).await;
    let critique = mara.done("critique", "standard", &photo, 2).await;
    let said = &critique["result"]["critique"];
    assert_eq!((&said["measured_by"], said["scores"].as_array().unwrap().len()), (&json!("sandbox measurements"), 7));
    let enhanced = mara.done("enhance", "upscale_2x", &photo, 4).await;
    let id = enhanced["id"].as_str().unwrap().to_owned();
    // It lay on its side.
    assert_eq!((&enhanced["result"]["width"], &enhanced["result"]["height"]), (&json!(640), &json!(960)));
    let result = mara.http.get(format!("{}/v1/jobs/{id}/result", mara.base)).bearer_auth(&mara.token);
    let file = mara.send(result).await.2;
    assert_eq!(checksum(&file), enhanced["result"]["sha256"].as_str().unwrap());
    assert_eq!(mara.api(Method::GET, "/v1/credits", None).await["available"], bought - 6);
    mara.api(Method::DELETE, &format!("/v1/jobs/{id}"), None).await;
    assert_eq!(mara.api(Method::GET, "/v1/jobs", None).await.as_array().unwrap().len(), 1);
}
