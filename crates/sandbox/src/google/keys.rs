//! The keys that sign ID tokens, made when they are first needed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, sha2::Sha256};
use serde_json::{Value, json};

const BITS: usize = 2048;

/// A signing key and its name.
pub(crate) struct Key {
    pub(crate) id: String,
    private: RsaPrivateKey,
}

impl Key {
    /// Takes a moment: finds two large primes. `None` when the system gives no random numbers.
    pub(crate) fn generate(id: String) -> Option<Self> {
        let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).ok()?;
        Some(Self { id, private })
    }

    pub(crate) fn public(&self) -> Value {
        let encode = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": encode(self.private.n()), "e": encode(self.private.e()) })
    }

    /// A signed token in the compact form.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = SigningKey::<Sha256>::new(self.private.clone()).sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// The first two parts of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}
