//! Has people sign in at the issuer, and takes them back: the code flow of OpenID Connect Core 1.0, 3.1, with PKCE (RFC 7636),
//! as RFC 9700 wants it.
//!
//! In: a browser that wants in, or comes back with `code` and `state`. Out: where to send it, or the person. What it keeps
//! meanwhile is `errand`, the calls to the issuer `provider`, the ID token `id_token`. A token is looked at once, and kept nowhere.

use super::errand::Errand;
use super::id_token::IdTokens;
use super::jwks::KeySet;
use super::person::Told;
use super::provider::Provider;
use super::way::Failure;
use crate::secret::ClientSecret;
use crate::server::data_directory::settings::identity::{OidcSettings, SignInSettings};
use crate::server::error::ApiError;
use crate::server::permission::proof;
use time::OffsetDateTime;
use url::form_urlencoded;

/// Bounds the fields of a return that are looked at.
const MOST_FIELDS: usize = 16;

/// Sends people to the issuer, and takes them back.
pub struct SignIn {
    provider: Provider,
    tokens: IdTokens,
    pages: String,
    scope: String,
}

/// Holds what a browser comes back with.
#[derive(Default)]
pub struct Return {
    pub state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

impl Return {
    /// Reads the query of a return; `None` where a field stands in it twice (RFC 6749, 3.1), or no state does.
    pub fn read(query: &str) -> Option<Self> {
        let (mut state, mut read) = (None, Self::default());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).take(MOST_FIELDS) {
            let field = match &*name {
                "state" => &mut state,
                "code" => &mut read.code,
                "error" => &mut read.error,
                "iss" => &mut read.iss,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self { state: state?, ..read })
    }
}

impl SignIn {
    /// Checks the settings; fails with what is wrong with them.
    pub fn new(
        settings: &OidcSettings,
        sign_in: &SignInSettings,
        secret: Option<ClientSecret>,
        agent: ureq::Agent,
    ) -> Result<Self, &'static str> {
        let pages = url::Url::parse(&sign_in.pages).ok().filter(|url| url.scheme() == "https" && url.has_host());
        let pages = pages.ok_or("pages of sign_in must be https://NAME, where browsers have the pages")?;
        if pages.path() != "/" || pages.query().is_some() || pages.fragment().is_some() || !pages.username().is_empty()
        {
            return Err("pages of sign_in must be https://NAME or https://NAME:PORT, and nothing behind it");
        }
        if sign_in.client_id.is_empty() || !sign_in.scopes.iter().any(|scope| scope == "openid") {
            return Err("sign_in needs a client_id, and \"openid\" among its scopes");
        }
        if secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err("the client_secret_file of sign_in is empty");
        }
        let tokens = IdTokens::of(settings, sign_in)?;
        if !tokens.issuer().starts_with("https://") {
            return Err("sign_in needs an issuer that begins with https://: it says there how people sign in");
        }
        let provider = Provider::new(agent, tokens.issuer(), &sign_in.client_id, secret);
        Ok(Self { provider, tokens, pages: pages.origin().ascii_serialization(), scope: sign_in.scopes.join(" ") })
    }

    /// Returns where the browser goes to sign in; it comes back to `path` of the pages.
    pub async fn address(&self, errand: &Errand, path: &str) -> Result<String, ApiError> {
        let mut address = self.provider.description().await?.authorization_endpoint.clone();
        address.set_fragment(None);
        let mut query = address.query_pairs_mut();
        query.append_pair("response_type", "code").append_pair("client_id", self.provider.client());
        query.append_pair("redirect_uri", &self.back(path)).append_pair("scope", &self.scope);
        query.append_pair("state", &errand.state()).append_pair("nonce", &errand.nonce());
        query.append_pair("code_challenge", &errand.challenge()).append_pair("code_challenge_method", "S256");
        if errand.fresh {
            query.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        drop(query);
        Ok(address.into())
    }

    fn back(&self, path: &str) -> String {
        format!("{}{path}", self.pages)
    }

    /// Takes somebody back whose browser has begun the errand: verifies the answer, has the code exchanged, and returns what the
    /// issuer tells of the person, and when the person has logged in there, if it says so.
    pub async fn told(
        &self,
        keys: &KeySet,
        (errand, answer): (&Errand, &Return),
        path: &str,
        now: OffsetDateTime,
    ) -> Result<(Told, Option<OffsetDateTime>), Failure> {
        let description = self.provider.description().await?;
        // Before anything else of the answer counts, an error of it included (RFC 9207, 2.4).
        let named = answer.iss.as_deref();
        let silent = named.is_none() && !description.authorization_response_iss_parameter_supported;
        if !silent && named != Some(self.tokens.issuer()) {
            return Err(ApiError::OtherIssuer.into());
        }
        let code = match (&answer.error, &answer.code) {
            (Some(error), _) => return Err(refusal(error).into()),
            (None, Some(code)) => code,
            (None, None) => return Err(ApiError::SignInNotBegun.into()),
        };
        let given = self.provider.tokens(code, &errand.verifier(), &self.back(path)).await?;
        let claimed = self.tokens.claimed_key(&given)?;
        let key = keys.key(&claimed.id, claimed.algorithm.family()).await;
        let key = key.ok_or(ApiError::IdToken("it is signed by a key that the issuer does not name"))?;
        let (told, logged_in) = self.tokens.told(&given, (claimed.algorithm, &key), &errand.nonce(), now)?;
        if errand.fresh && !logged_in.is_some_and(|at| proof::counts(at, now)) {
            return Err(Failure::of(ApiError::SignInNotFresh, &told.who));
        }
        Ok((told, logged_in))
    }
}

/// Reads why the issuer sends somebody back without a code (RFC 6749, 4.1.2.1; Core 1.0, 3.1.2.6). Its words are told to nobody.
fn refusal(error: &str) -> ApiError {
    use super::provider::ProviderError::Returned;
    match error {
        "access_denied" => ApiError::SignInDenied,
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            ApiError::SignInUnfinished
        }
        "server_error" => ApiError::IssuerAway(Box::new(Returned("server_error"))),
        "temporarily_unavailable" => ApiError::IssuerAway(Box::new(Returned("temporarily_unavailable"))),
        "invalid_scope" => ApiError::IssuerRefused(Box::new(Returned("invalid_scope"))),
        "unauthorized_client" => ApiError::IssuerRefused(Box::new(Returned("unauthorized_client"))),
        _ => ApiError::IssuerRefused(Box::new(Returned("an error of the authorization endpoint"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_by_which_nobody_could_sign_in_well_are_refused() {
        let made = |edits: &[(&str, serde_json::Value)]| {
            let mut told = serde_json::json!({
                "issuer": "https://issuer.test", "audience": ["calls"], "jwks_url": "https://issuer.test/keys",
                "sign_in": {"client_id": "cards", "pages": "https://cards.test:8443"},
            });
            for (name, value) in edits {
                match *name {
                    "issuer" => told["issuer"] = value.clone(),
                    name => told["sign_in"][name] = value.clone(),
                }
            }
            let settings: OidcSettings = serde_json::from_value(told).unwrap();
            let sign_in = settings.sign_in.clone().unwrap();
            SignIn::new(&settings, &sign_in, None, ureq::Agent::new_with_defaults()).map(|made| made.back("/x"))
        };
        assert_eq!(made(&[]).as_deref(), Ok("https://cards.test:8443/x"));
        // What is no address says nowhere how people sign in.
        assert!(made(&[("issuer", "http://adfs.test/trust".into())]).is_err());
        for (name, value) in [
            ("pages", "http://cards.test"),
            ("pages", "https://cards.test/pages"),
            ("pages", "https://me@cards.test"),
            ("pages", "cards.test"),
            ("client_id", ""),
        ] {
            assert!(made(&[(name, value.into())]).is_err(), "{name}: {value}");
        }
        assert!(made(&[("scopes", serde_json::json!(["profile"]))]).is_err());
    }

    #[test]
    fn a_return_says_each_thing_once() {
        let read = Return::read("code=a%20b&state=s&iss=https%3A%2F%2Fi&session_state=x").unwrap();
        assert_eq!((read.code.as_deref(), &*read.state, read.iss.as_deref()), (Some("a b"), "s", Some("https://i")));
        for query in ["code=a&code=b&state=s", "state=s&state=s", "code=a", "", "iss=a&iss=a&state=s"] {
            assert!(Return::read(query).is_none(), "{query}");
        }
    }
}
