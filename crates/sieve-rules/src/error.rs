//! Why bytes are no Sieve script.

/// Bytes that are no Sieve script: where, and why.
///
/// Dovecot runs nothing of a script that it cannot parse, so there is no reading of the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ParseError {
    /// The line, from 1; lines end with LF.
    pub line: usize,
    /// The byte in that line, from 1.
    pub column: usize,
    /// The offset in the script, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The script is larger than [`MAX_SIZE`](crate::MAX_SIZE).
    #[error("the script has {size} bytes, more than {limit}")]
    TooLarge {
        /// How large it is, in bytes.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// Blocks and tests stand deeper in each other than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("blocks and tests stand more than {limit} deep in each other")]
    TooDeep {
        /// How deep they may stand.
        limit: usize,
    },
    /// A byte that begins nothing.
    #[error("byte {byte:#04x} begins nothing that Sieve knows")]
    UnexpectedByte {
        /// The byte.
        byte: u8,
    },
    /// A NUL inside a comment or a string.
    #[error("a NUL")]
    Nul,
    /// A CR inside a string with no LF behind it.
    #[error("a carriage return without a line feed")]
    LoneCarriageReturn,
    /// A comment that begins with `/*` and has no end.
    #[error("the comment that begins here has no end")]
    UnclosedComment,
    /// A string without the `"` at its end.
    #[error("the string that begins here has no end")]
    UnclosedString,
    /// A text without the line with a single dot at its end.
    #[error("the text that begins here has no line with a single dot at its end")]
    UnclosedText,
    /// Something between `text:` and the end of its line.
    #[error("byte {byte:#04x} between `text:` and the end of the line")]
    AfterTextColon {
        /// The first byte that may not stand there.
        byte: u8,
    },
    /// A number above 2^64 - 1.
    #[error("the number is larger than {limit}")]
    NumberTooLarge {
        /// The largest number there is.
        limit: u64,
    },
    /// A letter behind a number that is none of K, M and G, or something behind that letter.
    #[error("byte {byte:#04x} behind a number")]
    NumberSuffix {
        /// The byte.
        byte: u8,
    },
    /// Something stands where something else must stand.
    #[error("{expected} must stand here, but there is {found}")]
    Expected {
        /// What must stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
}

impl ParseError {
    /// Works out line and column.
    pub(crate) fn at(script: &[u8], offset: usize, kind: ParseErrorKind) -> Self {
        let before = script.get(..offset).unwrap_or(script);
        let (mut line, mut column) = (1, 1);
        for byte in before {
            (line, column) = if *byte == b'\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        Self { line, column, offset, kind }
    }
}
