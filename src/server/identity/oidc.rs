//! Finds the person behind an access token of an OpenID Connect provider or AD FS, whose keys are fetched from there.

use super::access_token::AccessTokens;
use super::error::IdentityError;
use super::jwks::{JwksError, KeySet};
use super::person::{self, Linking};
use super::way::{Failure, Found};
use crate::server::data_directory::settings::identity::OidcSettings;
use crate::server::error::ApiError;
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
}

impl Issuer {
    /// Checks the settings; `trust` are the certificates that the issuer's TLS must come from, PEM, or `None`.
    pub fn new(settings: OidcSettings, trust: Option<&str>, domains: Arc<Domains>) -> Result<Self, IdentityError> {
        let wrong = |problem| Err(IdentityError::Setting { table: "identity.oidc", problem });
        if !settings.jwks_url.starts_with("https://") {
            return wrong("jwks_url must begin with https://");
        }
        let keys = KeySet::new(&settings, trust).map_err(|source: JwksError| IdentityError::Keys(Box::new(source)))?;
        match AccessTokens::of(settings) {
            Ok(tokens) => Ok(Self { tokens, keys, domains }),
            Err(problem) => wrong(problem),
        }
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
