//! What the fake server holds of a card's secrets.

use super::fake::ok;
use super::memory_token::encrypt;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How far a card's own secrets have come.
#[derive(Clone)]
pub struct Secrets {
    pub admin_key: &'static str,
    pub puk: &'static str,
    /// The latest own PUK, and the one that held before it; 0: the factory's.
    pub version: u32,
    pub before: u32,
    /// The next ones consist of digits.
    pub digits: bool,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { admin_key: "Default", puk: "Default", version: 0, before: 0, digits: false }
    }
}

/// The card's own PUK of a version, where the card takes digits only.
pub fn own_puk_of_digits(version: u32) -> String {
    format!("900{version:05}")
}

/// The card's own PUK of a version.
pub fn own_puk(version: u32) -> String {
    format!("PUK{version:05}")
}

/// `aes`: it answers challenges of 16 bytes too; Microsoft's does not.
pub fn authentication_response(
    query: &HashMap<String, String>,
    own: &[u8],
    default: &[u8],
    aes: bool,
) -> (u16, String) {
    let challenge = STANDARD.decode(&query["challenge"]).unwrap();
    if challenge.len() != 8 && !aes {
        return (500, json!({"Message": "Internal Error"}).to_string());
    }
    let key = if query["diversified"] == "True" { own } else { default };
    ok(json!(STANDARD.encode(encrypt(key, &challenge))))
}

impl Secrets {
    /// `kind`: the request's type in MIM's numbers.
    pub fn puk_for(&mut self, kind: u32) -> (u16, String) {
        let state = self.puk;
        let due = match state {
            "Default" => matches!(kind, 1 | 5),
            "Spoken" => kind != 7,
            _ => false,
        };
        if due {
            self.before = if state == "Default" { 0 } else { self.version };
            self.version += 1;
            self.puk = "Proposed";
        }
        let own_puk = |version| if self.digits { own_puk_of_digits(version) } else { own_puk(version) };
        let mut report = json!({"State": state});
        let current = match self.puk {
            "Default" => 0,
            "Proposed" => self.before,
            _ => self.version,
        };
        if current > 0 {
            report["Current"] = json!(own_puk(current));
        }
        if self.puk == "Proposed" {
            report["Next"] = json!(own_puk(self.version));
        }
        ok(report)
    }

    pub fn tell_puk(&mut self, body: &Value) -> (u16, String) {
        self.puk = known(body).unwrap();
        ok(body.clone())
    }

    pub fn tell_admin_key(&mut self, body: &Value) -> (u16, String) {
        let told = known(body).unwrap_or("Active");
        assert!(
            !matches!((told, self.admin_key), ("Active" | "Proposed", "Default") | ("Default", "Active")),
            "{told} of an admin key that is {}",
            self.admin_key
        );
        self.admin_key = told;
        ok(json!({"State": told}))
    }
}

fn known(body: &Value) -> Option<&'static str> {
    ["Default", "Proposed", "Active", "Spoken"].into_iter().find(|state| body["State"] == *state)
}
