//! Examines a computer with Windows: the services that stand between cards and programs, and the policies that keep a card from
//! logging on.

use super::finding::{Check, Finding};
use crate::platform::Standing;

/// Is where the policies for logons with cards are kept (HKEY_LOCAL_MACHINE), as Microsoft's "Smart Card Group Policy and
/// Registry Settings" names them.
pub const POLICIES: &str = r"SOFTWARE\Policies\Microsoft\Windows\SmartCardCredentialProvider";

/// Names a service that stands between cards and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Gives programs the readers.
    SmartCard,
    /// Takes certificates of cards to the user's store.
    Propagation,
    /// Tells programs of Windows which readers there are.
    Enumeration,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::SmartCard, Self::Propagation, Self::Enumeration];

    /// Returns the name that `sc` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::SmartCard => "SCardSvr",
            Self::Propagation => "CertPropSvc",
            Self::Enumeration => "ScDeviceEnum",
        }
    }

    /// Says what is amiss where it cannot start.
    fn without(self) -> &'static str {
        match self {
            Self::SmartCard => "no program sees readers or cards",
            Self::Propagation => {
                "certificates of a card do not come into its user's store, where programs look for them"
            }
            Self::Enumeration => "Windows' own programs see no readers, and the logon screen offers no cards",
        }
    }
}

/// Reports how a service stands; `None` where whether it answers says as much.
pub fn examine_windows_service(service: Service, standing: Standing) -> Option<Finding> {
    let name = service.name();
    let remedy = format!("Have an administrator run `sc config {name} start= demand` and `net start {name}`.");
    let amiss = |how: &str| format!("the service {name} {how}: {}", service.without());
    Some(match (standing, service) {
        (Standing::Runs | Standing::Rests, Service::SmartCard) => return None,
        (Standing::Runs, _) => Finding::good(Check::Service, format!("the service {name} runs")),
        // The last reader ends it, and the next one starts it.
        (Standing::Rests, Service::Enumeration) => {
            Finding::good(Check::Service, format!("the service {name} starts with the first reader"))
        }
        (Standing::Rests, Service::Propagation) => Finding::attention(Check::Service, amiss("does not run"), remedy),
        (Standing::Disabled, Service::SmartCard) => Finding::bad(Check::Service, amiss("is disabled"), remedy),
        (Standing::Disabled, _) => Finding::attention(Check::Service, amiss("is disabled"), remedy),
        (Standing::Absent, _) => Finding::untold(Check::Service, format!("there is no service {name} here")),
    })
}

/// Names a policy without which the logon screen leaves certificates out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    EccCertificates,
    SignatureOnly,
    WithoutPurpose,
}

impl Policy {
    pub const ALL: [Self; 3] = [Self::EccCertificates, Self::SignatureOnly, Self::WithoutPurpose];

    /// Returns the name of its value under [`POLICIES`]; 1 allows.
    pub fn value(self) -> &'static str {
        match self {
            Self::EccCertificates => "EnumerateECCCerts",
            Self::SignatureOnly => "AllowSignatureOnlyKeys",
            Self::WithoutPurpose => "AllowCertificatesWithNoEKU",
        }
    }

    fn certificates(self) -> &'static str {
        match self {
            Self::EccCertificates => "certificates with keys on elliptic curves (P-256, P-384)",
            Self::SignatureOnly => "certificates whose keys only sign",
            Self::WithoutPurpose => "certificates without a purpose (extended key usage)",
        }
    }
}

/// Reports what a policy has the logon screen do; `None`: nobody has set it, which forbids.
pub fn examine_policy(policy: Policy, number: Option<u32>) -> Finding {
    let certificates = policy.certificates();
    if number == Some(1) {
        return Finding::good(Check::Policy, format!("the logon screen offers {certificates}"));
    }
    let told = format!("the logon screen does not offer {certificates}");
    let remedy = format!(
        "Where cards have such, have an administrator run `reg add \"HKLM\\{POLICIES}\" /v {} /t REG_DWORD /d 1`, or set that by \
         group policy.",
        policy.value()
    );
    match policy {
        // Cards of ours have such keys as often as not; those of the others are rare.
        Policy::EccCertificates => Finding::attention(Check::Policy, told, remedy),
        Policy::SignatureOnly | Policy::WithoutPurpose => Finding::good(Check::Policy, told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_service_that_cannot_start_is_told_with_the_command_that_mends_it() {
        let verdict = |service, standing| examine_windows_service(service, standing).map(|told| told.verdict);
        for service in Service::ALL {
            assert_eq!(verdict(service, Standing::Absent), Some(Verdict::Untold));
            let told = examine_windows_service(service, Standing::Disabled).unwrap();
            assert!(told.verdict >= Verdict::Attention, "{told:?}");
            assert!(told.remedy.unwrap().contains(&format!("sc config {} start= demand", service.name())));
        }
        assert_eq!(verdict(Service::SmartCard, Standing::Disabled), Some(Verdict::Bad));
        // That it answers, or does not, is told by it.
        assert_eq!(verdict(Service::SmartCard, Standing::Runs), None);
        assert_eq!(verdict(Service::SmartCard, Standing::Rests), None);
        assert_eq!(verdict(Service::Enumeration, Standing::Rests), Some(Verdict::Good));
        assert_eq!(verdict(Service::Propagation, Standing::Runs), Some(Verdict::Good));
        assert_eq!(verdict(Service::Propagation, Standing::Rests), Some(Verdict::Attention));
    }

    #[test]
    fn a_policy_that_forbids_is_told_and_only_one_allows() {
        for policy in Policy::ALL {
            assert!(examine_policy(policy, Some(1)).told.contains("offers"));
            for forbidden in [None, Some(0), Some(2)] {
                assert!(examine_policy(policy, forbidden).told.contains("does not offer"), "{forbidden:?}");
            }
        }
        let ecc = examine_policy(Policy::EccCertificates, None);
        assert_eq!(ecc.verdict, Verdict::Attention);
        assert!(ecc.remedy.unwrap().contains("/v EnumerateECCCerts /t REG_DWORD /d 1"));
    }
}
