//! What tells two copies of a message apart from another message.

use std::io::{self, Read};

use mail_model::transport::{Core, Lf};
use sha2::{Digest as _, Sha256};

/// No mail is larger.
const LARGEST: u64 = 4 << 30;

/// A message, in a few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    /// Of all its bytes, line ends counted as LF, and their number.
    pub(super) whole: ([u8; 32], u64),
    /// Of what is left without the fields of its way; None when that names no message.
    pub(super) core: Option<[u8; 32]>,
}

impl Digest {
    /// Reads a message to its end.
    pub(super) fn of(message: &mut dyn Read) -> io::Result<Digest> {
        let (mut lf, mut core) = (Lf::default(), Core::default());
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
        let core = core.is_identified().then(|| left.finalize().into());
        Ok(Digest { whole: (whole.finalize().into(), size), core })
    }
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
        assert_ne!(moved.whole, plain.whole);
        assert_eq!(moved.core, plain.core);
        assert_ne!(digest("Date: d\nSubject: s\n\nbody 2\n").core, plain.core);
        assert_eq!(digest("Received: by b\n\nbody\n").core, None);
    }
}
