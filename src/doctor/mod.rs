//! Will this card do? Asked before a CA is.
