//! The program as a user runs it: one binary, so that it links once.

mod damage;
mod golden;
mod help;
mod refusals;
mod stability;
mod support;
