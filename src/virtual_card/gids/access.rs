//! Who may do what with a file: security attributes in compact format (ISO/IEC 7816-4, 5.4.3.1; tag 8C).

/// Names the bits of an access mode byte. A bit has different meanings on the application, a data file and a key file.
pub(super) mod mode {
    pub const CREATE_FILE: u8 = 0x02;
    pub const DELETE_CHILD: u8 = 0x01;
    pub const TERMINATE: u8 = 0x20;
    pub const DELETE_SELF: u8 = 0x40;
    /// Allows GET DATA; of a key file, reading its public key.
    pub const GET: u8 = 0x01;
    /// Allows PUT DATA; of a key file, storing a key made elsewhere.
    pub const PUT: u8 = 0x02;
    /// Allows MANAGE SECURITY ENVIRONMENT and every use of the key.
    pub const USE: u8 = 0x04;
    pub const GENERATE: u8 = 0x08;
}

/// Holds the security condition byte of what everybody may do.
const ALWAYS: u8 = 0x00;
const NEVER: u8 = 0xFF;
const ALL_OF_THEM: u8 = 0x80;
const SECURE_MESSAGING: u8 = 0x40;
const EXTERNAL_AUTHENTICATION: u8 = 0x20;
const USER_AUTHENTICATION: u8 = 0x10;
const ENVIRONMENT: u8 = 0x0F;
/// Lists the environments that a card with contacts is ever in: unspecified, or contacts.
const CONTACT_ENVIRONMENTS: [u8; 2] = [0, 1];

/// Says who has logged in to the card.
#[derive(Clone, Copy)]
pub(super) struct Proven {
    pub user: bool,
    pub admin: bool,
}

/// Holds access mode bits, each with its security condition.
pub(super) struct AccessRules(Vec<(u8, u8)>);

impl AccessRules {
    /// Returns the application's rules: the administrator may terminate it; user and administrator create and delete
    /// files.
    pub fn of_application() -> Self {
        Self(vec![(mode::TERMINATE, 0x20), (mode::CREATE_FILE, 0x30), (mode::DELETE_CHILD, 0x30)])
    }

    /// Reads rules one behind the other: a mode byte, then a condition byte for each bit of it, the highest bit first.
    /// Bit 8 gives bits 7 to 4 the meaning they have for key files; it has no condition byte itself.
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut rules = Vec::new();
        while let Some((modes, rest)) = bytes.split_first() {
            let bits = (0..7).rev().map(|bit| 1u8 << bit).filter(|bit| modes & bit != 0);
            let (conditions, rest) = rest.split_at_checked((modes & 0x7F).count_ones() as usize)?;
            rules.extend(bits.zip(conditions.iter().copied()));
            bytes = rest;
        }
        Some(Self(rules))
    }

    /// Says whether any rule names this access mode.
    pub fn names(&self, mode: u8) -> bool {
        self.0.iter().any(|(bit, _)| *bit == mode)
    }

    /// Says whether the access is allowed; what no rule names is refused.
    pub fn allow(&self, mode: u8, proven: Proven) -> bool {
        self.0.iter().any(|(bit, condition)| *bit == mode && is_met(*condition, proven))
    }
}

fn is_met(condition: u8, proven: Proven) -> bool {
    match condition {
        ALWAYS => return true,
        NEVER => return false,
        _ => {}
    }
    if !CONTACT_ENVIRONMENTS.contains(&(condition & ENVIRONMENT)) {
        return false;
    }
    let asked =
        [(SECURE_MESSAGING, false), (EXTERNAL_AUTHENTICATION, proven.admin), (USER_AUTHENTICATION, proven.user)];
    let mut answers = asked.into_iter().filter(|(bit, _)| condition & bit != 0).map(|(_, met)| met).peekable();
    match condition & ALL_OF_THEM {
        0 => answers.peek().is_none() || answers.any(|met| met),
        _ => answers.all(|met| met),
    }
}
