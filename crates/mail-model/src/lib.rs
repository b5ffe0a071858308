//! The message model.
#![allow(clippy::todo, unused_variables, missing_docs, clippy::pedantic, dead_code)]
pub mod courier;
pub mod dovecot;
pub mod folder;
pub mod headers;
pub mod identity;
pub mod maildir;
pub mod uidl;
