//! Finds the person whom an OpenID Connect provider or AD FS names, whose keys are fetched from there: by an access token, or
//! because the person has signed in there (`sign_in`).

use super::access_token::AccessTokens;
use super::errand::Errand;
use super::error::IdentityError;
use super::jwks::{JwksError, KeySet};
use super::person::{self, Linking};
use super::provider::CALL_TIMEOUT;
use super::sign_in::{Return, SignIn};
use super::way::{Failure, Found, Until};
use crate::secret::ClientSecret;
use crate::server::data_directory::settings::identity::OidcSettings;
use crate::server::error::ApiError;
use crate::server::outgoing::{self, NoCertificates};
use crate::server::permission::caller::Shown;
use crate::server::users::domains::Domains;
use crate::store::Store;
use std::sync::Arc;
use time::OffsetDateTime;

/// Holds a trusted issuer: its settings and its keys.
pub struct Issuer {
    tokens: AccessTokens,
    keys: KeySet,
    domains: Arc<Domains>,
    /// `None`: nobody signs in at the pages by this issuer.
    pub(super) sign_in: Option<SignIn>,
}

impl Issuer {
    /// Checks the settings; `trust` are the certificates that the issuer's TLS must come from, PEM, or `None`; `secret` is the
    /// one of the client as which people sign in.
    pub fn new(
        settings: OidcSettings,
        trust: Option<&str>,
        secret: Option<ClientSecret>,
        domains: Arc<Domains>,
    ) -> Result<Self, IdentityError> {
        let wrong = |problem| Err(IdentityError::Setting { table: "identity.oidc", problem });
        if !settings.jwks_url.starts_with("https://") {
            return wrong("jwks_url must begin with https://");
        }
        let keys = KeySet::new(&settings, trust).map_err(|source: JwksError| IdentityError::Keys(Box::new(source)))?;
        let sign_in = settings.sign_in.as_ref().map(|sign_in| {
            let agent = outgoing::agent(trust, CALL_TIMEOUT).map_err(|NoCertificates| "trust is no PEM")?;
            SignIn::new(&settings, sign_in, secret, agent)
        });
        match (sign_in.transpose(), AccessTokens::of(settings.clone())) {
            (Ok(sign_in), Ok(tokens)) => Ok(Self { tokens, keys, domains, sign_in }),
            (Err(problem), _) | (_, Err(problem)) => wrong(problem),
        }
    }

    /// Finds the person who comes back from the issuer to `path`, likewise; returns also when the person has logged in there,
    /// if the issuer says so.
    pub async fn returned(
        &self,
        store: &Store,
        (errand, answer): (&Errand, &Return),
        path: &str,
        now: OffsetDateTime,
    ) -> Result<(Found, Option<OffsetDateTime>), Failure> {
        let sign_in = self.sign_in.as_ref().ok_or(ApiError::SignInNotBegun)?;
        let (told, logged_in) = sign_in.told(&self.keys, (errand, answer), path, now).await?;
        let user = person::provisioned(store, &self.linking(), told, now).await?;
        // An ID token says who somebody is, once; how long it counts says nothing of the session.
        let found = Found { user, shown: Shown::Oidc, bears_roles: true, answer: None, until: Until::Itself };
        Ok((found, logged_in))
    }

    /// Finds the person that an access token names; adds a user where the settings say so.
    ///
    /// Fails with [`ApiError::BearerExpired`] for one that has expired, with [`ApiError::UserUnknown`] for a person who
    /// is not known here, else with [`ApiError::NotAuthenticated`].
    pub async fn find(&self, store: &Store, jwt: &str, now: OffsetDateTime) -> Result<Found, Failure> {
        let claimed = self.tokens.claimed_key(jwt).ok_or(ApiError::NotAuthenticated)?;
        let key = self.keys.key(&claimed.id, claimed.algorithm.family()).await.ok_or(ApiError::NotAuthenticated)?;
        let (told, until) = self.tokens.told(jwt, claimed.algorithm, &key, now)?;
        let user = person::provisioned(store, &self.linking(), told, now).await?;
        Ok(Found { user, shown: Shown::Oidc, bears_roles: true, answer: None, until })
    }

    /// Returns how accounts are found and made.
    fn linking(&self) -> Linking<'_> {
        let OidcSettings { issuer, user_by, link, create_users, .. } = self.tokens.settings();
        Linking { issuer, by: *user_by, link: *link, create: *create_users, domains: &self.domains }
    }
}
