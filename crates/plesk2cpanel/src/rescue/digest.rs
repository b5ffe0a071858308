//! What tells two copies of a message apart from another message.

use std::io::{self, Read};

use mail_model::transport::{self, Lf};
use sha2::{Digest as _, Sha256};

/// No mail is larger.
const LARGEST: u64 = 4 << 30;

/// A message, in a few bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    /// Of all its bytes, line ends counted as LF, and their number.
    pub(super) whole: ([u8; 32], u64),
    /// What is left without the fields of its way; None when that names no message.
    pub(super) core: Option<Core>,
}

/// A message without the fields of its way, and that way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// Of what is left.
    pub(super) left: [u8; 32],
    /// For each server on its way, the last first: of its `Received` and of all before that. A copy
    /// has those of the message that it is of, and new ones in front. Another message with the same
    /// text, as a device with a stopped clock sends them, came in at another time, and has others.
    pub(super) ways: Vec<[u8; 32]>,
    /// It has a `Message-ID` and a `Date`, so that it need not have come by any way.
    pub(super) is_named: bool,
}

impl Digest {
    /// Reads a message to its end.
    pub(super) fn of(message: &mut dyn Read) -> io::Result<Digest> {
        let (mut lf, mut core) = (Lf::default(), transport::Core::default());
        let (mut whole, mut left) = (Sha256::new(), Sha256::new());
        let mut buffer = vec![0; 64 << 10];
        let (mut plain, mut kept) = (Vec::new(), Vec::new());
        let (mut read_all, mut size) = (0, 0);
        loop {
            let read = match message.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            plain.clear();
            kept.clear();
            if read == 0 {
                lf.finish(&mut plain);
            } else {
                lf.push(&buffer[..read], &mut plain);
            }
            core.push(&plain, &mut kept);
            whole.update(&plain);
            left.update(&kept);
            size += plain.len() as u64;
            read_all += read as u64;
            if read == 0 {
                break;
            }
            if read_all > LARGEST {
                return Err(io::Error::other("larger than any mail"));
            }
        }
        let (has_id, has_date) = (core.has_id(), core.has_date());
        let core = core.received().filter(|_| has_id || has_date).map(|received| Core {
            left: left.finalize().into(),
            ways: ways(&received),
            is_named: has_id && has_date,
        });
        Ok(Digest { whole: (whole.finalize().into(), size), core })
    }
}

fn ways(received: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut ways = Vec::with_capacity(received.len());
    let mut before = [0; 32];
    for field in received.iter().rev() {
        before = Sha256::new().chain_update(before).chain_update(field).finalize().into();
        ways.push(before);
    }
    ways.reverse();
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn copies_are_told_by_what_they_share() {
        let plain = digest("Date: d\nSubject: s\n\nbody\n");
        assert_eq!(digest("Date: d\r\nSubject: s\r\n\r\nbody\r\n"), plain);
        let moved = digest("Received: by b\nDate: d\nSubject: s\n\nbody\n\n");
        let left = |digest: &Digest| digest.core.as_ref().map(|core| core.left);
        assert_ne!(moved.whole, plain.whole);
        assert_eq!(left(&moved), left(&plain));
        assert_ne!(left(&digest("Date: d\nSubject: s\n\nbody 2\n")), left(&plain));
        assert_eq!(digest("Received: by b\n\nbody\n").core, None);
        let further = digest("Received: by c\nReceived: by b\nDate: d\nSubject: s\n\nbody\n");
        assert_eq!(further.core.unwrap().ways[1..], moved.core.unwrap().ways);
    }
}
