//! Looks at what an administrator has set on this computer, and at what Windows takes a card for.

use crate::doctor::Finding;
use crate::doctor::minidriver::{self, ListedCard, examine_minidriver};
use crate::doctor::workstation::{POLICIES, Policy, Service, examine_policy, examine_windows_service};
use crate::platform::{places, registry, services};
use std::path::Path;

/// Examines the services of cards; with `logon` the policies for logons too.
pub fn examine(logon: bool) -> Vec<Finding> {
    let services = Service::ALL.map(|service| examine_windows_service(service, services::standing(service.name())));
    let services = services.into_iter().flatten();
    let asked: &[Policy] = if logon { &Policy::ALL } else { &[] };
    let policies = asked.iter().map(|policy| examine_policy(*policy, registry::number(POLICIES, policy.value())));
    services.chain(policies).collect()
}

/// Examines what Windows takes the card of this answer to reset for.
pub fn examine_card(atr: &[u8]) -> Finding {
    let listed: Vec<ListedCard> = registry::subkeys(minidriver::CARDS).into_iter().map(listed).collect();
    examine_minidriver(atr, &listed, &|file| places::system().join(Path::new(file)).is_file())
}

fn listed(name: String) -> ListedCard {
    let key = format!(r"{}\{name}", minidriver::CARDS);
    ListedCard {
        atr: registry::bytes(&key, minidriver::ATR).unwrap_or_default(),
        mask: registry::bytes(&key, minidriver::MASK).unwrap_or_default(),
        minidriver: registry::text(&key, minidriver::MINIDRIVER),
        provider: registry::text(&key, minidriver::PROVIDER),
        name,
    }
}
