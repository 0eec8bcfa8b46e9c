//! Judges whether Windows' own stores on this computer hold the authorities above a certificate, as a logon asks for.
//!
//! What a domain publishes comes to each computer's registry by group policy, a key for each certificate, named by its
//! thumbprint (Microsoft, "Certificate requirements and enumeration"; "How to import third-party certification authority
//! certificates into the Enterprise NTAuth store").

use super::code::Code;
use super::finding::Finding;
use crate::pkix::Certificate;

/// Holds who may issue what people log on with.
const NTAUTH: &str = r"SOFTWARE\Microsoft\EnterpriseCertificates\NTAuth\Certificates";

/// Hold the roots that are trusted: by the computer, by the domain, by policy, and by Microsoft's own list.
const ROOTS: [&str; 4] = [
    r"SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates",
    r"SOFTWARE\Microsoft\EnterpriseCertificates\Root\Certificates",
    r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root\Certificates",
    r"SOFTWARE\Microsoft\SystemCertificates\AuthRoot\Certificates",
];

/// Judges a chain that is whole, its leaf first; `has` says whether there is a key of that name under HKEY_LOCAL_MACHINE.
pub(super) fn judge(path: &[Certificate], has: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let held = |store: &str, authority: &Certificate| has(&format!(r"{store}\{}", authority.thumbprint_sha1()));
    let about = |code: Code, authority: &Certificate| Finding::new(code).with("authority", authority.subject());
    let Some(issuer) = path.get(1) else { return Vec::new() };
    let ntauth = match (has(NTAUTH), held(NTAUTH, issuer)) {
        (_, true) => about(Code::NtauthHolds, issuer),
        (true, false) => about(Code::NtauthLacks, issuer),
        (false, false) => Finding::new(Code::NtauthNone),
    };
    let root = path.last().filter(|root| root.subject_name() == root.issuer_name());
    let root = root.map(|root| {
        let code = if ROOTS.iter().any(|store| held(store, root)) { Code::RootHeld } else { Code::RootLacking };
        about(code, root)
    });
    [Some(ntauth), root].into_iter().flatten().collect()
}
