//! From metadata XML to typed subscriptions.

mod calendar;
mod chain;
mod choose;
mod describe;
mod description;
mod dump;
mod file_index;
mod file_name;
mod known;
mod mail;
mod merge;
mod part;
mod percent;
mod plesk7;
mod plesk8;
mod problem;
mod psadump;
mod reading;
mod resolve;
mod salvage;
mod select;
mod settings;
mod subscription;
mod windows8;
mod xml;

pub(crate) use calendar::days_since_1970;
pub(crate) use describe::describe;
pub use description::{
    ContentFile, ContentRef, Description, Domain, DomainAlias, DomainKind, EarlierContent,
    Forwarding, Hosting, MailQuota, MailServer, MailSystem, MailUser, MailboxSettings, Setting,
    Stamp, Status, Subscription, SystemUser, UnnamedFiles,
};
pub use dump::{DescribeOptions, Dump, DumpLevel};
pub use file_index::FileIndex;
pub(crate) use file_name::FileName;
pub use problem::{DescribeError, Problem};
pub(crate) use salvage::domain_of_file_name;
pub use settings::{
    AddressBook, Autoresponder, Autoresponders, Contact, ContactGroup, Dkim, MailingList,
    Recipient, SpamAction, SpamFilter, SpamScore,
};
