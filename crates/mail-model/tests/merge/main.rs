//! Folders that live on two servers, put together.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test ends by panicking, and nothing here is public"
)]

mod cases;
mod chain;
mod histories;
mod world;
