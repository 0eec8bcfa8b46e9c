//! Verifies access tokens: JWTs (RFC 7519, RFC 9068), with a key of their issuer. Nothing is fetched here.

use super::person::{self, Told};
use super::way::{Failure, Until};
use crate::cm::hidden::is_hidden;
use crate::server::data_directory::settings::identity::{LinkBy, OidcSettings, UserBy};
use crate::server::error::ApiError;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// Bounds the groups that are read from an access token.
const MAX_GROUPS: usize = 64;
/// Bounds a text in an access token, in bytes; a longer one counts as absent.
const MAX_TEXT: usize = 256;

/// Names the key and algorithm with which an access token claims to be signed (RFC 7515, 4.1).
#[derive(Debug)]
pub struct ClaimedKey {
    /// `kid` or `x5t` (AD FS writes both).
    pub id: String,
    pub algorithm: Algorithm,
}

/// Holds the claims of a token.
pub(super) type Claims = Map<String, Value>;

/// Says why a token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// It is not signed by the key, or is no JWT.
    Signature,
    Expired,
    /// It is of the future.
    Early,
    Audience,
    Issuer,
    /// It lacks a claim that it must have.
    Claims,
}

/// Knows which access tokens of an issuer count.
pub struct AccessTokens {
    settings: OidcSettings,
    validation: Validation,
}

impl AccessTokens {
    /// Checks the settings; fails with what is wrong with them.
    pub fn of(settings: OidcSettings) -> Result<Self, &'static str> {
        if settings.issuer.is_empty() || settings.audience.is_empty() {
            return Err("issuer and audience must not be empty");
        }
        let shared =
            |algorithm: &Algorithm| matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
        if settings.algorithms.is_empty() || settings.algorithms.iter().any(shared) {
            return Err("algorithms must be some, and none of HS256, HS384, HS512: a verifier could sign with those");
        }
        if settings.types.is_empty() {
            return Err("types must be some: at+jwt, and JWT for AD FS");
        }
        if settings.user_by == UserBy::LocalPart && settings.domains.is_empty() {
            return Err("user_by = \"local-part\" needs domains: another domain has its own alice");
        }
        Ok(Self { validation: validation(&settings), settings })
    }

    /// Returns the settings.
    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Reads with which key a token claims to be signed; `None` where it is no JWT, its algorithm or type is not
    /// allowed, or a critical header is not understood.
    pub fn claimed_key(&self, jwt: &str) -> Option<ClaimedKey> {
        let header = decode_header(jwt).ok()?;
        let understood =
            header.crit.is_none() && self.settings.algorithms.contains(&header.alg) && self.is_of_type(&header);
        let id = header.kid.or(header.x5t).filter(|_| understood)?;
        Some(ClaimedKey { id, algorithm: header.alg })
    }

    /// Verifies a token with the key and algorithm that it claims, and returns what it tells of the person, and how
    /// long it counts.
    ///
    /// Fails with `BearerExpired` for one that has expired, with `UserUnknown` for a person of
    /// another domain, else with `NotAuthenticated`.
    pub fn told(
        &self,
        jwt: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
        now: OffsetDateTime,
    ) -> Result<(Told, Until), Failure> {
        let claims = self.verified(jwt, algorithm, key, now).map_err(|fault| match fault {
            TokenFault::Expired => ApiError::BearerExpired,
            TokenFault::Signature
            | TokenFault::Audience
            | TokenFault::Issuer
            | TokenFault::Early
            | TokenFault::Claims => ApiError::NotAuthenticated,
        })?;
        if !self.is_of_client(&claims) {
            return Err(ApiError::NotAuthenticated.into());
        }
        Ok((self.person(&claims)?, end(&claims)))
    }

    /// Verifies signature, issuer, audience and times of a token, and returns its claims.
    pub(super) fn verified(
        &self,
        jwt: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
        now: OffsetDateTime,
    ) -> Result<Claims, TokenFault> {
        // The crate wants all algorithms to be of the key's family; the settings may name several families.
        let validation = Validation { algorithms: vec![algorithm], ..self.validation.clone() };
        let decoded = decode::<Claims>(jwt, key, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => TokenFault::Expired,
            ErrorKind::ImmatureSignature => TokenFault::Early,
            ErrorKind::InvalidAudience => TokenFault::Audience,
            ErrorKind::InvalidIssuer => TokenFault::Issuer,
            ErrorKind::MissingRequiredClaim(_) => TokenFault::Claims,
            _ => TokenFault::Signature,
        })?;
        let claims = decoded.claims;
        // The crate takes a list as well, of which one need be right; RFC 7519, 4.1.1 has one text.
        if claims.get("iss").and_then(Value::as_str) != Some(self.settings.issuer.as_str()) {
            return Err(TokenFault::Issuer);
        }
        let skew = i64::from(self.settings.clock_skew_seconds);
        // A token from the future means a wrong clock, or somebody who keeps some for later.
        let issued = claims.get("iat").map(|at| at.as_f64().unwrap_or(f64::INFINITY));
        if issued.is_some_and(|at| at > (now.unix_timestamp() + skew) as f64) {
            return Err(TokenFault::Early);
        }
        Ok(claims)
    }

    /// Says whether the header names a type that is taken, with or without `application/`, in any letter case (RFC 7515,
    /// 4.1.9). So a token that the issuer made for something else is no access token.
    fn is_of_type(&self, header: &Header) -> bool {
        let named = media_subtype(header.typ.as_deref().unwrap_or_default());
        self.settings.types.iter().any(|taken| media_subtype(taken).eq_ignore_ascii_case(named))
    }

    /// Says whether an allowed client asked for the access token.
    fn is_of_client(&self, claims: &Claims) -> bool {
        let named = ["appid", "azp", "client_id"].iter().find_map(|name| text(claims, name));
        self.settings.clients.is_empty() || named.is_some_and(|client| self.settings.clients.contains(&client))
    }

    /// Returns what the claims tell of the person, whose domain must be a listed one.
    pub(super) fn person(&self, claims: &Claims) -> Result<Told, Failure> {
        let settings = &self.settings;
        let who = text(claims, &settings.user_claim).ok_or(ApiError::NotAuthenticated)?;
        let domain = person::split(&who).1.unwrap_or_default();
        if !settings.domains.is_empty() && !settings.domains.iter().any(|known| known.eq_ignore_ascii_case(domain)) {
            return Err(Failure::of(ApiError::UserUnknown, &who));
        }
        let claimed = |name: &Option<String>| name.as_deref().and_then(|name| text(claims, name));
        let subject = text(claims, &settings.subject_claim);
        if subject.is_none() && settings.link == LinkBy::Identity {
            return Err(Failure::of(ApiError::NotAuthenticated, &who));
        }
        Ok(Told {
            who,
            subject,
            groups: settings.groups_claim.as_deref().map(|name| texts(claims.get(name))),
            upn: claimed(&settings.upn_claim),
            email: claimed(&settings.email_claim),
            sid: claimed(&settings.sid_claim),
        })
    }
}

/// Returns when an access token expires (RFC 7519, 4.1.4), which was checked to be there.
fn end(claims: &Claims) -> Until {
    let seconds = claims.get("exp").and_then(Value::as_f64).map(|at| at as i64);
    let end = seconds.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    end.map_or(Until::Itself, Until::Moment)
}

/// Returns the checks of signature, issuer, audience and times.
fn validation(settings: &OidcSettings) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms.clone_from(&settings.algorithms);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&settings.audience);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.leeway = settings.clock_skew_seconds.into();
    validation.validate_nbf = true;
    validation
}

/// Returns a media type without `application/`.
fn media_subtype(name: &str) -> &str {
    const APPLICATION: &str = "application/";
    match name.get(..APPLICATION.len()) {
        Some(head) if head.eq_ignore_ascii_case(APPLICATION) => name.get(APPLICATION.len()..).unwrap_or_default(),
        _ => name,
    }
}

/// Says whether a text is short and has no hidden characters.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(is_hidden)
}

/// Returns a claim that is one plain text.
pub(super) fn text(claims: &Claims, name: &str) -> Option<String> {
    claims.get(name)?.as_str().filter(|text| is_plain(text)).map(ToOwned::to_owned)
}

/// Returns the plain texts of a claim. AD FS writes one group as a text, several as a list.
fn texts(claim: Option<&Value>) -> Vec<String> {
    let one = claim.into_iter().filter_map(Value::as_str);
    let several = claim.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.chain(several).filter(|text| is_plain(text)).take(MAX_GROUPS).map(ToOwned::to_owned).collect()
}
