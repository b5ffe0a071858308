//! Filters of a mailbox, in the terms that cPanel's pages offer.

mod regular_expression;
mod rule;

pub(crate) use regular_expression::check as check_regular_expression;
pub use rule::{Join, Match, Part, Rule};

/// One filter of a mailbox: what a message must be, and what then becomes of it.
///
/// It is written twice, as cPanel keeps it: to `filter.yaml`, which its pages show, and compiled
/// to `filter`, which Exim runs. Filters run in the order in which they are given, and one that
/// matched does not keep the next from running unless it ends with [`Action::Finish`]. A message
/// for which no filter sets up a delivery goes to the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxFilter {
    /// What the owner calls it: one line, and no two of a mailbox alike.
    pub name: String,
    /// Whether it runs. One that does not is kept in `filter.yaml` only.
    pub enabled: bool,
    /// At least one.
    pub rules: Vec<Rule>,
    /// At least one.
    pub actions: Vec<Action>,
}

impl MailboxFilter {
    /// Throws away what the spam filter gave this many tenths of a point or more.
    ///
    /// For a mailbox, and never for an account: cPanel's own rule of the kind runs for everybody.
    /// The threshold is rounded up to a whole point, see [`Rule::spam_score`], so that nothing is
    /// thrown away that a rule with the exact number would have kept.
    #[must_use]
    pub fn delete_spam(score_tenths: u32) -> MailboxFilter {
        MailboxFilter {
            name: "Delete spam".to_owned(),
            enabled: true,
            rules: vec![Rule::spam_score(score_tenths)],
            actions: vec![Action::Discard, Action::Finish],
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Into a folder of the mailbox. `INBOX` is the inbox, for a copy beside other deliveries.
    ///
    /// Any other folder is named as its directory is on the disk, without the leading dot:
    /// modified UTF-7, levels separated by `.` (`Work.Entw&APw-rfe`), since that is how it lies in
    /// an archive whose `UTF8MAILBOX` is 0.
    ///
    /// A name that shows as plain ASCII is compiled as cPanel's recent versions do, to a delivery
    /// to `local+Folder@domain`. Any other one is compiled to a delivery into the directory, as
    /// older versions did for all. Dovecot 2.3.19 was measured to take what stands behind the `+`
    /// for UTF-8 but to refuse bytes outside ASCII there, and to make a folder of the literal name
    /// `Entw&APw-rfe`, so that no such address reaches the folder. When the owner saves a
    /// filter on cPanel's pages, it is compiled anew there.
    Save(String),
    /// To an address, `local@domain` in ASCII. No copy stays unless another action keeps one.
    Deliver(String),
    /// Taken and thrown away.
    Discard,
    /// Refused with this text, printable ASCII. A bounce is thrown away instead, lest it bounce
    /// again. Nothing behind it runs.
    Fail(String),
    /// No filter behind this one runs for the message.
    Finish,
}
