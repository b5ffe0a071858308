//! What an account wants of SpamAssassin.

/// Settings of the spam filter. cPanel has one set for the whole account, whatever its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpamSettings {
    /// Whether mail is rated at all.
    pub enabled: bool,
    /// The score from which a message counts as spam, in tenths of a point; `None` leaves it to
    /// the server, whose own is 5 points.
    pub required_score_tenths: Option<u32>,
    /// Senders who never send spam: addresses, in which `*` and `?` stand for any characters and
    /// for one.
    pub whitelist: Vec<String>,
    /// Senders who send nothing else.
    pub blacklist: Vec<String>,
    /// Whether spam goes to the folder `spam` of each mailbox.
    pub spam_box: bool,
}
