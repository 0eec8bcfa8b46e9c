//! The lifecycle as transition tables.
