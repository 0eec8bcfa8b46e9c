//! Names the secrets of a token and the tries they have left.

/// Tells how many tries a secret has left, as exactly as the token tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// The secret has not been set.
    NotSet,
    /// No wrong try since the last right one.
    Full,
    /// At least one wrong try; more than one is left.
    Low,
    /// One try is left.
    Last,
    Locked,
    /// So many tries are left.
    Left(u8),
    /// The token does not tell.
    Untold,
}

/// Holds the retry counters of the token's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    pub user: Tries,
    pub admin: Tries,
    /// `None` on a token without a PUK.
    pub puk: Option<Tries>,
}

/// Says whether the last try of a secret may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    Keep,
    Spend,
}

/// Names the secret that a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Pin,
    /// The admin key, or the SO PIN on PKCS#11.
    Admin,
    Puk,
}

impl std::fmt::Display for SecretKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SecretKind::Pin => "PIN",
            SecretKind::Admin => "admin key (SO PIN)",
            SecretKind::Puk => "PUK",
        })
    }
}

impl std::fmt::Display for Tries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tries::NotSet => f.write_str("it has not been set"),
            Tries::Full => f.write_str("as far as the token tells, all tries are left"),
            Tries::Low => f.write_str("few tries are left"),
            Tries::Last => f.write_str("one try is left"),
            Tries::Locked => f.write_str("no try is left"),
            Tries::Left(1) => f.write_str("one try is left"),
            Tries::Left(n) => write!(f, "{n} tries are left"),
            Tries::Untold => f.write_str("the token does not tell how many tries are left"),
        }
    }
}
