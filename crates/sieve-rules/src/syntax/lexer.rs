//! Bytes to tokens (RFC 5228 section 8.1).
//!
//! Where Dovecot's Pigeonhole 0.5.19 reads more or less than the grammar, this reads what
//! Pigeonhole reads: a lone LF ends a line, `text:` may be in capitals, a CR between tokens is
//! white space, and a NUL or a lone CR in a string is an error.

use crate::Text;
use crate::error::{ParseError, ParseErrorKind};
use std::ops::Range;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// In lower case: names of commands and tests do not tell capitals apart.
    Identifier(String),
    /// In lower case, without its colon.
    Tag(String),
    Number(u64),
    Text(Text),
    Punctuation(u8),
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) source: Range<usize>,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Identifier(name) => format!("`{name}`"),
            Kind::Tag(name) => format!("`:{name}`"),
            Kind::Number(number) => format!("the number {number}"),
            Kind::Text(_) => "a string".to_owned(),
            Kind::Punctuation(byte) => format!("`{}`", char::from(*byte)),
        }
    }
}

/// Reads tokens from `at` up to `end`, and keeps where comments were.
pub(super) struct Lexer<'a> {
    script: &'a [u8],
    at: usize,
    end: usize,
    pub(super) comments: Vec<super::Comment>,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'a> Lexer<'a> {
    pub(super) fn new(script: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(script.len());
        Self { script, at: range.start, end, comments: vec![] }
    }

    pub(super) fn error(&self, offset: usize, kind: ParseErrorKind) -> ParseError {
        ParseError::at(self.script, offset, kind)
    }

    /// Where reading ends.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.script[..self.end].get(self.at + ahead).copied()
    }

    /// The next token, or nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token>, ParseError> {
        self.skip_blank()?;
        let start = self.at;
        let Some(byte) = self.peek(0) else { return Ok(None) };
        let kind = match byte {
            b'"' => Kind::Text(self.quoted()?.into()),
            b'0'..=b'9' => Kind::Number(self.number()?),
            b'[' | b']' | b'(' | b')' | b'{' | b'}' | b',' | b';' => {
                self.at += 1;
                Kind::Punctuation(byte)
            }
            b':' if self.peek(1).is_some_and(|byte| is_word(byte) && !byte.is_ascii_digit()) => {
                self.at += 1;
                Kind::Tag(self.word())
            }
            _ if is_word(byte) => {
                let word = self.word();
                if word == "text" && self.peek(0) == Some(b':') {
                    self.at += 1;
                    Kind::Text(self.multi_line(start)?.into())
                } else {
                    Kind::Identifier(word)
                }
            }
            _ => return Err(self.error(start, ParseErrorKind::UnexpectedByte { byte })),
        };
        Ok(Some(Token { kind, source: start..self.at }))
    }

    fn skip_blank(&mut self) -> Result<(), ParseError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => self.hash_comment()?,
                b'/' if self.peek(1) == Some(b'*') => self.bracket_comment()?,
                _ => break,
            }
        }
        Ok(())
    }

    /// From `#` to the end of the line, which stays for whoever reads on.
    fn hash_comment(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        while let Some(byte) = self.peek(0).filter(|byte| *byte != b'\n') {
            if byte == 0 {
                return Err(self.error(self.at, ParseErrorKind::Nul));
            }
            self.at += 1;
        }
        let text = &self.script[start..self.at];
        let length = text.strip_suffix(b"\r").unwrap_or(text).len();
        self.comments.push(super::Comment { hash: true, source: start..start + length });
        Ok(())
    }

    fn bracket_comment(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        self.at += 2;
        loop {
            match self.peek(0) {
                None => return Err(self.error(start, ParseErrorKind::UnclosedComment)),
                Some(0) => return Err(self.error(self.at, ParseErrorKind::Nul)),
                Some(b'*') if self.peek(1) == Some(b'/') => break,
                Some(_) => self.at += 1,
            }
        }
        self.at += 2;
        self.comments.push(super::Comment { hash: false, source: start..self.at });
        Ok(())
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(byte) = self.peek(0).filter(|byte| is_word(*byte)) {
            word.push(char::from(byte.to_ascii_lowercase()));
            self.at += 1;
        }
        word
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        let start = self.at;
        let too_large = ParseErrorKind::NumberTooLarge { limit: u64::MAX };
        let mut number = Some(0_u64);
        while let Some(byte) = self.peek(0).filter(u8::is_ascii_digit) {
            number = number
                .and_then(|number| number.checked_mul(10))
                .and_then(|number| number.checked_add(u64::from(byte - b'0')));
            self.at += 1;
        }
        let factor = match self.peek(0) {
            Some(b'k' | b'K') => 1 << 10,
            Some(b'm' | b'M') => 1 << 20,
            Some(b'g' | b'G') => 1 << 30,
            _ => 1,
        };
        if factor > 1 {
            self.at += 1;
        }
        if let Some(byte) = self.peek(0).filter(|byte| is_word(*byte)) {
            return Err(self.error(self.at, ParseErrorKind::NumberSuffix { byte }));
        }
        number
            .and_then(|number| number.checked_mul(factor))
            .ok_or_else(|| self.error(start, too_large))
    }

    /// One byte of a string's content.
    fn content(&mut self, start: usize, unclosed: ParseErrorKind) -> Result<u8, ParseError> {
        let byte = self.peek(0).ok_or_else(|| self.error(start, unclosed))?;
        match byte {
            0 => return Err(self.error(self.at, ParseErrorKind::Nul)),
            b'\r' if self.peek(1) != Some(b'\n') => {
                return Err(self.error(self.at, ParseErrorKind::LoneCarriageReturn));
            }
            _ => self.at += 1,
        }
        Ok(byte)
    }

    fn quoted(&mut self) -> Result<Vec<u8>, ParseError> {
        let start = self.at;
        let mut text = vec![];
        self.at += 1;
        loop {
            match self.content(start, ParseErrorKind::UnclosedString)? {
                b'"' => return Ok(text),
                // A backslash before anything else than itself and the quote only vanishes.
                b'\\' => text.push(self.content(start, ParseErrorKind::UnclosedString)?),
                byte => text.push(byte),
            }
        }
    }

    /// From behind `text:` to behind the line with a single dot.
    fn multi_line(&mut self, start: usize) -> Result<Vec<u8>, ParseError> {
        while let Some(b' ' | b'\t') = self.peek(0) {
            self.at += 1;
        }
        if self.peek(0) == Some(b'#') {
            self.hash_comment()?;
        }
        if self.peek(0) == Some(b'\r') && self.peek(1) == Some(b'\n') {
            self.at += 1;
        }
        match self.peek(0) {
            Some(b'\n') => self.at += 1,
            None => return Err(self.error(start, ParseErrorKind::UnclosedText)),
            Some(byte) => {
                return Err(self.error(self.at, ParseErrorKind::AfterTextColon { byte }));
            }
        }
        let mut text = vec![];
        loop {
            if self.peek(0) == Some(b'.') {
                match (self.peek(1), self.peek(2)) {
                    (Some(b'\n'), _) => self.at += 2,
                    (Some(b'\r'), Some(b'\n')) => self.at += 3,
                    (Some(b'.'), _) => {
                        self.at += 1;
                        self.line(start, &mut text)?;
                        continue;
                    }
                    _ => {
                        self.line(start, &mut text)?;
                        continue;
                    }
                }
                return Ok(text);
            }
            self.line(start, &mut text)?;
        }
    }

    /// A line with its end.
    fn line(&mut self, start: usize, text: &mut Vec<u8>) -> Result<(), ParseError> {
        loop {
            let byte = self.content(start, ParseErrorKind::UnclosedText)?;
            text.push(byte);
            if byte == b'\n' {
                return Ok(());
            }
        }
    }
}
