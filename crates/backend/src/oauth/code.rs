//! Authorization codes: good for a minute, once, for the app that asked, at the address it asked for, with the verifier that only it has.

use super::CLIENT_ID;
use super::request::Request;
use crate::accounts::AccountError;
use crate::accounts::devices::{self, End};
use crate::accounts::tokens::{self, Pair};
use crate::app::App;
use crate::store::entity::device::DeviceKind;
use crate::store::entity::oauth_code;
use crate::store::sql;
use crate::world::{TokenKind, token_hash};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

const LIFE: Duration = Duration::from_secs(60);

/// Makes a code for a person who said yes.
///
/// # Errors
/// When the database fails.
pub async fn issue(app: &App, user: Uuid, request: &Request) -> Result<String, AccountError> {
    let code = app.world.new_token(TokenKind::Code)?;
    let row = oauth_code::ActiveModel {
        hash: Set(token_hash(&code)),
        user_id: Set(user),
        client_id: Set(CLIENT_ID.to_owned()),
        redirect_uri: Set(request.redirect_uri.to_string()),
        challenge: Set(request.challenge.clone()),
        device_name: Set(request.device_name.clone()),
        expires_at: Set(app.world.now().plus(LIFE)),
        used_at: Set(None),
        device_id: Set(None),
    };
    let tx = app.store.write_transaction().await?;
    oauth_code::Entity::insert(row).exec_without_returning(&*tx).await?;
    tx.commit().await?;
    Ok(code)
}

/// What the app sends with a code.
#[derive(Clone, Copy)]
pub struct Redemption<'a> {
    /// The code.
    pub code: &'a str,
    /// As in the request.
    pub redirect_uri: &'a str,
    /// PKCE.
    pub verifier: &'a str,
}

/// Exchanges a code for tokens; none when anything about it is not right. A code that comes twice signs out what came of it the first time,
/// because one of the two who had it should not have. A wrong verifier uses the code up.
///
/// # Errors
/// When the database fails.
pub async fn redeem(app: &App, redemption: Redemption<'_>) -> Result<Option<Pair>, AccountError> {
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    let select = format!("SELECT * FROM oauth_codes WHERE hash = $1{}", tx.lock_clause());
    let found =
        oauth_code::Model::find_by_statement(sql(&*tx, select, [token_hash(redemption.code).into()])).one(&*tx).await?;
    let Some(found) = found else { return Ok(None) };
    if found.used_at.is_some() {
        if let Some(device) = found.device_id {
            devices::end(&tx, device, End::TokenReuse, now).await?;
            tx.commit().await?;
        }
        tracing::warn!("an authorization code came twice");
        return Ok(None);
    }
    let proven = proves(redemption.verifier, &found.challenge);
    let right = found.expires_at > now && found.redirect_uri == redemption.redirect_uri && proven;
    let device = if right {
        Some(devices::begin(app, &tx, found.user_id, DeviceKind::App, &found.device_name).await?)
    } else {
        None
    };
    let update = "UPDATE oauth_codes SET used_at = $2, device_id = $3 WHERE hash = $1";
    tx.execute_raw(sql(&*tx, update, [found.hash.into(), now.into(), device.into()])).await?;
    let pair = match device {
        Some(device) => Some(tokens::issue_pair(app, &tx, device).await?),
        None => None,
    };
    tx.commit().await?;
    Ok(pair)
}

/// RFC 7636: the challenge is the SHA-256 of the verifier, which has 43 to 128 unreserved characters.
fn proves(verifier: &str, challenge: &str) -> bool {
    let formed = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    formed && bool::from(made.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn pkce_as_in_the_rfc() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(super::proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge));
        assert!(!super::proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK", challenge));
        assert!(!super::proves("short", challenge));
    }
}
