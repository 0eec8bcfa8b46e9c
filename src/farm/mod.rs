//! Lends virtual cards to pcscd.
