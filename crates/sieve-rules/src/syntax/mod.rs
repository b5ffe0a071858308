//! The grammar of RFC 5228: any script as commands, tests and arguments, without their meaning.
//!
//! ```
//! use sieve_rules::syntax::{parse, print};
//! let syntax = parse(b"if TRUE { keep; } # done")?;
//! assert_eq!(syntax.commands[0].name, "if");
//! assert_eq!(syntax.comments.len(), 1);
//! assert_eq!(print(&syntax.commands), b"if true {\n    keep;\n}\n");
//! # Ok::<(), sieve_rules::ParseError>(())
//! ```

mod lexer;
mod parser;
mod print;

pub use parser::parse;
pub(crate) use parser::parse_test;
pub use print::print;

use crate::Text;
use std::ops::Range;

/// The largest script that is read, in bytes: Dovecot's default for `sieve_max_script_size`.
pub const MAX_SIZE: usize = 1 << 20;

/// How deep commands and tests may stand in each other, the outermost being the first. Pigeonhole
/// 0.5.19 was measured to take 31 blocks with a test 31 deep inside.
pub const MAX_DEPTH: usize = 64;

/// A script, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Syntax {
    /// The commands at top level.
    pub commands: Vec<Command>,
    /// All comments, also those inside commands, as they follow each other.
    pub comments: Vec<Comment>,
}

/// Where a comment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Whether it begins with `#` and ends with the line; otherwise it is between `/*` and `*/`.
    pub hash: bool,
    /// Its bytes, the marks included, an end of line not.
    pub source: Range<usize>,
}

/// A command: an action or a control structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name, in lower case.
    pub name: String,
    /// What follows the name.
    pub arguments: Vec<Argument>,
    /// The tests behind the arguments.
    pub tests: Tests,
    /// The commands between braces, when it ends in such a block and not in a semicolon.
    pub block: Option<Vec<Command>>,
    /// Its bytes, from the name to the semicolon or closing brace.
    pub source: Range<usize>,
}

/// A test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Its name, in lower case.
    pub name: String,
    /// What follows the name.
    pub arguments: Vec<Argument>,
    /// The tests inside.
    pub tests: Tests,
    /// Its bytes, from the name to the end of the last argument or test.
    pub source: Range<usize>,
}

/// Tests behind a command or inside another test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tests {
    /// None.
    #[default]
    None,
    /// One without parentheses.
    One(Box<Test>),
    /// Some between parentheses; never empty when it was read.
    List(Vec<Test>),
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// What it is.
    pub value: Value,
    /// Its bytes.
    pub source: Range<usize>,
}

/// What an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A tag: lower case, without its colon.
    Tag(String),
    /// A number, its K, M or G multiplied out.
    Number(u64),
    /// A string without its escapes or stuffed dots, line ends as they are in the script.
    Text(Text),
    /// Strings between brackets; never empty when it was read.
    List(Vec<Text>),
}
