//! How the old server stored a message, where that is not the message itself: compressed, with
//! Windows' line ends, or in the middle of an mbox.
//!
//! What is written is the message as a maildir holds it. Its size stands in the new archive before
//! its bytes do, so the first pass counts what the second one will read.

mod compression;
mod text;

use std::io::{self, Read};

use mail_model::mbox::Form;

pub(crate) use self::compression::{Compression, HEAD};
pub(crate) use self::text::LineEnds;
use self::text::PlainReader;

/// How a message is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Storage {
    /// As it is: a member holds the message and nothing else.
    Plain,
    /// A member holds the message compressed.
    Compressed(Compression),
    /// A member holds the message with lines that end in CRLF.
    Crlf,
    /// A member is an mbox that holds the message among others.
    Mbox(Stretch),
}

/// Where in an mbox a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    /// Bytes of the mbox before it.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// How these bytes are to be read.
    pub form: Form,
}

impl Storage {
    /// The message behind a member's bytes; of an mbox these are the bytes of the stretch.
    ///
    /// # Errors
    /// When a decoder can't be set up.
    pub(crate) fn reader<'a>(self, stored: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Storage::Plain => Box::new(stored),
            Storage::Compressed(compression) => compression.decoder(stored)?,
            Storage::Crlf => {
                let form = Form { crlf: true, ..Form::default() };
                Box::new(PlainReader::new(stored, form))
            }
            Storage::Mbox(stretch) if stretch.form.is_plain() => Box::new(stored),
            Storage::Mbox(stretch) => Box::new(PlainReader::new(stored, stretch.form)),
        })
    }
}
