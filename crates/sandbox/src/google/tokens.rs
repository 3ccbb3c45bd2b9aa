//! Exchanges a code for tokens, and makes the ID token, right or wrong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::keys::{Key, unsigned};
use super::{Challenge, Google, Grant, Person, TokenFault};
use crate::form::Params;
use crate::locked;
use crate::signing::hmac_sha256;

const CODE_SECONDS: i64 = 600;
const TOKEN_SECONDS: i64 = 3_600;

/// An error of RFC 6749, section 5.2: status, code, description.
pub(super) type TokenRefusal = (u16, &'static str, &'static str);

impl Google {
    pub(super) fn grant(&self, person: Person, asked: &Params) -> String {
        let code = self.inner.common.ids.mixed("4/0Sandbox", 40);
        let challenge = asked.text("code_challenge").map(|value| Challenge {
            value: value.to_owned(),
            hashed: asked.text("code_challenge_method") == Some("S256"),
        });
        let grant = Grant {
            person,
            redirect_uri: asked.text("redirect_uri").unwrap_or_default().to_owned(),
            nonce: asked.text("nonce").map(str::to_owned),
            challenge,
            expires_at: self.inner.common.clock.seconds() + CODE_SECONDS,
        };
        locked(&self.inner.state).codes.insert(code.clone(), grant);
        code
    }

    /// Blocks for a moment the first time, when the key is made.
    pub(super) fn exchange(&self, form: &Params, client: (&str, &str)) -> Result<Value, TokenRefusal> {
        let (id, secret) = client;
        let right =
            id == self.inner.client_id && bool::from(secret.as_bytes().ct_eq(self.inner.client_secret.as_bytes()));
        if !right {
            return Err((401, "invalid_client", "The OAuth client was not found, or its secret is wrong."));
        }
        if form.text("grant_type") != Some("authorization_code") {
            return Err((400, "unsupported_grant_type", "This sandbox exchanges authorization codes only."));
        }
        let code = form.text("code").ok_or((400, "invalid_request", "Missing required parameter: code"))?;
        // A code is gone once it was shown, right or wrong.
        let grant =
            locked(&self.inner.state).codes.remove(code).ok_or((400, "invalid_grant", "Malformed auth code."))?;
        let now = self.inner.common.clock.seconds();
        if grant.expires_at < now {
            return Err((400, "invalid_grant", "The code has expired."));
        }
        if form.text("redirect_uri") != Some(grant.redirect_uri.as_str()) {
            return Err((400, "redirect_uri_mismatch", "The redirect_uri is not the one of the authorization."));
        }
        if !verified(grant.challenge.as_ref(), form.text("code_verifier")) {
            return Err((400, "invalid_grant", "Invalid code verifier."));
        }
        let fault = locked(&self.inner.state).faults.pop_front();
        let key = self.key().ok_or((500, "internal_failure", "No key could be made."))?;
        let access = self.inner.common.ids.mixed("ya29.sandbox-", 64);
        let mut answer = json!({
            "access_token": access, "expires_in": TOKEN_SECONDS - 1, "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
            "token_type": "Bearer",
        });
        if fault != Some(TokenFault::NoIdToken) {
            answer["id_token"] = json!(self.id_token(&key, &grant, fault, now));
        }
        locked(&self.inner.state).access.insert(access, grant.person);
        Ok(answer)
    }

    fn id_token(&self, key: &Key, grant: &Grant, fault: Option<TokenFault>, now: i64) -> String {
        let person = &grant.person;
        let mut claims = claims_of(person);
        let mut put = |name: &str, value: Value| {
            if let Some(map) = claims.as_object_mut() {
                map.insert(name.to_owned(), value);
            }
        };
        let issued = match fault {
            Some(TokenFault::Expired) => now - 2 * TOKEN_SECONDS,
            Some(TokenFault::FutureIssue) => now + TOKEN_SECONDS,
            _ => now,
        };
        let issuer = if fault == Some(TokenFault::WrongIssuer) {
            "https://accounts.example.com"
        } else {
            self.inner.base_url.as_str()
        };
        let audience = if fault == Some(TokenFault::WrongAudience) {
            "another-client.apps.googleusercontent.com"
        } else {
            self.inner.client_id.as_str()
        };
        put("iss", json!(issuer));
        put("aud", json!(audience));
        put("azp", json!(audience));
        put("iat", json!(issued));
        put("exp", json!(issued + TOKEN_SECONDS));
        match (fault, &grant.nonce) {
            (Some(TokenFault::NoNonce), _) | (_, None) => {}
            (Some(TokenFault::WrongNonce), _) => put("nonce", json!("another-nonce")),
            (_, Some(nonce)) => put("nonce", json!(nonce)),
        }
        match (fault, person.email_verified) {
            (Some(TokenFault::NoEmailVerified), _) | (None, None) => {}
            (Some(TokenFault::EmailUnverified), _) => put("email_verified", json!(false)),
            (_, verified) => put("email_verified", json!(verified)),
        }
        let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid, "typ": "JWT" });
        match fault {
            Some(TokenFault::AlgNone) => format!("{}.", unsigned(&header("none", &key.id), &claims)),
            Some(TokenFault::Hs256) => {
                let message = unsigned(&header("HS256", &key.id), &claims);
                let public = key.public();
                let mac = hmac_sha256(public["n"].as_str().unwrap_or_default().as_bytes(), &[message.as_bytes()]);
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))
            }
            Some(TokenFault::UnknownKey) => key.token(&header("RS256", "a-key-nobody-published"), &claims),
            Some(TokenFault::BadSignature) => {
                let token = key.token(&header("RS256", &key.id), &claims);
                let (message, signature) = token.rsplit_once('.').unwrap_or_default();
                let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
                if let Some(byte) = bytes.get_mut(7) {
                    *byte ^= 1;
                }
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes))
            }
            _ => key.token(&header("RS256", &key.id), &claims),
        }
    }
}

/// What is said about a person, without `email_verified`.
pub(super) fn claims_of(person: &Person) -> Value {
    let (given, family) = person.name.rsplit_once(' ').unwrap_or((person.name.as_str(), ""));
    let mut claims = json!({
        "sub": person.sub, "email": person.email, "name": person.name, "given_name": given, "family_name": family,
    });
    if let Some(domain) = &person.hosted_domain {
        claims["hd"] = json!(domain);
    }
    claims
}

/// RFC 7636: the verifier must fit the challenge; without a challenge there must be none.
fn verified(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if challenge.hashed => {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge.value
        }
        (Some(challenge), Some(verifier)) => challenge.value == verifier,
        _ => false,
    }
}
