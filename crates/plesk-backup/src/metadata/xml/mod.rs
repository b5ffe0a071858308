//! Metadata XML, read as a stream; only one subscription is held at a time.

mod clean;
mod element;
mod parse;

pub(super) use element::Element;
pub(super) use parse::{Context, Dump, Found, Root, read};

#[cfg(test)]
mod tests;
