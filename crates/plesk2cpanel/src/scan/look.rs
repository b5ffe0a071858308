//! A look into a message: how it is stored, and what its headers say.

use std::io::{self, Cursor, Read};

use plesk_backup::Member;

use super::Depth;
use crate::storage::{Compression, HEAD, Storage};

/// As much of a message as its headers are looked for in.
pub(super) const HEADERS: usize = 64 << 10;
/// No mail is larger. A file that unpacks to more is left as it is stored.
const LARGEST: u64 = 4 << 30;

/// What a look found.
pub(super) struct Facts {
    /// Bytes of the message itself.
    pub(super) size: u64,
    /// How the message is stored.
    pub(super) storage: Storage,
    /// It begins like something compressed, and is not.
    pub(super) undecodable: bool,
    pub(super) headers: HeaderFacts,
}

/// What the headers of a message say.
#[derive(Default)]
pub(super) struct HeaderFacts {
    pub(super) x_uidl: Option<Vec<u8>>,
    pub(super) malformed: bool,
}

/// Looks into a member. A message that is cut is found by the walk itself, so errors of reading say
/// nothing here.
pub(super) fn look(depth: Depth, member: &mut Member<'_>) -> Facts {
    let mut head = Vec::new();
    let _ = member.take(HEAD as u64).read_to_end(&mut head);
    let mut facts = Facts {
        size: member.size,
        storage: Storage::Plain,
        undecodable: false,
        headers: HeaderFacts::default(),
    };
    if let Some(compression) = Compression::detect(&head) {
        match unpack(compression, Cursor::new(&head).chain(member)) {
            Ok((headers, size)) => {
                facts.size = size;
                facts.storage = Storage::Compressed(compression);
                head = headers;
            }
            Err(_) => facts.undecodable = true,
        }
    } else if depth.x_uidl || depth.malformed {
        let _ = member.take((HEADERS - HEAD) as u64).read_to_end(&mut head);
    }
    facts.headers = headers(depth, &head);
    facts
}

/// What is asked of the first bytes of a message.
pub(super) fn headers(depth: Depth, head: &[u8]) -> HeaderFacts {
    if !depth.x_uidl && !depth.malformed {
        return HeaderFacts::default();
    }
    let headers = mail_model::headers::inspect(head);
    HeaderFacts {
        x_uidl: headers.x_uidl.filter(|_| depth.x_uidl),
        malformed: depth.malformed && headers.malformed.is_some(),
    }
}

/// The beginning of a compressed message, and how long it is.
fn unpack(compression: Compression, stored: impl Read) -> io::Result<(Vec<u8>, u64)> {
    let mut decoder = compression.decoder(stored)?;
    let mut headers = Vec::new();
    let first = decoder.by_ref().take(HEADERS as u64).read_to_end(&mut headers)? as u64;
    let rest = io::copy(&mut decoder.take(LARGEST), &mut io::sink())?;
    if rest == LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than any mail"));
    }
    Ok((headers, first + rest))
}
