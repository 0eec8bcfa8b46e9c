//! Why bytes of a caller's were refused, told to the caller whole.

use crate::pkix;
use std::error::Error;
use std::fmt;

/// Shows why something of the caller's cannot be read, with every cause: it holds nothing but what the caller sent.
#[derive(Debug)]
pub struct Reason(pub pkix::Error);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

impl Error for Reason {}
