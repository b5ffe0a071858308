//! The program as a user runs it: one binary, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    unreachable_pub,
    reason = "a test that panics has failed, and nothing here is public"
)]

mod addresses;
mod chain;
mod damage;
mod damaged_metadata;
mod filters;
mod foreign_files;
mod forms;
mod golden;
mod help;
mod hostile;
mod interrupt;
mod loose;
mod outer;
mod protected;
mod psadump;
mod refusals;
mod report;
mod rescue;
mod rich;
mod settings;
mod stability;
mod support;
mod sync;
mod uidl;
mod uidl_truth;
mod verify;
mod zip;
