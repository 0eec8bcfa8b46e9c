//! Looks at what an administrator has set on this computer.

use crate::doctor::Finding;
use crate::doctor::workstation::{POLICIES, Policy, Service, Standing, examine_policy, examine_windows_service};
use crate::platform::{registry, services};

/// Examines the services of cards; with `logon` the policies for logons too.
pub fn examine(logon: bool) -> Vec<Finding> {
    let services = Service::ALL.into_iter().map(|service| examine_windows_service(service, standing(service)));
    let asked: &[Policy] = if logon { &Policy::ALL } else { &[] };
    let policies = asked.iter().map(|policy| examine_policy(*policy, registry::number(POLICIES, policy.value())));
    services.chain(policies).collect()
}

fn standing(service: Service) -> Standing {
    match services::standing(service.name()) {
        services::Standing::Runs => Standing::Runs,
        services::Standing::Rests => Standing::Rests,
        services::Standing::Disabled => Standing::Disabled,
        services::Standing::Absent => Standing::Absent,
    }
}
