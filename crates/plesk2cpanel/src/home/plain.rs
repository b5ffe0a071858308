//! A message as it was before a server compressed it.

use std::io::{self, Read};

use crate::storage::{Compression, HEAD};

/// The message behind the bytes of a file, unpacked where the server stored it compressed.
///
/// # Errors
/// When nothing can be read, or the decoder can't be set up.
pub(crate) fn plain<'a>(mut stored: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut stored).take(HEAD as u64).read_to_end(&mut head)?;
    let compression = Compression::detect(&head);
    let whole = io::Cursor::new(head).chain(stored);
    match compression {
        Some(compression) => compression.decoder(whole),
        None => Ok(Box::new(whole)),
    }
}
