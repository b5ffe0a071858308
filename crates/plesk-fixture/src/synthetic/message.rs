//! One message: headers, text, and an attachment when it is large enough.

use std::io::{self, Write};

use super::random::{Random, Words};
use crate::spec::SyntheticServer;

/// Lines of text, with their line end.
const TEXT_LINE: usize = 73;
/// Lines of base64, with their line end: 57 bytes in 76 letters.
const ATTACHMENT_LINE: usize = 77;
/// Smaller messages have no attachment.
const SMALLEST_WITH_ATTACHMENT: u64 = 8 * 1024;
/// Lines are gathered in pieces of about this size.
const PIECE: usize = 64 * 1024;

/// A message of which everything but the body is known.
pub(super) struct Message {
    /// File name without flags.
    pub(super) base_name: String,
    pub(super) time: i64,
    pub(super) size: u64,
    seed: u64,
    number: u64,
    head: String,
    text_bytes: u64,
    /// Headers of the attachment, its number of lines, and what closes the message.
    attachment: Option<(String, u64, String)>,
}

impl Message {
    /// A message of `size` bytes; one too small for its headers and a line gets these two.
    pub(super) fn new(
        seed: u64,
        number: u64,
        time: i64,
        size: u64,
        server: SyntheticServer,
    ) -> Self {
        let mut random = Random::new(seed, number);
        let token = random.next();
        let subject = ["Invoice", "Re: meeting", "Offer", "Fwd: photos", "Your order", "Minutes"]
            [(token % 6) as usize];
        let minute = time.rem_euclid(3600) / 60;
        let mut head = format!(
            "Return-Path: <sender{sender}@example.net>\n\
             Received: from mx.example.net (mx.example.net [192.0.2.{sender}])\n\
             \tby plesk.example.net (Postfix) with ESMTPS id {token:X}\n\
             \tfor <user@example.com>; Mon, 14 Sep 2020 12:{minute:02}:00 +0000 (UTC)\n\
             From: Sender {sender} <sender{sender}@example.net>\n\
             To: user@example.com\n\
             Subject: {subject} {number}\n\
             Date: Mon, 14 Sep 2020 12:{minute:02}:00 +0000\n\
             Message-ID: <{token:016x}.{number}@mx.example.net>\n\
             MIME-Version: 1.0\n",
            sender = token % 250 + 1,
        );
        let plain =
            "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n\n";
        let attachment = (size >= SMALLEST_WITH_ATTACHMENT).then(|| {
            let boundary = format!("=_{token:016x}_{number}");
            head += "Content-Type: multipart/mixed;\n boundary=\"";
            head += &boundary;
            head += "\"\n\n--";
            head += &boundary;
            head += "\n";
            let headers = format!(
                "--{boundary}\n\
                 Content-Type: application/pdf; name=\"document-{number}.pdf\"\n\
                 Content-Disposition: attachment; filename=\"document-{number}.pdf\"\n\
                 Content-Transfer-Encoding: base64\n\n"
            );
            (headers, format!("--{boundary}--\n"))
        });
        head.push_str(plain);
        let frame = match &attachment {
            Some((headers, end)) => head.len() + headers.len() + end.len(),
            None => head.len(),
        } as u64;
        let size = size.max(frame + TEXT_LINE as u64);
        let body = size - frame;
        // Four fifths of a large message are its attachment, in whole lines.
        let attachment =
            attachment.map(|(headers, end)| (headers, body / 5 * 4 / ATTACHMENT_LINE as u64, end));
        let attached =
            attachment.as_ref().map_or(0, |(_, lines, _)| lines * ATTACHMENT_LINE as u64);
        let mut message = Self {
            base_name: String::new(),
            time,
            size,
            seed,
            number,
            head,
            text_bytes: body - attached,
            attachment,
        };
        let micros = token % 1_000_000;
        let process = 1000 + number % 30_000;
        message.base_name = match server {
            SyntheticServer::Courier => {
                format!("{time}.M{micros}P{process}V801I{number:x}.plesk.example.net,S={size}")
            }
            _ => format!(
                "{time}.M{micros}P{process}.plesk.example.net,S={size},W={}",
                message.virtual_size()
            ),
        };
        message
    }

    /// Size with CR LF for every line end.
    pub(super) fn virtual_size(&self) -> u64 {
        let lines = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let attachment = self
            .attachment
            .as_ref()
            .map_or(0, |(headers, count, end)| lines(headers) + count + lines(end));
        self.size + lines(&self.head) + self.text_bytes.div_ceil(TEXT_LINE as u64) + attachment
    }

    pub(super) fn write(&self, words: &Words, out: &mut dyn Write) -> io::Result<()> {
        let mut random = Random::new(self.seed, !self.number);
        out.write_all(self.head.as_bytes())?;
        write_text(words, &mut random, self.text_bytes, out)?;
        if let Some((headers, lines, end)) = &self.attachment {
            out.write_all(headers.as_bytes())?;
            write_attachment(&mut random, *lines, out)?;
            out.write_all(end.as_bytes())?;
        }
        Ok(())
    }
}

/// Whole lines and a shorter last one, of exactly this many bytes together.
fn write_text(
    words: &Words,
    random: &mut Random,
    bytes: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE - PIECE % TEXT_LINE];
    let mut left = bytes;
    while left > 0 {
        let length = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let piece = &mut piece[..length];
        words.fill(random, piece);
        for line in piece.chunks_mut(TEXT_LINE) {
            if let Some(last) = line.last_mut() {
                *last = b'\n';
            }
        }
        out.write_all(piece)?;
        left -= length as u64;
    }
    Ok(())
}

/// Base64 of random bytes: as little to be compressed as a picture or a PDF.
fn write_attachment(random: &mut Random, lines: u64, out: &mut dyn Write) -> io::Result<()> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut piece = vec![b'\n'; PIECE - PIECE % ATTACHMENT_LINE];
    let mut left = lines;
    while left > 0 {
        let count =
            (piece.len() / ATTACHMENT_LINE).min(usize::try_from(left).unwrap_or(usize::MAX));
        let length = count * ATTACHMENT_LINE;
        let piece = &mut piece[..length];
        for line in piece.chunks_exact_mut(ATTACHMENT_LINE) {
            for letters in line[..ATTACHMENT_LINE - 1].chunks_mut(10) {
                let mut bits = random.next();
                for letter in letters {
                    *letter = LETTERS[(bits & 63) as usize];
                    bits >>= 6;
                }
            }
        }
        out.write_all(piece)?;
        left -= count as u64;
    }
    Ok(())
}
