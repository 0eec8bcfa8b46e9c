//! Verifies ID tokens (OpenID Connect Core 1.0, 3.1.3.7): that the issuer has made one for this server, and for this very
//! sign-in. Nothing is fetched here.

use super::access_token::{AccessTokens, ClaimedKey, Claims, TokenFault, text};
use super::person::Told;
use super::way::Failure;
use crate::secret::IssuerToken;
use crate::server::data_directory::settings::identity::{OidcSettings, SignInSettings};
use crate::server::error::ApiError;
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use time::OffsetDateTime;

/// Names the ways of logging in that a computer goes without its user (RFC 8176, 2): by its ticket, or by where it is.
const UNATTENDED: [&str; 2] = ["wia", "rba"];

/// Knows which ID tokens of an issuer count.
pub struct IdTokens {
    tokens: AccessTokens,
    client: String,
    skew: i64,
}

/// Holds what the issuer has given for a code.
pub struct Given {
    pub id_token: IssuerToken,
    pub access_token: Option<IssuerToken>,
}

impl IdTokens {
    /// Takes the settings; fails with what is wrong with them.
    pub fn of(settings: &OidcSettings, sign_in: &SignInSettings) -> Result<Self, &'static str> {
        let (client, skew) = (sign_in.client_id.clone(), settings.clock_skew_seconds.into());
        let tokens = AccessTokens::of(OidcSettings {
            issuer: sign_in.issuer.clone().unwrap_or_else(|| settings.issuer.clone()),
            audience: vec![client.clone()],
            // An ID token is an untyped JWT, or says just that.
            types: vec![String::new(), "JWT".into()],
            ..settings.clone()
        })?;
        Ok(Self { tokens, client, skew })
    }

    /// Returns the claim `iss` of those that count.
    pub fn issuer(&self) -> &str {
        &self.tokens.settings().issuer
    }

    /// Reads with which key an ID token claims to be signed.
    pub fn claimed_key(&self, given: &Given) -> Result<ClaimedKey, ApiError> {
        let unsigned = "it is not signed in a way that counts here";
        self.tokens.claimed_key(given.id_token.expose()).ok_or_else(|| refused(unsigned))
    }

    /// Verifies an ID token with the key and algorithm that it claims; returns what it tells of the person, and when the person
    /// has logged in at the issuer, if it says so.
    pub fn told(
        &self,
        given: &Given,
        (algorithm, key): (Algorithm, &DecodingKey),
        nonce: &str,
        now: OffsetDateTime,
    ) -> Result<(Told, Option<OffsetDateTime>), Failure> {
        let claims = self.tokens.verified(given.id_token.expose(), algorithm, key, now).map_err(|fault| {
            refused(match fault {
                TokenFault::Signature => "its signature is wrong",
                TokenFault::Expired => "its time is over",
                TokenFault::Early => "it is of the future, or a clock is wrong",
                TokenFault::Audience => "it is for another audience",
                TokenFault::Issuer => "it is of another issuer",
                TokenFault::Claims => "it lacks a claim that it must have",
            })
        })?;
        self.is_for_us(&claims)?;
        if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
            return Err(refused("it is for another sign-in").into());
        }
        if let (Some(expected), Some(access)) = (claims.get("at_hash"), &given.access_token)
            && expected.as_str() != half_hash(algorithm, access).as_deref()
        {
            return Err(refused("it came with an access token of something else").into());
        }
        let logged_in = self.logged_in(&claims, now)?;
        Ok((self.tokens.person(&claims)?, logged_in))
    }

    /// Refuses a token that others may show as well, or that another client has asked for. It must say when it was made.
    fn is_for_us(&self, claims: &Claims) -> Result<(), ApiError> {
        let shared = claims.get("aud").and_then(Value::as_array).is_some_and(|several| several.len() != 1);
        let elsewhere = claims.contains_key("azp") && text(claims, "azp").as_ref() != Some(&self.client);
        if shared || elsewhere {
            return Err(refused("it is for another audience"));
        }
        if !claims.contains_key("iat") {
            return Err(refused("it lacks a claim that it must have"));
        }
        Ok(())
    }

    /// Returns when the person has logged in at the issuer, which is not later than now; `None` where the token does not say so,
    /// or says that it was the computer alone.
    fn logged_in(&self, claims: &Claims, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, ApiError> {
        let Some(at) = claims.get("auth_time").and_then(Value::as_i64) else { return Ok(None) };
        if at > now.unix_timestamp() + self.skew {
            return Err(refused("it is of the future, or a clock is wrong"));
        }
        let attended = !is_unattended(claims);
        Ok(OffsetDateTime::from_unix_timestamp(at).ok().filter(|_| attended).map(|at| at.min(now)))
    }
}

/// Says whether the token names ways of logging in, and none by which a person was there (Core 1.0, 2, `amr`).
fn is_unattended(claims: &Claims) -> bool {
    let ways = claims.get("amr").and_then(Value::as_array);
    let alone = |way: &Value| way.as_str().is_some_and(|way| UNATTENDED.contains(&way));
    ways.is_some_and(|ways| !ways.is_empty() && ways.iter().all(alone))
}

/// Returns `at_hash` of an access token: the left half of its digest by the hash of the signature (Core 1.0, 3.1.3.6); `None`
/// where the algorithm of the signature has none that is known here.
fn half_hash(algorithm: Algorithm, access_token: &IssuerToken) -> Option<String> {
    let hash = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => &SHA256,
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => &SHA384,
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => &SHA512,
        _ => return None,
    };
    let whole = digest::digest(hash, access_token.expose().as_bytes());
    Some(URL_SAFE_NO_PAD.encode(whole.as_ref().get(..whole.as_ref().len() / 2)?))
}

fn refused(why: &'static str) -> ApiError {
    tracing::info!(why, "an ID token was refused");
    ApiError::IdToken(why)
}
