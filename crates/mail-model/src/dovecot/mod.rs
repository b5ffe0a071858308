mod keywords;
mod serve;
mod subscriptions;
mod uidlist;
pub use keywords::{Keywords, KeywordsProblem};
pub use serve::{Duplicates, MaildirFile, ServeInput, Served, ServedMessage, UidlSource, serve};
pub use subscriptions::Subscriptions;
pub use uidlist::{LineFault, UidList, UidListError, UidListProblem, UidRecord};
