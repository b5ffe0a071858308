//! What a rule asks of a message.

use crate::{Text, Unsupported};

/// A condition. Names of header fields do not tell capitals apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    True,
    /// Never.
    False,
    /// All of them hold.
    AllOf(Vec<Condition>),
    /// At least one of them holds.
    AnyOf(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The value of one of these header fields, unfolded, decoded and without blanks around it.
    Header {
        /// The fields.
        names: Vec<Text>,
        /// Which of these fields counts; every one when absent.
        index: Option<Index>,
        /// What the value must be like.
        comparison: Comparison,
    },
    /// An address in one of these header fields.
    Address {
        /// Which part of it counts.
        part: AddressPart,
        /// The fields.
        names: Vec<Text>,
        /// Which of these fields counts; every one when absent.
        index: Option<Index>,
        /// What the part must be like.
        comparison: Comparison,
    },
    /// An address of the SMTP envelope.
    Envelope {
        /// Which part of it counts.
        part: AddressPart,
        /// `from`, `to`, or what an extension names.
        names: Vec<Text>,
        /// What the part must be like.
        comparison: Comparison,
    },
    /// The message is larger than so many bytes.
    SizeOver(u64),
    /// The message is smaller than so many bytes.
    SizeUnder(u64),
    /// The message has each of these header fields.
    Exists {
        /// The fields.
        names: Vec<Text>,
    },
    /// The body (RFC 5173).
    Body {
        /// What counts as the body.
        transform: BodyTransform,
        /// What it must be like.
        comparison: Comparison,
    },
    /// A date in a header field (RFC 5260).
    Date {
        /// The field.
        name: Text,
        /// The time zone that the date is converted to before it is looked at.
        zone: Zone,
        /// Which of several fields of that name counts; the first when absent.
        index: Option<Index>,
        /// The part of the date: `date`, `hour`, `weekday`, `iso8601`, ...
        part: Text,
        /// What the part must be like.
        comparison: Comparison,
    },
    /// The time at which the script runs (RFC 5260).
    CurrentDate {
        /// The time zone; never [`Zone::Original`].
        zone: Zone,
        /// The part of the date: `date`, `hour`, `weekday`, `iso8601`, ...
        part: Text,
        /// What the part must be like.
        comparison: Comparison,
    },
    /// A test outside the subset. Whether it holds cannot be said.
    Unsupported(Unsupported),
}

/// How values are compared, and with what. One value and one key that fit are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub matching: Matching,
    /// Which characters are the same.
    pub comparator: Comparator,
    /// With what.
    pub keys: Vec<Text>,
}

/// How a value and a key are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// Both are the same; the default.
    #[default]
    Is,
    /// The key is a part of the value.
    Contains,
    /// The key is a pattern: `*` for any characters, `?` for one, `\` before one of them takes its
    /// meaning away.
    Matches,
    /// The key is a POSIX extended regular expression.
    Regex,
    /// The value stands in this relation to the key (RFC 5231).
    Value(Relation),
    /// The number of values stands in this relation to the key (RFC 5231).
    Count(Relation),
}

/// A relation (RFC 5231).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
}

/// Which characters are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparator {
    /// `i;octet`: the same bytes only.
    Octet,
    /// `i;ascii-casemap`: ASCII letters in either case; the default.
    #[default]
    AsciiCasemap,
    /// `i;ascii-numeric`: the number that the digits at the beginning make, and above all numbers
    /// what begins with no digit (RFC 4790).
    AsciiNumeric,
}

/// Which part of an address counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPart {
    /// `local@domain`, without display name; the default.
    #[default]
    All,
    /// What is left of the `@`.
    LocalPart,
    /// What is right of the `@`.
    Domain,
    /// The local part up to the separator, mostly `+` (RFC 5233).
    User,
    /// The local part behind the separator (RFC 5233).
    Detail,
}

/// Which of several header fields counts (RFC 5260).
///
/// Pigeonhole 0.5.19 was measured to count through all fields of the first name, then through those
/// of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// From 1.
    pub number: u64,
    /// Whether counting begins at the last one.
    pub last: bool,
}

/// What counts as the body (RFC 5173).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BodyTransform {
    /// The text that people read, decoded; the default.
    #[default]
    Text,
    /// Everything below the header, as it is.
    Raw,
    /// The decoded parts of these content types.
    Content(Vec<Text>),
}

/// Into which time zone a date is converted (RFC 5260).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// The server's; the default.
    #[default]
    Server,
    /// The date's own.
    Original,
    /// This one, as `+0100`.
    Given(Text),
}
