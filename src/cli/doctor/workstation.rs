//! Looks at what an administrator has set on this computer.

use crate::doctor::Finding;
use crate::doctor::workstation::{POLICIES, Policy, Service, examine_policy, examine_windows_service};
use crate::platform::{registry, services};

/// Examines the services of cards; with `logon` the policies for logons too.
pub fn examine(logon: bool) -> Vec<Finding> {
    let services = Service::ALL.map(|service| examine_windows_service(service, services::standing(service.name())));
    let services = services.into_iter().flatten();
    let asked: &[Policy] = if logon { &Policy::ALL } else { &[] };
    let policies = asked.iter().map(|policy| examine_policy(*policy, registry::number(POLICIES, policy.value())));
    services.chain(policies).collect()
}
