//! Speaks with the issuer that people sign in at: reads how it describes itself (OpenID Connect Discovery 1.0, 4), and has it
//! give tokens for a code (RFC 6749, 4.1.3). Calls, bodies and waits are bounded; nothing that came is logged.

use super::id_token::Given;
use crate::secret::{ClientSecret, IssuerToken};
use crate::server::error::ApiError;
use crate::server::outgoing;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use ureq::http::{HeaderValue, Request, header};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

/// Bounds how long a call may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Bounds how long a sign-in waits for others that are before it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bounds what the issuer answers with, in bytes.
const MAX_BYTES: u64 = 256 * 1024;
/// Bounds the calls that are made at one time.
const MOST_AT_ONCE: usize = 8;
/// Sets how old the description may grow before it is read anew.
const FRESH: Duration = Duration::from_secs(3600);
/// Sets for how long nobody asks again after the issuer did not describe itself.
const PAUSE: Duration = Duration::from_secs(5);

/// Says why the issuer gave no answer that counts. Nothing of an answer stands in it but a status.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the issuer could not be called")]
    Call(#[source] Box<ureq::Error>),
    #[error("the issuer's answer could not be received")]
    Receive(#[source] std::io::Error),
    #[error("the issuer's answer has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the issuer answered status {0}")]
    Status(u16),
    #[error("the issuer's answer lacks what it must have, or is no JSON")]
    Malformed,
    #[error("the issuer describes itself as another, or names addresses that are not https")]
    Foreign,
    #[error("the issuer did not describe itself a moment ago, or too many wait for it")]
    Away,
    #[error("somebody's browser came back from the issuer with {0}")]
    Returned(&'static str),
    #[error("the issuer refuses this client: {0}")]
    Client(&'static str),
    #[error("a request to the issuer cannot be written")]
    Unwritable,
}

/// Holds what an issuer says of itself (Discovery 1.0, 3; RFC 8414, 2).
#[derive(Debug, Deserialize)]
pub struct Description {
    issuer: String,
    #[serde(deserialize_with = "url")]
    pub authorization_endpoint: Url,
    #[serde(deserialize_with = "url")]
    token_endpoint: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Each answer names the issuer (RFC 9207, 3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// Holds the last try of having the issuer describe itself: when, and what came.
type Tried = (Instant, Option<Arc<Description>>);

/// Speaks with an issuer as one of its clients.
pub struct Provider {
    agent: ureq::Agent,
    issuer: String,
    client: String,
    secret: Option<ClientSecret>,
    described: Mutex<Option<Tried>>,
    places: Semaphore,
}

impl Provider {
    /// Prepares the calls; makes none yet.
    pub fn new(agent: ureq::Agent, issuer: &str, client: &str, secret: Option<ClientSecret>) -> Self {
        let (issuer, client) = (issuer.to_owned(), client.to_owned());
        Self { agent, issuer, client, secret, described: Mutex::new(None), places: Semaphore::new(MOST_AT_ONCE) }
    }

    /// Returns the name by which the issuer knows this server.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Returns how the issuer describes itself, read anew if need be.
    pub async fn description(&self) -> Result<Arc<Description>, ApiError> {
        let mut described =
            tokio::time::timeout(PATIENCE, self.described.lock()).await.map_err(|_| away(ProviderError::Away))?;
        match described.as_ref() {
            Some((at, Some(known))) if at.elapsed() < FRESH => return Ok(Arc::clone(known)),
            Some((at, None)) if at.elapsed() < PAUSE => return Err(away(ProviderError::Away)),
            _ => {}
        }
        // Should this call be given up, the next one asks anew.
        *described = None;
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let request = Request::get(address).body(String::new()).map_err(|_| away(ProviderError::Unwritable))?;
        let read = self.called(request).await.and_then(|(status, body)| self.read(status, &body).map(Arc::new));
        *described = Some((Instant::now(), read.as_ref().ok().map(Arc::clone)));
        read.map_err(away)
    }

    fn read(&self, status: u16, body: &[u8]) -> Result<Description, ProviderError> {
        if status != 200 {
            return Err(ProviderError::Status(status));
        }
        let told: Description = serde_json::from_slice(body).map_err(|_| ProviderError::Malformed)?;
        let https = [&told.authorization_endpoint, &told.token_endpoint].iter().all(|url| url.scheme() == "https");
        // Whoever describes another issuer could have us take that one's answers for this one's.
        if told.issuer != self.issuer || !https { Err(ProviderError::Foreign) } else { Ok(told) }
    }

    /// Has the issuer give tokens for a code, which counts once (RFC 6749, 4.1.3; RFC 7636, 4.5).
    pub async fn tokens(&self, code: &str, verifier: &str, return_to: &str) -> Result<Given, ApiError> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
            access_token: Option<String>,
        }
        let description = self.description().await?;
        let request =
            self.exchange(&description, code, verifier, return_to).ok_or_else(|| away(ProviderError::Unwritable))?;
        let (status, body) = self.called(request).await.map_err(away)?;
        match status {
            200 => {
                let Tokens { id_token, access_token } =
                    serde_json::from_slice(&body).map_err(|_| away(ProviderError::Malformed))?;
                Ok(Given { id_token: IssuerToken::new(id_token), access_token: access_token.map(IssuerToken::new) })
            }
            400..=499 => Err(refusal(status, &body)),
            _ => Err(away(ProviderError::Status(status))),
        }
    }

    /// Writes the request for tokens, with which the client shows its secret if it has one (RFC 6749, 2.3.1).
    fn exchange(&self, told: &Description, code: &str, verifier: &str, return_to: &str) -> Option<Request<String>> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", return_to).append_pair("code_verifier", verifier);
        let mut request = Request::post(told.token_endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let takes = |method: &str| told.token_endpoint_auth_methods_supported.iter().any(|known| known == method);
        match &self.secret {
            // What is not said is the header (Discovery 1.0, 3).
            Some(secret) if takes("client_secret_basic") || !takes("client_secret_post") => {
                let spelled = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", spelled(&self.client), spelled(secret.expose()));
                let mut shown = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
                shown.set_sensitive(true);
                request = request.header(header::AUTHORIZATION, shown);
            }
            Some(secret) => {
                form.append_pair("client_id", &self.client).append_pair("client_secret", secret.expose());
            }
            None => {
                form.append_pair("client_id", &self.client);
            }
        }
        request.body(form.finish()).ok()
    }

    /// Makes a call on a thread for blocking work; returns status and body.
    async fn called(&self, request: Request<String>) -> Result<(u16, Vec<u8>), ProviderError> {
        let place = tokio::time::timeout(PATIENCE, self.places.acquire()).await;
        let _place = place.map_err(|_| ProviderError::Away)?.map_err(|_| ProviderError::Away)?;
        let agent = self.agent.clone();
        tokio::task::spawn_blocking(move || call(&agent, request)).await.unwrap_or(Err(ProviderError::Away))
    }
}

fn call(agent: &ureq::Agent, request: Request<String>) -> Result<(u16, Vec<u8>), ProviderError> {
    let mut response = agent.run(request).map_err(|error| ProviderError::Call(Box::new(error)))?;
    let status = response.status().as_u16();
    let body = outgoing::received(response.body_mut(), MAX_BYTES).map_err(ProviderError::Receive)?;
    Ok((status, body.ok_or(ProviderError::TooLarge)?))
}

/// Reads why the issuer gives no tokens (RFC 6749, 5.2): its words are none of ours, and are told to nobody.
fn refusal(status: u16, body: &[u8]) -> ApiError {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let told = serde_json::from_slice::<Refusal>(body).map(|it| it.error).unwrap_or_default();
    let known = ["invalid_client", "invalid_request", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];
    match known.iter().find(|known| **known == told) {
        _ if told == "invalid_grant" => ApiError::SignInCodeRefused,
        Some(known) => ApiError::IssuerRefused(Box::new(ProviderError::Client(known))),
        None => ApiError::IssuerRefused(Box::new(ProviderError::Status(status))),
    }
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn away(error: ProviderError) -> ApiError {
    ApiError::IssuerAway(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::error::Error as _;

    #[test]
    fn an_issuer_describes_itself_alone_and_is_called_over_tls() {
        let agent = ureq::Agent::new_with_defaults();
        let provider = Provider::new(agent, "https://issuer.test", "client", None);
        let told = |name: &str, value: Value| {
            let mut told = json!({
                "issuer": "https://issuer.test", "authorization_endpoint": "https://issuer.test/a?x=y",
                "token_endpoint": "https://issuer.test/t",
            });
            told[name] = value;
            provider.read(200, told.to_string().as_bytes()).is_ok()
        };
        assert!(told("jwks_uri", json!(7)));
        for (name, value) in [
            ("issuer", json!("https://issuer.test/")),
            ("issuer", json!(["https://issuer.test"])),
            ("token_endpoint", json!("http://issuer.test/t")),
            ("token_endpoint", json!("//issuer.test/t")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("authorization_endpoint", json!(7)),
            ("authorization_endpoint", Value::Null),
        ] {
            assert!(!told(name, value.clone()), "{name}: {value}");
        }
        assert!(provider.read(404, b"{}").is_err());
    }

    #[test]
    fn the_issuers_words_are_told_to_nobody() {
        for body in [&br#"{"error": "<script>"}"#[..], br#"{"error": "invalid_client"}"#, b"", b"[", br#"{"error": 7}"#]
        {
            let refused = refusal(401, body);
            assert_eq!(refused.status_and_code().1.name(), "issuer-refused");
            assert!(!refused.source().is_none_or(|cause| cause.to_string().contains("script")));
        }
        assert_eq!(refusal(400, br#"{"error": "invalid_grant"}"#).status_and_code().1.name(), "sign-in-code-refused");
    }
}
