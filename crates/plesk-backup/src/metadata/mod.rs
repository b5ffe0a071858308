//! From metadata XML to typed subscriptions.

mod calendar;
mod describe;
mod description;
mod file_name;
mod known;
mod mail;
mod plesk7;
mod plesk8;
mod problem;
mod psadump;
mod resolve;
mod salvage;
mod select;
mod settings;
mod subscription;
mod xml;

pub(crate) use describe::describe;
pub use description::{
    ContentFile, ContentRef, Description, Domain, DomainAlias, DomainKind, Forwarding, Hosting,
    MailQuota, MailServer, MailSystem, MailUser, MailboxSettings, Setting, Stamp, Status,
    Subscription, SystemUser,
};
pub(crate) use file_name::FileName;
pub use problem::{DescribeError, Problem};
pub use settings::{
    AddressBook, Autoresponder, Autoresponders, Contact, ContactGroup, Dkim, MailingList,
    Recipient, SpamAction, SpamFilter, SpamScore,
};
