//! All that can be found about a logon: a stable code, how bad it is, a sentence, and what to do, in one row each.
//! `{name}` in a sentence is one of the finding's facts.

use crate::doctor::Verdict;
use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($code:ident = $name:literal, $verdict:ident: $sentence:literal $(; $remedy:literal)?)*) => {
        /// Names what was found; the text is stable, for scripts and for texts in other languages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $sentence] $code),*
        }

        impl Code {
            /// Lists every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// Returns the code's text.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name),* }
            }

            /// Says how bad it is: good is green, attention yellow, bad red; untold was not asked.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$code => Verdict::$verdict),* }
            }

            /// Returns the sentence for whoever has the card, with `{name}` where a fact goes.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$code => $sentence),* }
            }

            /// Returns what a technician does about it; `None` where nothing is amiss.
            pub fn remedy(self) -> Option<&'static str> {
                match self { $(Self::$code => codes!(@ $($remedy)?)),* }
            }
        }
    };
    (@) => { None };
    (@ $remedy:literal) => { Some($remedy) };
}

codes! {
    // The card.
    NoCertificate = "no-certificate", Bad: "the card holds no certificate to log on with";
        "Enroll the card, or look with `cardwright token list` where its certificate is: Windows takes the one in 9A of a PIV card."
    CertificateUnreadable = "certificate-unreadable", Bad: "the certificate cannot be read: {reason}";
        "Renew or replace the certificate."
    PinLocked = "pin-locked", Bad: "the PIN is locked";
        "Run `cardwright unblock`: it sets a new PIN by the administrator's authority."
    PinUnset = "pin-unset", Bad: "the card has no PIN yet"; "Enroll the card: that sets one."
    PinLast = "pin-last", Attention: "one try of the PIN is left";
        "Type the right one once, or have the PIN set anew: `cardwright unblock`."
    PinReady = "pin-ready", Good: "the PIN can be tried"
    ChuidValid = "chuid-valid", Good: "the CHUID is there"
    ChuidAbsent = "chuid-absent", Attention: "the card has no CHUID, by which Windows knows it";
        "Run `cardwright token init`, or enroll the card: either writes one."
    ChuidBroken = "chuid-broken", Attention: "the CHUID cannot be read"; "An enrollment writes a fresh one."
    ChuidExpired = "chuid-expired", Attention: "the CHUID expired on {date}"; "An enrollment writes a fresh one."
    DefaultContainer = "default-container", Good: "the card names the key to log on with"
    NoDefaultContainer = "no-default-container", Attention: "the card does not say which of its keys logs on";
        "Renew the certificate: that flags its container as the default one."

    // Key and certificate.
    KeyAbsent = "key-absent", Bad: "the private key is not on the card"; "Replace the certificate by an enrollment."
    KeyOther = "key-other", Bad: "the certificate is for another key than the one on the card";
        "Replace the certificate by an enrollment."
    KeyTaken = "key", Good: "the key is {kind}"
    KeyShort = "key-short", Attention: "the key is {kind}, which many domains refuse";
        "Have the template order RSA-2048 at least."
    KeyCurve = "key-curve", Attention: "the key is {kind}, which Windows takes where a policy allows it";
        "Set the group policy \"Allow ECC certificates to be used for logon and authentication\", or order RSA keys."
    KeyUnknown = "key-unknown", Attention: "the kind of the key is not known here";
        "Have the template order RSA-2048 at least."
    Valid = "valid", Good: "the certificate is valid until {date}"
    EndsSoon = "ends-soon", Attention: "the certificate ends on {date}"; "Renew it: `cardwright renew`."
    Expired = "expired", Bad: "the certificate expired on {date}"; "Renew it, or replace it where that is not offered."
    NotYetValid = "not-yet-valid", Bad: "the certificate is valid from {date} only";
        "Look at this computer's clock, and at the authority's."
    UsageSigns = "usage-signs", Good: "the key may sign"
    UsageUnsaid = "usage-unsaid", Attention: "the certificate does not say what its key may do";
        "Have the template set key_usage = [\"digitalSignature\"]."
    UsageForbids = "usage-forbids", Bad: "the key may not sign, and so proves nobody";
        "Have the template set key_usage = [\"digitalSignature\"], and renew."
    PurposeLogon = "purpose-logon", Good: "the certificate is for smart card logon"
    PurposeNoClient = "purpose-no-client", Attention: "the certificate is for smart card logon, and not for clients of TLS";
        "Have the template add clientAuth to extended_key_usages."
    PurposePkinit = "purpose-pkinit", Good: "the certificate is for PKINIT, which MIT Kerberos asks for"
    PurposePkinitOnly = "purpose-pkinit-only", Attention: "the certificate is for PKINIT, and not for smart card logon: Windows refuses it";
        "Where Windows is meant, have the template add smartcardLogon to extended_key_usages."
    PurposeAny = "purpose-any", Attention: "the certificate names no purpose of its own";
        "Windows takes it only where a policy allows that: have the template add smartcardLogon and clientAuth."
    PurposeMissing = "purpose-missing", Bad: "the certificate is not for logging on";
        "Have the template add smartcardLogon and clientAuth (for MIT Kerberos pkinitClient) to extended_key_usages, and renew."
    UpnNamed = "upn", Good: "the certificate names {upn}"
    UpnSeveral = "upn-several", Attention: "the certificate names several people: {upn}";
        "Windows takes the first: have the template name one UPN."
    PrincipalOnly = "upn-none", Attention: "the certificate names a Kerberos principal and no UPN, by which Windows knows people";
        "Where Windows is meant, have the template name the UPN: upn = \"{User!upn}\"."
    NobodyNamed = "name-none", Bad: "the certificate names nobody who could log on";
        "Have the template name the UPN: upn = \"{User!upn}\", and renew."
    SidStated = "sid", Good: "the certificate is bound to the account {sid}"
    SidInUri = "sid-uri", Good: "the certificate is bound to the account {sid}, in a URI"
    SidAbsent = "sid-absent", Attention: "the certificate is bound to no account of Windows (KB5014754)";
        "Have the template state it: sid = \"{User!sid}\"; or map the certificate in altSecurityIdentities of the person."
    SidBroken = "sid-broken", Bad: "the account that the certificate is bound to cannot be read"; "Renew the certificate."

    // The authorities above it.
    ChainTrusted = "chain", Good: "the certificate comes from {authority}"
    ChainUnanchored = "chain-unanchored", Untold: "the certificate comes from {authority}; nobody has said whether that is trusted";
        "Give --root with the authority's certificate, or --server."
    ChainUntrusted = "chain-untrusted", Bad: "the certificate comes from {authority}, which is not trusted here";
        "Have the card enrolled by the authority that the domain trusts."
    ChainBroken = "chain-broken", Bad: "the certificate of its issuer, {authority}, is not to be had";
        "Give it with --root, put it on the card, or repair the address that the certificate names (AIA)."
    ChainForged = "chain-forged", Bad: "{authority} has not signed the certificate";
        "Treat the card as forged until it is known where the certificate comes from."
    AuthorityNotInTime = "authority-not-in-time", Bad: "the authority {authority} is valid from {from} to {date} only";
        "Renew the authority's certificate, and look at this computer's clock."
    AuthorityUnfit = "authority-unfit", Bad: "{authority} is no authority, or may have none below it";
        "Have the card enrolled by an authority that may issue certificates."
    IssuerUnfetched = "issuer-unfetched", Attention: "the issuer's certificate could not be fetched from {address}: {reason}";
        "Repair what is published there (AIA); computers that have no copy of it cannot follow the chain."
    NtauthHolds = "ntauth", Good: "this computer's store NTAuth has {authority}"
    NtauthLacks = "ntauth-lacks", Bad: "this computer's store NTAuth lacks {authority}: Windows lets nobody log on with its certificates";
        "Have an administrator of the domain run `certutil -dspublish -f CA.cer NTAuthCA`, and then `gpupdate /force` here."
    NtauthNone = "ntauth-none", Untold: "no domain has told this computer whose certificates people log on with (NTAuth)"
    RootHeld = "root-held", Good: "this computer trusts the root {authority}"
    RootLacking = "root-lacking", Bad: "this computer does not trust the root {authority}";
        "Have an administrator of the domain run `certutil -dspublish -f ROOT.cer RootCA`, and then `gpupdate /force` here."

    // Revocation.
    NotRevoked = "not-revoked", Good: "{certificate} is not revoked, says {address}"
    Revoked = "revoked", Bad: "{certificate} is revoked, says {address}"; "Enroll another certificate or card."
    RevocationUnknown = "revocation-unknown", Bad: "nobody could say whether {certificate} is revoked";
        "Repair what is published at the addresses named above: a domain controller that cannot tell refuses the logon."
    RevocationUnreached = "revocation-unreached", Attention: "nobody who could say whether {certificate} is revoked was reached from here";
        "Ask from the domain controller's network: one that cannot tell refuses the logon."
    RevocationNowhere = "revocation-nowhere", Attention: "{certificate} does not name where its revocation would be told";
        "Windows refuses such a certificate: publish lists or OCSP by the server's [publication], and renew."
    RevocationNotAsked = "revocation-not-asked", Untold: "whether {certificate} is revoked was not asked: {reason}"
    ListUnfetched = "list-unfetched", Attention: "the revocation list could not be fetched from {address}: {reason}";
        "Repair what is published there, or the way to it."
    ListUnusable = "list-unusable", Attention: "what {address} publishes is no revocation list that can be used: {reason}";
        "Publish the list of this authority there."
    ListStale = "list-stale", Attention: "the revocation list at {address} should have been renewed by {date}";
        "Look whether the authority still publishes, and at this computer's clock."
    ResponderUnreached = "responder-unreached", Attention: "the responder {address} could not be asked: {reason}";
        "Repair the responder, or the way to it."
    ResponderUnusable = "responder-unusable", Attention: "the answer of the responder {address} cannot be used: {reason}";
        "Repair the responder, or take its address out of what is issued."
    ResponderStale = "responder-stale", Attention: "the answer of the responder {address} should have been renewed by {date}";
        "Repair the responder, and look at this computer's clock."
    ResponderKnowsNot = "responder-knows-not", Attention: "the responder {address} does not know {certificate}";
        "Find out whether the authority has issued it."

    // The clock, the server and the directory.
    ClockAgrees = "clock", Good: "this computer's clock agrees with the server's"
    ClockDiffers = "clock-differs", Bad: "this computer's clock is {seconds} seconds off the server's";
        "Set the clock (NTP): Kerberos refuses more than five minutes."
    ClockNotCompared = "clock-not-compared", Untold: "this computer's clock was compared with no other"
    ServerNotAsked = "server-not-asked", Untold: "the server and the directory were not asked: {reason}"
    ServerSilent = "server-silent", Attention: "the server could not be asked: {reason}";
        "Look at the address and at the login; `cardwright config show` tells where they are set."
    CardUnknown = "card-unknown", Attention: "the server does not know this card, or does not show it to you";
        "Enroll the card here, or ask as somebody who may see it."
    CardActive = "card-active", Good: "the server has the card as active"
    CardNotActive = "card-not-active", Bad: "the server has the card as {status}";
        "Enroll it, or lift its suspension, as its state demands."
    AccountDisabled = "account-disabled", Bad: "the holder's account at the server is disabled";
        "Enable the account if the person still belongs here."
    RecordUnknown = "record-unknown", Attention: "the server has not issued this certificate";
        "Replace the certificate by an enrollment, or ask whoever issued it."
    RecordCurrent = "record-current", Good: "the server has the certificate as current"
    RecordSuperseded = "record-superseded", Attention: "another certificate has taken this one's place";
        "Use the newer certificate; finish the renewal if it was interrupted."
    RecordHeld = "record-held", Bad: "the certificate is on hold"; "Have the suspension of the card lifted (a request to reinstate it)."
    RecordRevoked = "record-revoked", Bad: "the server has revoked the certificate"; "Enroll another certificate or card."
    DirectoryNotAsked = "directory-not-asked", Untold: "the directory was not asked: {reason}"
    DirectoryAway = "directory-away", Attention: "the directory could not be asked: {reason}";
        "Look at [directory] of the server, and whether the directory runs."
    PersonGone = "person-gone", Bad: "the directory no longer has the holder";
        "Find out whether the person has left; if so, retire the card."
    PersonEnabled = "person-enabled", Good: "the directory has the holder's account as enabled"
    PersonDisabled = "person-disabled", Bad: "the directory has disabled the holder's account, or it has ended";
        "Enable the account there if the person still belongs to the house."
    UpnAgrees = "upn-agrees", Good: "the directory knows the holder as {upn} too"
    UpnDiffers = "upn-differs", Bad: "the directory knows the holder as {directory}, and the certificate says {upn}";
        "Renew the certificate, which brings the new name, or correct userPrincipalName."
    SidAgrees = "sid-agrees", Good: "the account that the certificate is bound to is the holder's"
    SidDiffers = "sid-differs", Bad: "the certificate is bound to another account than the holder's";
        "Replace the certificate by an enrollment: it is bound to another account."
    MappedStrongly = "mapped-strongly", Good: "altSecurityIdentities of the holder names the certificate"
    MappedWeakly = "mapped-weakly", Bad: "altSecurityIdentities of the holder names the certificate in a way that Windows no longer takes";
        "Write a strong mapping: X509IssuerSerialNumber, X509SKI or X509SHA1PublicKey; or renew with sid in the template."
    NotMapped = "not-mapped", Bad: "neither the certificate nor altSecurityIdentities says whose account it is, which Windows asks for (KB5014754)";
        "Have the template state sid = \"{User!sid}\" and renew, or map the certificate in altSecurityIdentities."
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
