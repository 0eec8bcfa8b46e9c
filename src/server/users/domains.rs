//! Bounds the domains of UPNs and e-mail addresses, whichever way they came in.

use super::rules::AccountRefusal;
use crate::store::UserRecord;

/// Holds the domains that UPNs and e-mail addresses may be in; none: any.
#[derive(Clone, Debug, Default)]
pub struct Domains {
    upn: Vec<String>,
    email: Vec<String>,
}

impl Domains {
    /// Takes the domains as they are set.
    pub fn new(upn: &[String], email: &[String]) -> Self {
        let all = |domains: &[String]| domains.iter().map(|domain| domain.trim().to_owned()).collect();
        Self { upn: all(upn), email: all(email) }
    }

    /// Says whether a UPN, or a Kerberos principal with its realm, may stand in a certificate.
    pub fn allow_upn(&self, upn: &str) -> bool {
        is_in(&self.upn, upn)
    }

    /// Says whether an e-mail address may stand in a certificate.
    pub fn allow_email(&self, email: &str) -> bool {
        is_in(&self.email, email)
    }

    /// Refuses a record with a UPN or e-mail address outside; what stood in it `before` may stay.
    pub fn check(&self, user: &UserRecord, before: Option<&UserRecord>) -> Result<(), AccountRefusal> {
        let outside = |new: &Option<String>, old: Option<&Option<String>>, allows: &dyn Fn(&str) -> bool| {
            new.clone().filter(|text| old != Some(new) && !allows(text))
        };
        let upn = outside(&user.upn, before.map(|before| &before.upn), &|text| self.allow_upn(text));
        let email = outside(&user.email, before.map(|before| &before.email), &|text| self.allow_email(text));
        upn.or(email).map_or(Ok(()), |text| Err(AccountRefusal::Domain(text)))
    }
}

/// Says whether what follows the only `@` is one of the domains.
fn is_in(domains: &[String], text: &str) -> bool {
    let domain = text.split_once('@').filter(|(name, domain)| !name.is_empty() && !domain.contains('@'));
    domains.is_empty()
        || domain.is_some_and(|(_, domain)| domains.iter().any(|known| known.eq_ignore_ascii_case(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_is_meant_and_no_text_that_holds_it() {
        let domains = Domains::new(&["Example.TEST".into()], &[]);
        for good in ["alice@example.test", "alice@EXAMPLE.test"] {
            assert!(domains.allow_upn(good), "{good}");
        }
        let others =
            ["alice", "@example.test", "alice@sub.example.test", "a@evil.test@example.test", "a@example.test."];
        // The last is another domain to whoever reads a certificate, however alike they look.
        for bad in others.into_iter().chain(["alice@\u{ff45}xample.test"]) {
            assert!(!domains.allow_upn(bad), "{bad}");
        }
        assert!(domains.allow_email("anything"));
    }
}
