//! The program as a user runs it: one binary, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod damage;
mod golden;
mod help;
mod refusals;
mod stability;
mod support;
