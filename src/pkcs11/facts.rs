//! Reads CK_TOKEN_INFO (PKCS#11 v2.40 base, 3.2) into the types of [`crate::token`].

use crate::token::{Counters, Error, Identity, LastTry, Origin, SecretForm, SecretKind, Tries, names_nothing};
use cryptoki::slot::TokenInfo;

/// Holds what C_GetTokenInfo said once; it may be outdated as soon as somebody else uses the token.
pub(super) struct Facts {
    pub identity: Identity,
    pub initialised: bool,
    pub pin_set: bool,
    pub counters: Counters,
    /// Nothing can be written on it, so it is nobody's card.
    pub write_protected: bool,
    shortest_pin: usize,
    longest_pin: usize,
    /// Free public memory, in bytes; `None` where the token does not tell.
    pub free_memory: Option<usize>,
}

/// Tells a memory from numbers that stand for nothing, in bytes: a token with less would hold no certificate.
const SMALLEST_MEMORY: usize = 4096;

/// Returns the free public memory, if the token tells what can be true.
fn free_memory(info: &TokenInfo) -> Option<usize> {
    let total = info.total_public_memory().filter(|total| *total >= SMALLEST_MEMORY)?;
    info.free_public_memory().filter(|free| *free <= total)
}

/// Says whether a token of a module is a smart card in a reader, as OpenSC's and Yubico's modules name theirs.
pub fn is_card(identity: &Identity) -> bool {
    ["PKCS#15", "YubiKey"].iter().any(|model| identity.model.starts_with(model))
}

/// Says whether a token has a security officer. An NSS database has its user alone, with one password.
pub(super) fn has_officer(identity: &Identity) -> bool {
    !(identity.manufacturer == "Mozilla Foundation" && identity.model.starts_with("NSS"))
}

impl Facts {
    /// Reads a CK_TOKEN_INFO.
    pub fn of(info: &TokenInfo) -> Self {
        let text = |field: &str| field.trim_end_matches(['\0', ' ']).to_owned();
        let serial = text(info.serial_number());
        let nameless = names_nothing(&serial);
        let identity = Identity {
            kind: "PKCS#11",
            label: text(info.label()),
            manufacturer: text(info.manufacturer_id()),
            model: text(info.model()),
            card_id: None,
            origin: if nameless { Origin::Nothing } else { Origin::Maker },
            earlier_serial: Some(serial.clone()).filter(|serial| nameless && !serial.is_empty()),
            serial,
        };
        let mut counters = Counters { user: user_tries(info), admin: admin_tries(info), puk: None };
        if !has_officer(&identity) {
            counters.admin = Tries::NotSet;
            // A database without a password tells that nobody need log in.
            counters.user = if info.login_required() { counters.user } else { Tries::NotSet };
        }
        Self {
            identity,
            initialised: info.token_initialized(),
            pin_set: info.user_pin_initialized(),
            counters,
            write_protected: info.write_protected(),
            shortest_pin: info.min_pin_length(),
            longest_pin: info.max_pin_length(),
            free_memory: free_memory(info),
        }
    }

    /// Returns the tries left of a secret.
    pub fn tries(&self, secret: SecretKind) -> Tries {
        match secret {
            SecretKind::Pin => self.counters.user,
            SecretKind::Admin => self.counters.admin,
            SecretKind::Puk => Tries::NotSet,
        }
    }

    /// Refuses to send a secret that is locked or not set, and to spend a last try unless [`LastTry::Spend`] is given.
    pub fn may_try(&self, secret: SecretKind, last_try: LastTry) -> Result<(), Error> {
        self.tries(secret).may_try(secret, last_try)
    }

    /// Returns the lengths of PIN and SO PIN that the token accepts; `None` where it does not tell (zero, or
    /// CK_UNAVAILABLE_INFORMATION).
    pub fn form(&self) -> Option<SecretForm> {
        let told = self.longest_pin > 0 && self.shortest_pin <= self.longest_pin;
        told.then_some(SecretForm { shortest: self.shortest_pin, longest: self.longest_pin, digits_only: false })
    }

    /// Refuses a secret whose length in bytes is outside what the token accepts.
    pub fn fits(&self, secret: SecretKind, bytes: usize) -> Result<(), Error> {
        match self.form() {
            Some(form) if !form.takes_length(bytes) => Err(self.length_refused(secret)),
            _ => Ok(()),
        }
    }

    /// Makes the error for a secret of a wrong length.
    pub fn length_refused(&self, secret: SecretKind) -> Error {
        Error::SecretLength { secret, minimum: self.shortest_pin, maximum: self.longest_pin }
    }
}

fn user_tries(info: &TokenInfo) -> Tries {
    if info.user_pin_locked() {
        Tries::Locked
    } else if !info.user_pin_initialized() {
        Tries::NotSet
    } else if info.user_pin_final_try() {
        Tries::Last
    } else if info.user_pin_count_low() {
        Tries::Low
    } else {
        Tries::Full
    }
}

fn admin_tries(info: &TokenInfo) -> Tries {
    if info.so_pin_locked() {
        Tries::Locked
    } else if !info.token_initialized() {
        Tries::NotSet
    } else if info.so_pin_final_try() {
        Tries::Last
    } else if info.so_pin_count_low() {
        Tries::Low
    } else {
        Tries::Full
    }
}
