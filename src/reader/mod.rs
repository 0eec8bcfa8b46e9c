//! Cards in PC/SC readers.
