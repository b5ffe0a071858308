//! Domain names.
