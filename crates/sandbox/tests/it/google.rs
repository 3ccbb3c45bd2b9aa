//! Google's OpenID provider: the page, the exchange, the ID token right and wrong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pretty_sandbox::{Fault, FaultRule, Person, Service, TokenFault};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use serde_json::{Value, json};
use sha2::Digest;

use crate::contracts;
use crate::harness::{Answer, START, World, read, world};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-1234";
const REDIRECT: &str = "http://127.0.0.1:9/callback";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(VERIFIER.as_bytes()))
}

struct Token {
    header: Value,
    claims: Value,
    message: String,
    signature: Vec<u8>,
}

fn parse(token: &str) -> Token {
    let parts: Vec<&str> = token.split('.').collect();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    Token {
        header: serde_json::from_slice(&decode(parts[0])).unwrap(),
        claims: serde_json::from_slice(&decode(parts[1])).unwrap(),
        message: format!("{}.{}", parts[0], parts[1]),
        signature: decode(parts[2]),
    }
}

impl World {
    fn google(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.endpoints().google_issuer)
    }

    fn authorize_url(&self, change: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut pairs = vec![
            ("client_id", self.sandbox.endpoints().google_client_id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("state", "st/1"),
            ("nonce", "n-1"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in change {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name, value));
        }
        url::Url::parse_with_params(&self.google("/o/oauth2/v2/auth"), pairs).unwrap().to_string()
    }

    /// Clicks on the page; the answer holds the parameters of the redirect.
    async fn choose(&self, url: &str, form: &[(&str, &str)]) -> Vec<(String, String)> {
        let response = self.client.post(url).form(form).send().await.unwrap();
        assert_eq!(response.status(), 303);
        let location = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
        assert!(location.as_str().starts_with(REDIRECT));
        location.query_pairs().into_owned().collect()
    }

    async fn code(&self) -> String {
        let pairs = self.choose(&self.authorize_url(&[]), &[("sub", "100000000000000000001")]).await;
        assert!(pairs.contains(&("state".into(), "st/1".into())));
        pairs.into_iter().find(|(name, _)| name == "code").unwrap().1
    }

    async fn exchange(&self, code: &str, change: &[(&str, &str)]) -> Answer {
        let endpoints = self.sandbox.endpoints();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", endpoints.google_client_id.as_str()),
            ("client_secret", endpoints.google_client_secret.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in change {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        read(self.client.post(self.google("/token")).form(&form).send().await.unwrap()).await
    }

    async fn certificates(&self) -> Value {
        read(self.client.get(self.google("/oauth2/v3/certs")).send().await.unwrap()).await.body
    }

    async fn signed(&self, token: &Token) -> bool {
        let keys = self.certificates().await;
        let Some(key) = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == token.header["kid"]) else {
            return false;
        };
        let number =
            |name: &str| rsa::BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap());
        let public = rsa::RsaPublicKey::new(number("n"), number("e")).unwrap();
        let Ok(signature) = Signature::try_from(token.signature.as_slice()) else { return false };
        VerifyingKey::<Sha256>::new(public).verify(token.message.as_bytes(), &signature).is_ok()
    }
}

#[tokio::test]
async fn somebody_signs_in() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let discovery =
        read(world.client.get(world.google("/.well-known/openid-configuration")).send().await.unwrap()).await.body;
    assert_eq!(discovery["issuer"], endpoints.google_issuer.as_str());
    if let Some(real) = contracts::read("google/openid-configuration.json") {
        for name in real.as_object().unwrap().keys() {
            assert!(discovery.get(name).is_some(), "{name} is missing");
        }
    }
    let response = world.client.get(world.authorize_url(&[])).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("form-action 'self' http://127.0.0.1:9"), "{policy}");
    let html = response.text().await.unwrap();
    for part in ["SANDBOX", "Ada Sandbox (ada.sandbox@gmail.com)", "<label for=\"email\">", "Do not sign in"] {
        assert!(html.contains(part), "{part}");
    }
    let code = world.code().await;
    let answer = world.exchange(&code, &[]).await;
    assert_eq!(answer.status, 200, "{:#}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = parse(answer.body["id_token"].as_str().unwrap());
    assert!(world.signed(&token).await);
    assert_eq!((&token.header["alg"], &token.claims["iss"]), (&json!("RS256"), &json!(endpoints.google_issuer)));
    assert_eq!((&token.claims["aud"], &token.claims["nonce"]), (&json!(endpoints.google_client_id), &json!("n-1")));
    assert_eq!(
        (&token.claims["email"], &token.claims["email_verified"]),
        (&json!("ada.sandbox@gmail.com"), &json!(true))
    );
    assert_eq!((&token.claims["iat"], &token.claims["exp"]), (&json!(START), &json!(START + 3_600)));
    let info =
        world.client.get(world.google("/v1/userinfo")).bearer_auth(answer.body["access_token"].as_str().unwrap());
    assert_eq!(read(info.send().await.unwrap()).await.body["sub"], token.claims["sub"]);
    assert_eq!(world.exchange(&code, &[]).await.body["error"], "invalid_grant", "a code is used once");
    assert!(!answer.body.to_string().contains(&endpoints.google_client_secret));
}

#[tokio::test]
async fn wrong_requests_and_exchanges_are_refused() {
    let world = world().await;
    for (name, value) in [
        ("client_id", "other"),
        ("redirect_uri", "http://example.com/cb"),
        ("redirect_uri", "myapp://cb"),
        ("redirect_uri", "https://a.com/#x"),
    ] {
        assert_eq!(
            world.client.get(world.authorize_url(&[(name, value)])).send().await.unwrap().status(),
            400,
            "{value}"
        );
    }
    for (name, value, error) in
        [("response_type", "token", "unsupported_response_type"), ("scope", "email", "invalid_scope")]
    {
        let pairs = world.choose(&world.authorize_url(&[(name, value)]), &[]).await;
        assert!(pairs.contains(&("error".into(), error.into())));
    }
    let denied = world.choose(&world.authorize_url(&[]), &[("deny", "1")]).await;
    assert_eq!(denied, [("error".to_owned(), "access_denied".to_owned()), ("state".to_owned(), "st/1".to_owned())]);
    for (change, error) in [
        (("client_secret", "wrong"), "invalid_client"),
        (("code_verifier", "another"), "invalid_grant"),
        (("redirect_uri", "http://127.0.0.1:10/callback"), "redirect_uri_mismatch"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("code", "4/none"), "invalid_grant"),
    ] {
        let code = world.code().await;
        let answer = world.exchange(&code, &[change]).await;
        assert!((400..=401).contains(&answer.status));
        assert_eq!(answer.body["error"], error);
    }
    let old = world.code().await;
    world.sandbox.control().advance_seconds(601);
    assert_eq!(world.exchange(&old, &[]).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn tokens_are_wrong_as_scripted() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints().clone();
    let get = async |fault: TokenFault| {
        world.sandbox.control().google().fault(fault);
        let code = world.code().await;
        parse(world.exchange(&code, &[]).await.body["id_token"].as_str().unwrap())
    };
    let bad = get(TokenFault::BadSignature).await;
    assert!(!world.signed(&bad).await);
    let none = get(TokenFault::AlgNone).await;
    assert_eq!((&none.header["alg"], none.signature.len()), (&json!("none"), 0));
    assert_eq!(get(TokenFault::Hs256).await.header["alg"], "HS256");
    let audience = get(TokenFault::WrongAudience).await;
    assert!(world.signed(&audience).await && audience.claims["aud"] != endpoints.google_client_id.as_str());
    assert_ne!(get(TokenFault::WrongIssuer).await.claims["iss"], endpoints.google_issuer.as_str());
    assert!(get(TokenFault::Expired).await.claims["exp"].as_i64().unwrap() < START);
    assert!(get(TokenFault::FutureIssue).await.claims["iat"].as_i64().unwrap() > START);
    assert_eq!(get(TokenFault::WrongNonce).await.claims["nonce"], "another-nonce");
    assert!(get(TokenFault::NoNonce).await.claims.get("nonce").is_none());
    let unknown = get(TokenFault::UnknownKey).await;
    assert!(!world.signed(&unknown).await);
    assert_eq!(get(TokenFault::EmailUnverified).await.claims["email_verified"], false);
    assert!(get(TokenFault::NoEmailVerified).await.claims.get("email_verified").is_none());
    world.sandbox.control().google().fault(TokenFault::NoIdToken);
    let code = world.code().await;
    assert!(world.exchange(&code, &[]).await.body.get("id_token").is_none());

    world.sandbox.control().fault(FaultRule::next(
        Service::Google,
        "/certs",
        Fault::Status { status: 503, headers: Default::default(), body: Value::Null },
    ));
    assert_eq!(world.client.get(world.google("/oauth2/v3/certs")).send().await.unwrap().status(), 503);
    let before = world.certificates().await;
    let google = world.sandbox.control().google().clone();
    tokio::task::spawn_blocking(move || google.rotate_keys(false)).await.unwrap();
    assert_ne!(before, world.certificates().await);

    let person = Person {
        sub: "100000000000000000001".into(),
        email: "ada@new.example".into(),
        email_verified: Some(true),
        name: "Ada".into(),
        hosted_domain: None,
    };
    world.sandbox.control().google().put_person(person);
    let code = world.code().await;
    let changed = parse(world.exchange(&code, &[]).await.body["id_token"].as_str().unwrap());
    assert!(world.signed(&changed).await);
    assert_eq!(changed.claims["email"], "ada@new.example", "the same sub with another address");
}
