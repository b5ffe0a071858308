//! What is outside the subset, verbatim.

use crate::Text;
use std::ops::Range;

/// A piece of a script that is no part of the subset, or not in the form that its name asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Its bytes in the script.
    pub source: Range<usize>,
    /// The bytes themselves.
    pub text: Text,
    /// Why it was not understood.
    pub reason: Reason,
}

/// Why a piece of a script was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A command outside the subset.
    #[error("the command `{name}` is not known")]
    UnknownCommand {
        /// Its name.
        name: String,
    },
    /// A test outside the subset.
    #[error("the test `{name}` is not known")]
    UnknownTest {
        /// Its name.
        name: String,
    },
    /// A tag that the command or test does not have in the subset.
    #[error("the tag `:{name}` is not known here")]
    UnknownTag {
        /// Its name, without the colon.
        name: String,
    },
    /// A tag that stands beside itself or beside one that excludes it.
    #[error("the tag `:{name}` stands beside itself or one that excludes it")]
    ConflictingTag {
        /// Its name, without the colon.
        name: String,
    },
    /// Something else stands where an argument must stand.
    #[error("{expected} is missing")]
    Missing {
        /// What must stand there.
        expected: &'static str,
    },
    /// More stands there than the command or test has.
    #[error("{unexpected} too many")]
    TooMany {
        /// What there is too much of.
        unexpected: &'static str,
    },
    /// A value that its argument cannot have.
    #[error("{value:?} is no {kind}")]
    Value {
        /// What the argument is.
        kind: &'static str,
        /// The value.
        value: Text,
    },
    /// A string with a reference to a variable (RFC 5229), known only when a message arrives.
    #[error("{text:?} holds a variable")]
    Variable {
        /// The string.
        text: Text,
    },
    /// A string with a character in the notation of the `encoded-character` extension.
    #[error("{text:?} holds an encoded character")]
    EncodedCharacter {
        /// The string.
        text: Text,
    },
    /// An `elsif` or `else` with no `if` before it.
    #[error("there is no `if` before it")]
    WithoutIf,
    /// A `require` that is not at the beginning of the script.
    #[error("it stands behind other commands")]
    LateRequire,
}
