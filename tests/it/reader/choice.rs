//! Which card is meant.
