//! Writes a multipart file as a stream.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;

use super::{PsadumpOptions, TransferEncoding};

/// Longest line of encoded text.
const LINE: usize = 76;
const BOUNDARY: &str = "_----------=_1165935600123450";
const OUTER_BOUNDARY: &str = "----6D1A5A9C5B0F4E3D2C1B0A";

/// A multipart that is being written.
pub(super) struct Multipart<W> {
    out: W,
    line_end: &'static str,
    encoding: TransferEncoding,
    signed: bool,
    version: String,
}

impl<W: Write> Multipart<W> {
    pub(super) fn new(out: W, options: &PsadumpOptions) -> Self {
        Self {
            out,
            line_end: if options.has_returns { "\r\n" } else { "\n" },
            encoding: options.encoding,
            signed: options.signed,
            version: options.dump_version.clone(),
        }
    }

    /// The head. That of a real psadump may have more fields; of `Date` nothing is known, and it
    /// is the only place where a psadump could say when it was made.
    pub(super) fn begin(&mut self, stamp: &str) -> io::Result<()> {
        let version = self.version.clone();
        let (kind, boundary) =
            if self.signed { ("signed", OUTER_BOUNDARY) } else { ("mixed", BOUNDARY) };
        self.lines(&[
            "MIME-Version: 1.0",
            &format!("Date: {}", date(stamp)),
            &format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\""),
            &format!("Dumped-Psa-Version: {version}"),
            "",
        ])?;
        if self.signed {
            self.lines(&[
                "This is a multi-part message in MIME format.",
                &format!("--{OUTER_BOUNDARY}"),
                &format!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\""),
                "",
                "",
            ])?;
        }
        Ok(())
    }

    /// A part with these fields, whose content `content` writes.
    pub(super) fn part(
        &mut self,
        header: &[(&str, &str)],
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.lines(&[&format!("--{BOUNDARY}")])?;
        for (name, value) in header {
            self.lines(&[&format!("{name}: {value}")])?;
        }
        let name = match self.encoding {
            TransferEncoding::Binary => "binary",
            TransferEncoding::Base64 => "base64",
            TransferEncoding::QuotedPrintable => "quoted-printable",
        };
        self.lines(&[&format!("Content-Transfer-Encoding: {name}"), ""])?;
        let line_end = self.line_end.as_bytes();
        match self.encoding {
            TransferEncoding::Binary => content(&mut self.out)?,
            TransferEncoding::Base64 => {
                let lines = InLines { out: &mut self.out, line_end, soft: b"", filled: 0 };
                let mut encoder = EncoderWriter::new(lines, &STANDARD);
                content(&mut encoder)?;
                encoder.finish()?;
            }
            TransferEncoding::QuotedPrintable => {
                let lines = InLines { out: &mut self.out, line_end, soft: b"=", filled: 0 };
                content(&mut QuotedPrintable(lines))?;
            }
        }
        self.lines(&[""])
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.lines(&[&format!("--{BOUNDARY}--")])?;
        if self.signed {
            self.lines(&[
                &format!("--{OUTER_BOUNDARY}"),
                "Content-Type: application/x-pkcs7-signature; name=\"smime.p7s\"",
                "Content-Disposition: attachment; filename=\"smime.p7s\"",
                "",
                "no signature",
                &format!("--{OUTER_BOUNDARY}--"),
            ])?;
        }
        self.out.flush()
    }

    fn lines(&mut self, lines: &[&str]) -> io::Result<()> {
        for line in lines {
            self.out.write_all(line.as_bytes())?;
            self.out.write_all(self.line_end.as_bytes())?;
        }
        Ok(())
    }
}

/// `Tue, 12 Dec 2006 15:08:00 +0000`, without the day of the week, which nobody needs.
fn date(stamp: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = stamp[2..4].parse::<usize>().unwrap_or(1).clamp(1, 12);
    format!(
        "{} {} 20{} {}:{}:00 +0000",
        &stamp[4..6],
        MONTHS[month - 1],
        &stamp[..2],
        &stamp[6..8],
        &stamp[8..]
    )
}

/// Breaks what is written into lines; what belongs together is written in one piece.
struct InLines<'a, W> {
    out: &'a mut W,
    line_end: &'a [u8],
    /// What stands at the end of a line that goes on.
    soft: &'a [u8],
    filled: usize,
}

impl<W: Write> InLines<'_, W> {
    fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.filled + piece.len() + self.soft.len() > LINE {
            self.out.write_all(self.soft)?;
            self.out.write_all(self.line_end)?;
            self.filled = 0;
        }
        self.filled += piece.len();
        self.out.write_all(piece)
    }
}

impl<W: Write> Write for InLines<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // All at once: an encoder above takes a part of it for the end.
        let (first, rest) = bytes.split_at(bytes.len().min(LINE - self.filled));
        if !first.is_empty() {
            self.piece(first)?;
        }
        rest.chunks(LINE).try_for_each(|line| self.piece(line))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct QuotedPrintable<'a, W>(InLines<'a, W>);

impl<W: Write> Write for QuotedPrintable<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            match byte {
                b'!'..=b'<' | b'>'..=b'~' => self.0.piece(&[*byte])?,
                _ => self.0.piece(format!("={byte:02X}").as_bytes())?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
