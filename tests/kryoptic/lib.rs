//! Empty: only the dependencies in Cargo.toml are built.
