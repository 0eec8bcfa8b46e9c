//! Finds the authorities above certificates, by names alone: no signature is verified and nothing is trusted.

use super::certificate::Certificate;

/// Returns the authorities among `candidates` whose names lead from the issuers of `leaves` upwards.
pub fn authorities_above(leaves: &[Certificate], candidates: &[Certificate]) -> Vec<Certificate> {
    let mut names: Vec<_> = leaves.iter().map(|leaf| leaf.issuer_name().clone()).collect();
    let mut found: Vec<Certificate> = Vec::new();
    // Each round takes a name away, and adds one only for a certificate that is found for the first time.
    while let Some(name) = names.pop() {
        for authority in candidates.iter().filter(|it| *it.subject_name() == name && it.is_ca().unwrap_or(false)) {
            if !found.contains(authority) {
                found.push(authority.clone());
                names.push(authority.issuer_name().clone());
            }
        }
    }
    found
}
