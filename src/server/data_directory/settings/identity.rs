//! Holds `[identity]`, `[roles]` and `[limits]` of `server.toml`. Without `[identity]` only the server's own bearer
//! tokens are a way in.

use crate::template::Principal;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Holds the `[identity]` table: the ways in besides the server's own bearer tokens. Relative paths begin at the data
/// directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentitySettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negotiate: Option<NegotiateSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSettings>,
}

impl IdentitySettings {
    /// Returns what the settings allow and is better left, each a sentence.
    pub fn warnings(&self) -> Vec<&'static str> {
        let by_name = self.oidc.as_ref().is_some_and(|oidc| oidc.link == LinkBy::Name);
        let realms = self.negotiate.as_ref().is_some_and(|it| it.realms.len() > 1 && it.user_by == UserBy::LocalPart);
        let mixed = self.oidc.as_ref().is_some_and(|oidc| {
            let client = oidc.sign_in.as_ref().map(|it| &it.client_id);
            client.is_some_and(|client| oidc.audience.contains(client)) && oidc.types.iter().any(|it| it != "at+jwt")
        });
        let told = [
            (
                mixed,
                "[identity.oidc] names the client of sign_in in audience, and takes types besides \"at+jwt\": its ID tokens could \
                 pass for access tokens; give calls an audience of their own",
            ),
            (
                by_name,
                "[identity.oidc] link = \"name\": whoever the issuer gives a name comes in as the account of that name; \
                 identities are kept as they come, so set it to \"identity\" once all have come",
            ),
            (
                realms,
                "[identity.negotiate] has several realms and user_by = \"local-part\": alice of one comes in as alice of \
                 another; use user_by = \"upn\"",
            ),
        ];
        told.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
    }
}

/// Says how the name that a way in tells of a person finds a user of this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserBy {
    /// The user with this UPN.
    #[default]
    Upn,
    /// The user of exactly this name.
    Name,
    /// The user whose name stands before the `@`, or after the `\`; the domain must be a listed one.
    LocalPart,
    /// The user with this e-mail address.
    Email,
}

/// Says what finds the account of a person whom an issuer names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkBy {
    /// The issuer and the subject that are kept with the account; a name finds nobody.
    #[default]
    Identity,
    /// The name, as [`UserBy`] says, where no identity is known yet. Whoever is given a name by the issuer is then
    /// whoever has it here.
    Name,
}

/// Holds the `[identity.oidc]` table: access tokens of an OpenID Connect provider or AD FS (RFC 9068, RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The claim `iss`, letter by letter. AD FS writes its federation service identifier into access tokens.
    pub issuer: String,
    /// One of these must be in `aud`, letter by letter.
    pub audience: Vec<String>,
    /// The URL of the issuer's keys; `https` only.
    pub jwks_url: String,
    /// PEM: the authorities that the TLS certificate of that URL must come from; absent: those the operating system
    /// trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<PathBuf>,
    /// Signature algorithms that are taken; none with a shared secret.
    #[serde(default = "rs256")]
    pub algorithms: Vec<Algorithm>,
    /// Types of token that are taken (`typ` of the header): "at+jwt" (RFC 9068) and "JWT", as AD FS writes. An issuer that
    /// marks its access tokens wants ["at+jwt"] alone: its tokens for other purposes are "JWT" too. "": tokens without
    /// a type.
    #[serde(default = "token_types")]
    pub types: Vec<String>,
    /// The clients that may have asked for the access token (`appid`, `azp` or `client_id`); empty: any client of the
    /// issuer.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The claim that names the person: `upn`, `winaccountname`, `sub`.
    #[serde(default = "upn")]
    pub user_claim: String,
    #[serde(default)]
    pub user_by: UserBy,
    /// What finds the account of a person who comes in.
    #[serde(default)]
    pub link: LinkBy,
    /// The claim that names the person for good, whatever the person is called: `sub` (RFC 7519, 4.1.2), `oid`.
    #[serde(default = "sub")]
    pub subject_claim: String,
    /// Domains that may stand in the person's name, in any letter case; empty: any (not with `local-part`).
    #[serde(default)]
    pub domains: Vec<String>,
    /// The claim with the person's groups, one text or a list. Of users whom the issuer has added it replaces the
    /// groups whenever they come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upn_claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid_claim: Option<String>,
    /// True: an unknown person is added at the first call; false: only known users are let in.
    #[serde(default)]
    pub create_users: bool,
    /// By how much the issuer's clock may differ, in seconds.
    #[serde(default = "sixty")]
    pub clock_skew_seconds: u32,
    /// The least time between two fetches of the keys, in seconds.
    #[serde(default = "sixty")]
    pub refetch_seconds: u32,
    /// Absent: nobody signs in at the pages by this issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInSettings>,
}

/// Holds the `[identity.oidc.sign_in]` table: people come to the pages by the issuer (OpenID Connect Core 1.0, 3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// As which client the issuer knows this server.
    pub client_id: String,
    /// The file with the client's secret; absent: it has none, and PKCE alone (RFC 7636) ties a code to this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// The address of the pages as browsers have it, `https://NAME` or `https://NAME:PORT`: people are sent back there.
    pub pages: String,
    /// The claim `iss` of ID tokens, and where the issuer describes itself; absent: as in access tokens. AD FS names itself
    /// otherwise in those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

/// Holds the `[identity.negotiate]` table: Kerberos (RFC 4559).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegotiateSettings {
    /// The file with the key of `HTTP/host@REALM`.
    pub keytab: PathBuf,
    /// Realms whose principals are let in, letter by letter.
    pub realms: Vec<String>,
    #[serde(default)]
    pub user_by: UserBy,
    #[serde(default)]
    pub channel_binding: ChannelBinding,
}

/// Says what is asked of a ticket's being bound to the TLS connection that it comes over (RFC 5929, 4; Extended Protection).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelBinding {
    /// One that is bound to another connection is refused; one that is bound to none is taken.
    #[default]
    Checked,
    /// One that is not bound to this connection is refused.
    Required,
    /// Whatever it is bound to: something before this server ends TLS with a certificate of its own.
    Ignored,
}

/// Holds the `[identity.certificate]` table: client certificates in TLS, asked for and not demanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateSettings {
    /// True: certificates of this server's CA stand for their owners, unless revoked.
    #[serde(default = "yes")]
    pub own: bool,
    /// Other authorities, each with its own rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<AnchorSettings>,
}

/// Holds one `[[identity.certificate.anchors]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSettings {
    /// The authority that issues the people's certificates, PEM; one file an anchor.
    pub file: PathBuf,
    /// The file of the authority's revocation list, DER or PEM, which something outside keeps current (it is read again
    /// when it has changed; one past its nextUpdate lets nobody in); or "none": revoked certificates are let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<String>,
    /// Which name in the certificate finds the user, the UPN or the e-mail address; a subject in `subjects` comes
    /// first.
    #[serde(default)]
    pub user_by: UserBy,
    /// Domains that may stand in UPN or e-mail address, in any letter case; none: only `subjects` are let in.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Subjects (RFC 4514), each with the name of its user.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, String>,
}

/// Names a way in after which a session may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionAfter {
    Negotiate,
    Oidc,
    Certificate,
}

/// Holds the `[identity.session]` table: a cookie with which the next calls need no other way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionSettings {
    /// The ways in after which a session begins.
    pub after: Vec<SessionAfter>,
    /// After how many minutes without a call a session ends.
    pub idle_minutes: u32,
    /// After how many hours any session ends.
    pub hours: u32,
    /// Sessions a user may have; a further one ends the oldest.
    pub per_user: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { after: vec![SessionAfter::Negotiate], idle_minutes: 20, hours: 10, per_user: 8 }
    }
}

/// Holds the `[roles]` table: who has duties that no template gives.
///
/// Each is a list such as `["group:auditors", "user:eve"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleSettings {
    pub admin: Vec<Principal>,
    pub auditor: Vec<Principal>,
    pub operator: Vec<Principal>,
    /// The accounts of kiosks, which let people in for a short time.
    pub kiosk: Vec<Principal>,
    /// Does a change of who has which part (a group or role that a template or this table names, and all by what such a
    /// person comes in) need a second administrator's word? Left out: from the time on when there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_administrator: Option<bool>,
}

impl Default for RoleSettings {
    fn default() -> Self {
        Self {
            admin: Vec::new(),
            auditor: vec![Principal::Group("auditors".into())],
            operator: Vec::new(),
            kiosk: Vec::new(),
            second_administrator: None,
        }
    }
}

/// Holds the `[limits]` table: how often secrets are given out and wrong credentials taken. `per_minute = 0` lifts a
/// limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Calls of one caller that carry a secret, in the call or its answer.
    pub secrets_per_caller: Rate,
    /// Such calls about one card.
    pub secrets_per_card: Rate,
    /// Wrong credentials from one address (IPv6: one network of 64 bits). Behind a proxy all callers share one.
    pub failures_per_address: Rate,
    /// Wrong credentials in one name.
    pub failures_per_name: Rate,
    /// OCSP answers that have to be signed for one address (IPv6: one network of 64 bits): to questions with a nonce, about
    /// several certificates or an unknown one, and whatever nobody has asked for within five minutes.
    pub answers_per_address: Rate,
    /// Connections that one address (IPv6: one network of 64 bits) may have open, of the 1,024 of all; 0: as many as it
    /// will, which is for servers behind a proxy.
    pub connections_per_address: u16,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            // A hundred cards in a row are about a thousand calls within minutes.
            secrets_per_caller: Rate { burst: 3000, per_minute: 1200 },
            // An enrollment makes ten; one that is cut off makes them again.
            secrets_per_card: Rate { burst: 240, per_minute: 60 },
            failures_per_address: Rate { burst: 300, per_minute: 120 },
            failures_per_name: Rate { burst: 30, per_minute: 10 },
            // A signature with what goes with it takes some 0.1 ms.
            answers_per_address: Rate { burst: 1000, per_minute: 6000 },
            connections_per_address: 256,
        }
    }
}

fn rs256() -> Vec<Algorithm> {
    vec![Algorithm::RS256]
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn token_types() -> Vec<String> {
    vec!["at+jwt".into(), "JWT".into()]
}

fn upn() -> String {
    "upn".into()
}

fn sub() -> String {
    "sub".into()
}

fn sixty() -> u32 {
    60
}

fn yes() -> bool {
    true
}

/// Says how often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How often at once, after a pause.
    pub burst: u32,
    /// How often in the long run; 0: without limit.
    pub per_minute: u32,
}
