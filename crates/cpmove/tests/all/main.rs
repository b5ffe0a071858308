//! One program of all tests that need nothing but the public names.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod exim;
#[cfg(test)]
mod exim_addresses;
#[cfg(test)]
mod exim_filters;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod mail_settings;
#[cfg(test)]
mod members;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tools;
