//! Our own cards, asked by raw bytes.

mod gids;
