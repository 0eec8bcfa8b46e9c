//! OpenSC's pkcs11-spy: sits between a program and a module and writes down every C_* call.

use std::collections::BTreeMap;
use std::path::Path;

pub const MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so";

/// How often each function was called.
pub type Calls = BTreeMap<String, usize>;

/// Reads the spy's log: calls are the lines such as "12: C_Login".
pub fn calls(log: &Path) -> Calls {
    let mut calls = Calls::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        let Some((number, function)) = line.split_once(": ") else { continue };
        if number.parse::<u32>().is_ok() && function.starts_with("C_") {
            *calls.entry(function.trim().to_owned()).or_default() += 1;
        }
    }
    calls
}

pub fn total(calls: &Calls) -> usize {
    calls.values().sum()
}
