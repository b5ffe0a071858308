//! What an account may hold that the archive cannot say.

use thiserror::Error;

use crate::DomainName;

/// Why an account cannot be written. Everything is checked before the first member is made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// Two things of the account would be written under one path.
    #[error(
        "two members would have the path `{path}`: a name in the account is one of cPanel's own"
    )]
    Clash {
        /// The path below the top directory.
        path: String,
    },
    /// The main domain is not among the domains, or not exactly once, or other than as main.
    #[error("{main} is listed {count} times as main domain of the account, and must be once")]
    MainDomain {
        /// The account's main domain.
        main: DomainName,
        /// How many of the listed domains are of the kind "main" and have this name.
        count: usize,
    },
    /// A domain is listed as main domain and is another one.
    #[error("{domain} is listed as main domain beside {main}")]
    SecondMainDomain {
        /// The account's main domain.
        main: DomainName,
        /// The other one.
        domain: DomainName,
    },
    /// Two domains have one name; the backing subdomains of addon domains count.
    #[error("the account lists {domain} twice")]
    DuplicateDomain {
        /// The name.
        domain: DomainName,
    },
    /// An addon domain's backing subdomain is not below the main domain.
    #[error("{backing}, which is to back {domain}, is no subdomain of {main}")]
    BackingElsewhere {
        /// The addon domain.
        domain: DomainName,
        /// Its backing subdomain.
        backing: DomainName,
        /// The main domain.
        main: DomainName,
    },
    /// A subdomain's name is not made of its label and its parent, or the parent is not one of
    /// the account's domains.
    #[error("{domain} is not {label:?} below a domain of the account ({of})")]
    NotASubdomain {
        /// The subdomain.
        domain: DomainName,
        /// Its label.
        label: String,
        /// Its parent.
        of: DomainName,
    },
    /// cPanel's lists of subdomains take `_` for the separator between label and parent.
    #[error("subdomain {label:?} of {of} holds an underscore, which cPanel reads as a dot")]
    Underscore {
        /// The label.
        label: String,
        /// The parent.
        of: DomainName,
    },
    /// A mailbox stands twice in its domain.
    #[error("mailbox {address} is listed twice")]
    DuplicateMailbox {
        /// Its address.
        address: String,
    },
    /// An alias stands twice in its domain.
    #[error("alias {address} is listed twice")]
    DuplicateAlias {
        /// Its address.
        address: String,
    },
    /// The left side of an alias cannot stand in Exim's file.
    #[error("alias {address:?} cannot be written: {reason}")]
    AliasName {
        /// The left side.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A destination cannot stand in Exim's file, or means something else there.
    #[error("destination {destination:?} of {address} cannot be written: {reason}")]
    Destination {
        /// The alias or `*@domain`.
        address: String,
        /// The destination, as it was given.
        destination: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An alias without destinations.
    #[error("alias {address} has no destination")]
    NoDestination {
        /// Its address.
        address: String,
    },
    /// `:fail:` and `:blackhole:` stand alone on their line.
    #[error("alias {address} has {count} destinations, one of which must stand alone")]
    NotAlone {
        /// Its address.
        address: String,
        /// How many destinations it has.
        count: usize,
    },
    /// An address has two autoresponders.
    #[error("{address} has two autoresponders")]
    DuplicateAutoresponder {
        /// The address.
        address: String,
    },
    /// An autoresponder cannot be written.
    #[error("the autoresponder of {address} cannot be written: {reason}")]
    Autoresponder {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A filter cannot be said in cPanel's terms, or not safely.
    #[error("filter {filter:?} of {mailbox} cannot be written: {reason}")]
    Filter {
        /// The mailbox.
        mailbox: String,
        /// The name of the filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// cPanel removes quotas above 4 PiB, which leaves the mailbox without any.
    #[error("mailbox {address} has a quota of {quota} bytes, and cPanel takes at most {most}")]
    QuotaTooLarge {
        /// The mailbox.
        address: String,
        /// Its quota.
        quota: u64,
        /// The largest quota that is kept.
        most: u64,
    },
    /// A value cannot stand in its file.
    #[error("{field} {value:?} cannot be written: {reason}")]
    Value {
        /// Which value.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A time before 1970.
    #[error("{field} is {seconds} seconds since 1970, and must not be negative")]
    NegativeTime {
        /// Which time.
        field: &'static str,
        /// The value.
        seconds: i64,
    },
}
