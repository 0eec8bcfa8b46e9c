//! Access tokens and the keys of those who issue them.

use super::{shown, text};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cardwright::server::{AccessTokens, IssuerKeys, OidcSettings};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use std::hint::black_box;
use std::sync::OnceLock;
use time::OffsetDateTime;

const PRIVATE: &[u8] = include_bytes!("../../../tests/data/fuzz/private-key/p256.der");
const PUBLIC: &[u8] = include_bytes!("../../../tests/data/fuzz/public-key/p256.der");
/// Names the key that signs.
const KEY: &str = "k";
/// Parts an input into what to do with it and the parts of a token: no JSON has it.
const BETWEEN: char = '\u{1}';

fn tokens() -> &'static AccessTokens {
    static TOKENS: OnceLock<AccessTokens> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let settings = serde_json::from_value::<OidcSettings>(serde_json::json!({
            "issuer": "i", "audience": ["a"], "jwks_url": "https://localhost/", "algorithms": ["ES256", "RS256"],
            "groups_claim": "groups", "upn_claim": "upn", "email_claim": "email", "sid_claim": "sid",
        }));
        AccessTokens::of(settings.expect("the settings are whole")).unwrap_or_else(|problem| panic!("{problem}"))
    })
}

/// Reads the input as an access token; or where it is header and claims with a separator between, signs them as the
/// issuer would, so that what stands behind the signature is reached.
pub(super) fn access_token(data: &[u8]) {
    let Some(input) = text(data) else { return };
    let jwt = match input.split_once(BETWEEN) {
        Some((header, claims)) => signed(header, claims),
        None => input.to_owned(),
    };
    let Some(claimed) = tokens().claimed_key(&jwt) else { return };
    black_box(&claimed.id);
    let point = PUBLIC.get(PUBLIC.len() - 65..).unwrap_or_default();
    let told = tokens().told(&jwt, claimed.algorithm, &DecodingKey::from_ec_der(point), OffsetDateTime::UNIX_EPOCH);
    if let Ok((told, until)) = told {
        black_box((format!("{told:?}"), until));
    }
}

fn signed(header: &str, claims: &str) -> String {
    let encoded = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let key = EncodingKey::from_ec_der(PRIVATE);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap_or_default();
    format!("{message}.{signature}")
}

/// Reads the input as an issuer's keys.
pub(super) fn key_set(data: &[u8]) {
    if let Some(keys) = shown(IssuerKeys::read(data)) {
        for family in [AlgorithmFamily::Ec, AlgorithmFamily::Rsa, AlgorithmFamily::Ed] {
            black_box(keys.key(KEY, family).is_some());
        }
    }
}
