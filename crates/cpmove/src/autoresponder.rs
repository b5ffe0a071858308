//! Autoresponders: answers that cPanel sends by itself.

/// An answer to every mail that an address receives. It goes out beside whatever else becomes of
/// the mail: a mailbox of the same address receives as before, and so does whom it is forwarded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoresponder {
    /// The part of the address before the `@`; of the kind that
    /// [`Alias::check_local`](crate::Alias::check_local) takes, without `/ $ ' { }` and the
    /// backtick. Small letters and capitals are the same.
    pub local: String,
    /// The name that stands with the address in `From`.
    pub from_name: Option<String>,
    /// The subject of the answer. cPanel puts in the subject of the mail for `%subject%`, its
    /// sender's address for `%from%` and `%email%`, here and in the text. `None` is its own
    /// `Re: %subject%`.
    pub subject: Option<String>,
    /// What the text is.
    pub content_type: ContentType,
    /// The name of the character set. The text is written as UTF-8, and another set is taken only
    /// where all of it is ASCII.
    pub charset: String,
    /// The text. Lines may end with CR LF; they are written with LF.
    pub body: String,
    /// How many hours pass before the same sender gets another answer; 0 answers every mail.
    pub interval_hours: u32,
    /// When answering begins, in seconds since 1970; `None` is at once.
    pub start: Option<i64>,
    /// When it ends, in seconds since 1970; `None` is never.
    pub stop: Option<i64>,
}

/// What the text of an [`Autoresponder`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ContentType {
    /// `text/plain`.
    #[default]
    Plain,
    /// `text/html`.
    Html,
}

impl ContentType {
    pub(crate) fn text(self) -> &'static str {
        match self {
            ContentType::Plain => "text/plain",
            ContentType::Html => "text/html",
        }
    }
}
