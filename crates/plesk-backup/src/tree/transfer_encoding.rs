//! Parts of a mail-like file that are spelled in ASCII: base64 and quoted-printable, as streams.

use std::io::{self, Read};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const BUFFER: usize = 32 * 1024;
/// Some encoders leave bits over in the last symbol.
const SYMBOLS: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
/// Blanks at the end of a line are none; more of them than this stand for themselves, so that a
/// file of blanks needs no memory.
const BLANKS: usize = 4096;

/// What is wrong with an encoded text, and at which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Garbled {
    pub(super) at: u64,
    pub(super) detail: String,
}

/// Takes pieces of an encoded text and appends what they stand for.
pub(super) trait Decode {
    /// What was decoded before an error is appended as well.
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Garbled>;
    /// After the last piece.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Garbled>;
}

/// Base64 in lines. White space is skipped, and nothing else: RFC 2045 would have other characters
/// skipped as well, and a flipped bit would shift all bytes after it without a word.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    symbols: Vec<u8>,
    has_ended: bool,
    taken: u64,
}

impl Base64 {
    fn decode_groups(&mut self, out: &mut Vec<u8>) -> Result<(), Garbled> {
        let whole = self.symbols.len() / 4 * 4;
        self.decode(whole, out)
    }

    fn decode(&mut self, count: usize, out: &mut Vec<u8>) -> Result<(), Garbled> {
        let at = self.taken;
        let result = SYMBOLS.decode_vec(&self.symbols[..count], out);
        self.symbols.drain(..count);
        // Only a symbol on its own at the end can be wrong here.
        result.map_err(|error| Garbled { at, detail: format!("it is no base64: {error}") })
    }
}

impl Decode for Base64 {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Garbled> {
        for (index, byte) in piece.iter().enumerate() {
            let wrong = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if !self.has_ended => {
                    self.symbols.push(*byte);
                    continue;
                }
                b'\r' | b'\n' | b' ' | b'\t' => continue,
                b'=' => {
                    self.has_ended = true;
                    continue;
                }
                _ if self.has_ended => "something follows the end of base64".to_owned(),
                other => format!("`{}` is no base64", [*other].escape_ascii()),
            };
            let at = self.taken + index as u64;
            self.decode_groups(out)?;
            return Err(Garbled { at, detail: wrong });
        }
        self.taken += piece.len() as u64;
        self.decode_groups(out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Garbled> {
        self.decode(self.symbols.len(), out)
    }
}

/// Quoted-printable. What cannot be a code stands for itself, as everybody reads it.
#[derive(Debug, Default)]
pub(super) struct QuotedPrintable {
    /// Blanks that may be the end of a line.
    blanks: Vec<u8>,
    /// A code or a soft line break that has begun.
    code: Vec<u8>,
}

impl QuotedPrintable {
    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        if !self.code.is_empty() {
            self.code.push(byte);
            self.take_code(out);
            return;
        }
        match byte {
            b' ' | b'\t' | b'\r' if self.blanks.len() < BLANKS => self.blanks.push(byte),
            b'\n' => {
                // The line break is kept as it is spelled.
                let has_return = self.blanks.last() == Some(&b'\r');
                self.blanks.clear();
                out.extend_from_slice(if has_return { b"\r\n" } else { b"\n" });
            }
            b'=' => {
                out.append(&mut self.blanks);
                self.code.push(byte);
            }
            _ => {
                out.append(&mut self.blanks);
                out.push(byte);
            }
        }
    }

    fn take_code(&mut self, out: &mut Vec<u8>) {
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match self.code.as_slice() {
            // Blanks may have been added behind the sign of a soft line break.
            [b'=', blanks @ .., b'\n'] if blanks.iter().all(|byte| b" \t\r".contains(byte)) => {
                self.code.clear();
            }
            [b'=', blanks @ ..]
                if blanks.len() < BLANKS && blanks.iter().all(|byte| b" \t\r".contains(byte)) => {}
            [b'=', first] if digit(*first).is_some() => {}
            [b'=', first, second] => match (digit(*first), digit(*second)) {
                (Some(first), Some(second)) => {
                    out.push(first * 16 + second);
                    self.code.clear();
                }
                _ => self.give_up(out),
            },
            _ => self.give_up(out),
        }
    }

    /// The sign stands for itself, and what came behind it is looked at once more.
    fn give_up(&mut self, out: &mut Vec<u8>) {
        let code = std::mem::take(&mut self.code);
        out.push(b'=');
        for byte in &code[1..] {
            self.take(*byte, out);
        }
    }
}

impl Decode for QuotedPrintable {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Garbled> {
        for byte in piece {
            self.take(*byte, out);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Garbled> {
        // The line break of what stands last belongs to the boundary: blanks are at the end of a
        // line, and a sign without a code is a soft line break.
        if self.code[1.min(self.code.len())..].iter().any(|byte| !b" \t\r".contains(byte)) {
            out.append(&mut self.code);
        }
        self.code.clear();
        self.blanks.clear();
        Ok(())
    }
}

/// Reads what an encoded text stands for.
pub(super) struct DecodingReader<D, R> {
    decoder: D,
    inner: R,
    piece: Vec<u8>,
    decoded: Vec<u8>,
    given: usize,
    state: State,
}

enum State {
    Reading,
    Garbled(Garbled),
    Ended,
}

impl<D: Decode, R: Read> DecodingReader<D, R> {
    pub(super) fn new(decoder: D, inner: R) -> DecodingReader<D, R> {
        let (piece, decoded) = (vec![0; BUFFER], Vec::new());
        DecodingReader { decoder, inner, piece, decoded, given: 0, state: State::Reading }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.given = 0;
        let count = loop {
            match self.inner.read(&mut self.piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let result = if count == 0 {
            self.state = State::Ended;
            self.decoder.finish(&mut self.decoded)
        } else {
            self.decoder.push(&self.piece[..count], &mut self.decoded)
        };
        if let Err(garbled) = result {
            self.state = State::Garbled(garbled);
        }
        Ok(())
    }
}

impl<D: Decode, R: Read> Read for DecodingReader<D, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() && !buffer.is_empty() {
            match &self.state {
                State::Reading => self.refill()?,
                State::Ended => return Ok(0),
                State::Garbled(Garbled { at, detail }) => {
                    let text = format!("byte {at} of the encoded text: {detail}");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        }
        let left = &self.decoded[self.given..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

/// How much an encoded text stands for, found while it goes by.
pub(super) struct Counter {
    decoder: Box<dyn Decode>,
    scratch: Vec<u8>,
    decoded: u64,
    garbled: Option<Garbled>,
}

impl Counter {
    pub(super) fn new(decoder: Box<dyn Decode>) -> Counter {
        Counter { decoder, scratch: Vec::new(), decoded: 0, garbled: None }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        for piece in piece.chunks(BUFFER) {
            if self.garbled.is_none() {
                let result = self.decoder.push(piece, &mut self.scratch);
                self.note(result);
            }
        }
    }

    /// Bytes that can be decoded; and where the text is no such text, what is wrong with it.
    pub(super) fn finish(mut self) -> (u64, Option<Garbled>) {
        if self.garbled.is_none() {
            let result = self.decoder.finish(&mut self.scratch);
            self.note(result);
        }
        (self.decoded, self.garbled)
    }

    fn note(&mut self, result: Result<(), Garbled>) {
        self.decoded += self.scratch.len() as u64;
        self.scratch.clear();
        self.garbled = result.err();
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let wanted = buffer.len().min(self.1);
            self.0.read(&mut buffer[..wanted])
        }
    }

    fn decode(decoder: impl Decode, text: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        DecodingReader::new(decoder, Slowly(text, step)).read_to_end(&mut out)?;
        Ok(out)
    }

    fn count(decoder: impl Decode + 'static, text: &[u8], step: usize) -> (u64, Option<Garbled>) {
        let mut counter = Counter::new(Box::new(decoder));
        for piece in text.chunks(step) {
            counter.push(piece);
        }
        counter.finish()
    }

    fn quoted(text: &str) -> String {
        let decoded = decode(QuotedPrintable::default(), text.as_bytes(), 2).unwrap();
        assert_eq!(count(QuotedPrintable::default(), text.as_bytes(), 3).0, decoded.len() as u64);
        String::from_utf8_lossy(&decoded).into_owned()
    }

    #[test]
    fn quoted_printable_as_it_is_written() {
        // python3 -c 'import quopri; print(quopri.decodestring(b"..."))'
        assert_eq!(quoted("a=3Db =e2=82=AC"), "a=b \u{20ac}");
        assert_eq!(quoted("soft=\r\n break=  \t\nhere"), "soft breakhere");
        assert_eq!(quoted("blanks  \t\r\nand \n\n x\ty  "), "blanks\r\nand\n\n x\ty");
        assert_eq!(quoted("no code: =x1 =4 =4g == =\r=41"), "no code: =x1 =4 =4g == =\rA");
        assert_eq!(quoted("cut = \t"), "cut ");
        assert_eq!(quoted("cut =4"), "cut =4");
        let blanks = " ".repeat(BLANKS + 2);
        assert_eq!(quoted(&format!("{blanks}x")), format!("{blanks}x"));
    }

    #[test]
    fn base64_that_is_none_is_told_with_its_place() {
        let text = b"QUJD\r\nREVG\r\nR!hJ\r\n";
        assert_eq!(
            decode(Base64::default(), text, 5).unwrap_err().to_string(),
            "byte 13 of the encoded text: `!` is no base64"
        );
        let (decoded, garbled) = count(Base64::default(), text, 4);
        assert_eq!((decoded, garbled.unwrap().at), (6, 13));
        // Two texts one after another were not written by one encoder.
        let error = decode(Base64::default(), b"QQ==QUJD", 100).unwrap_err().to_string();
        assert!(error.contains("byte 4") && error.contains("follows the end"), "{error}");
        let error = decode(Base64::default(), b"QUJDR", 100).unwrap_err().to_string();
        assert!(error.contains("byte 5"), "{error}");
        // Padding may be missing.
        assert_eq!(decode(Base64::default(), b"QUJDRA", 1).unwrap(), b"ABCD");
    }

    proptest! {
        #[test]
        fn base64_in_any_lines(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            line in 1_usize..80, step in 1_usize..90, ends in "\r?\n ?",
        ) {
            let whole = STANDARD.encode(&bytes);
            let lines: Vec<&[u8]> = whole.as_bytes().chunks(line).collect();
            let text = lines.join(ends.as_bytes());
            let size = bytes.len() as u64;
            prop_assert_eq!(decode(Base64::default(), &text, step).unwrap(), bytes);
            prop_assert_eq!(count(Base64::default(), &text, step), (size, None));
        }

        #[test]
        fn quoted_printable_of_any_bytes(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), step in 1_usize..90,
        ) {
            let mut text = Vec::new();
            for (index, byte) in bytes.iter().enumerate() {
                match byte {
                    b'!'..=b'<' | b'>'..=b'~' => text.push(*byte),
                    _ => text.extend_from_slice(format!("={byte:02X}").as_bytes()),
                }
                if index % 20 == 19 {
                    text.extend_from_slice(b"=\r\n");
                }
            }
            let size = bytes.len() as u64;
            prop_assert_eq!(decode(QuotedPrintable::default(), &text, step).unwrap(), bytes);
            prop_assert_eq!(count(QuotedPrintable::default(), &text, step), (size, None));
        }

        #[test]
        fn pieces_make_no_difference(text in "[=\r\n \t0-9A-Fg]{0,60}", step in 1_usize..9) {
            let text = text.as_bytes();
            let whole = decode(QuotedPrintable::default(), text, 1000).unwrap();
            prop_assert_eq!(decode(QuotedPrintable::default(), text, step).unwrap(), whole.clone());
            prop_assert_eq!(count(QuotedPrintable::default(), text, step).0, whole.len() as u64);
        }
    }
}
