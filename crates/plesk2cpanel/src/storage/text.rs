//! Messages whose lines are stored otherwise than in a maildir.

use std::io::{self, Read};

use mail_model::mbox::{Form, Plain};

const PIECE: usize = 16 << 10;

/// Reads the message behind lines in CRLF, an mbox's quoting, and a server's own fields.
pub(super) struct PlainReader<R> {
    stored: R,
    /// None at the end.
    plain: Option<Plain>,
    piece: Vec<u8>,
    ready: Vec<u8>,
    position: usize,
}

impl<R: Read> PlainReader<R> {
    pub(super) fn new(stored: R, form: Form) -> PlainReader<R> {
        let plain = Some(Plain::new(form));
        PlainReader { stored, plain, piece: vec![0; PIECE], ready: Vec::new(), position: 0 }
    }
}

impl<R: Read> Read for PlainReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.ready.len() {
            let Some(plain) = &mut self.plain else { return Ok(0) };
            let read = match self.stored.read(&mut self.piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.ready.clear();
            self.position = 0;
            if read > 0 {
                plain.push(&self.piece[..read], &mut self.ready);
            } else if let Some(plain) = self.plain.take() {
                plain.finish(&mut self.ready);
            }
        }
        let read = (&self.ready[self.position..]).read(buffer)?;
        self.position += read;
        Ok(read)
    }
}

/// Bytes and line ends of a message, counted as they go by.
#[derive(Debug, Default)]
pub(crate) struct LineEnds {
    bytes: u64,
    lf: u64,
    crlf: u64,
    /// Of these, after one more CR, which stays.
    crcrlf: u64,
    before: [u8; 2],
}

impl LineEnds {
    /// Takes the next bytes.
    pub(crate) fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                match self.before {
                    [b'\r', b'\r'] => (self.crlf, self.crcrlf) = (self.crlf + 1, self.crcrlf + 1),
                    [_, b'\r'] => self.crlf += 1,
                    _ => self.lf += 1,
                }
            }
            self.before = [self.before[1], *byte];
        }
        self.bytes += bytes.len() as u64;
    }

    /// Bytes with every CRLF as LF.
    pub(crate) fn in_lf(&self) -> u64 {
        self.bytes - self.crlf
    }

    /// Bytes of that with every LF as CRLF again.
    pub(crate) fn in_crlf(&self) -> u64 {
        self.in_lf() + self.lf + self.crlf - self.crcrlf
    }

    /// Whether a line ends in CRLF.
    pub(crate) fn has_crlf(&self) -> bool {
        self.crlf > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = self.1.min(buffer.len());
            (&mut self.0).take(end as u64).read(buffer)
        }
    }

    #[test]
    fn crlf_becomes_lf_and_nothing_else_changes() {
        for (stored, plain) in [
            ("", ""),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\nb\r\n", "a\nb\n"),
            ("a\r\r\nb\rc\r", "a\r\nb\rc\r"),
            (">From a\r\n\r\n", ">From a\n\n"),
            ("Status: RO\r\nX-UID: 3\r\n\r\n", "Status: RO\nX-UID: 3\n\n"),
        ] {
            for piece in 1..5 {
                let form = Form { crlf: true, ..Form::default() };
                let mut reader = PlainReader::new(Slow(stored.as_bytes(), piece), form);
                let mut found = String::new();
                reader.read_to_string(&mut found).unwrap();
                assert_eq!(found, plain);
            }
            let mut ends = LineEnds::default();
            stored.as_bytes().chunks(2).for_each(|piece| ends.count(piece));
            assert_eq!(ends.in_lf(), plain.len() as u64, "{stored:?}");
            let bare = plain.replace("\r\n", "").matches('\n').count();
            assert_eq!(ends.in_crlf(), (plain.len() + bare) as u64, "{stored:?}");
        }
    }

    #[test]
    fn an_error_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidData.into())
            }
        }
        let mut reader = PlainReader::new((&b"a\r\n"[..]).chain(Broken), Form::default());
        assert!(reader.read_to_end(&mut Vec::new()).is_err());
    }
}
