//! From metadata XML to typed subscriptions.

mod description;
mod problem;

pub use description::{
    ContentFile, ContentRef, Description, Domain, DomainAlias, DomainKind, Forwarding, Hosting,
    MailQuota, MailServer, MailSystem, MailUser, MailboxSettings, Setting, Stamp, Status,
    Subscription, SystemUser,
};
pub use problem::{DescribeError, Problem};
