//! Tokens to commands (RFC 5228 section 8.2).

use super::lexer::{Kind, Lexer, Token};
use super::{Argument, Command, MAX_DEPTH, MAX_SIZE, Syntax, Test, Tests, Value};
use crate::Text;
use crate::error::{ParseError, ParseErrorKind};
use std::ops::Range;

/// Takes a script apart.
///
/// # Errors
/// When the script is larger than [`MAX_SIZE`], nested deeper than [`MAX_DEPTH`], or does not
/// follow the grammar. What a name or a tag means plays no part.
pub fn parse(script: &[u8]) -> Result<Syntax, ParseError> {
    if script.len() > MAX_SIZE {
        let kind = ParseErrorKind::TooLarge { size: script.len(), limit: MAX_SIZE };
        return Err(ParseError::at(script, 0, kind));
    }
    let mut parser = Parser::new(script, 0..script.len())?;
    let mut commands = vec![];
    while let Some(command) = parser.command(1)? {
        commands.push(command);
    }
    match &parser.next {
        None => Ok(Syntax { commands, comments: parser.lexer.comments }),
        Some(_) => Err(parser.expected("a command")),
    }
}

/// Reads the one test that is all of `range`.
pub(crate) fn parse_test(script: &[u8], range: Range<usize>) -> Result<Test, ParseError> {
    let mut parser = Parser::new(script, range)?;
    let test = parser.test(1)?;
    match (test, &parser.next) {
        (Some(test), None) => Ok(test),
        _ => Err(parser.expected("a single test")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    next: Option<Token>,
    /// Where the last token that was taken ends.
    end: usize,
}

impl<'a> Parser<'a> {
    fn new(script: &'a [u8], range: Range<usize>) -> Result<Self, ParseError> {
        let mut parser = Self { end: range.start, lexer: Lexer::new(script, range), next: None };
        parser.next = parser.lexer.next()?;
        Ok(parser)
    }

    fn expected(&self, expected: &'static str) -> ParseError {
        let (offset, found) = match &self.next {
            Some(token) => (token.source.start, token.describe()),
            None => (self.lexer.end(), "the end".to_owned()),
        };
        self.lexer.error(offset, ParseErrorKind::Expected { expected, found })
    }

    fn start(&self) -> usize {
        self.next.as_ref().map_or(self.lexer.end(), |token| token.source.start)
    }

    fn advance(&mut self) -> Result<(), ParseError> {
        if let Some(token) = &self.next {
            self.end = token.source.end;
        }
        self.next = self.lexer.next()?;
        Ok(())
    }

    fn sees(&self, byte: u8) -> bool {
        matches!(&self.next, Some(token) if token.kind == Kind::Punctuation(byte))
    }

    fn take(&mut self, byte: u8) -> Result<bool, ParseError> {
        let seen = self.sees(byte);
        if seen {
            self.advance()?;
        }
        Ok(seen)
    }

    /// The name of a command or test that stands so deep, the outermost being 1.
    fn identifier(&mut self, depth: usize) -> Result<Option<String>, ParseError> {
        let start = self.start();
        let Some(Token { kind: Kind::Identifier(name), .. }) = &mut self.next else {
            return Ok(None);
        };
        if depth > MAX_DEPTH {
            return Err(self.lexer.error(start, ParseErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        let name = std::mem::take(name);
        self.advance()?;
        Ok(Some(name))
    }

    fn text(&mut self) -> Result<Option<Text>, ParseError> {
        let Some(Token { kind: Kind::Text(text), .. }) = &mut self.next else { return Ok(None) };
        let text = std::mem::take(text);
        self.advance()?;
        Ok(Some(text))
    }

    /// Nothing when no name comes next.
    fn command(&mut self, depth: usize) -> Result<Option<Command>, ParseError> {
        let start = self.start();
        let Some(name) = self.identifier(depth)? else { return Ok(None) };
        let arguments = self.arguments()?;
        let tests = self.tests(depth)?;
        let block = if self.take(b'{')? {
            let mut commands = vec![];
            while let Some(command) = self.command(depth + 1)? {
                commands.push(command);
            }
            if !self.take(b'}')? {
                return Err(self.expected("a command or `}`"));
            }
            Some(commands)
        } else {
            if !self.take(b';')? {
                return Err(self.expected("`;` or `{`"));
            }
            None
        };
        Ok(Some(Command { name, arguments, tests, block, source: start..self.end }))
    }

    fn tests(&mut self, depth: usize) -> Result<Tests, ParseError> {
        if !self.take(b'(')? {
            let test = self.test(depth + 1)?;
            return Ok(test.map_or(Tests::None, |test| Tests::One(Box::new(test))));
        }
        let mut tests = vec![];
        loop {
            match self.test(depth + 1)? {
                Some(test) => tests.push(test),
                None => return Err(self.expected("a test")),
            }
            if self.take(b')')? {
                return Ok(Tests::List(tests));
            }
            if !self.take(b',')? {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    /// Nothing when no name comes next.
    fn test(&mut self, depth: usize) -> Result<Option<Test>, ParseError> {
        let start = self.start();
        let Some(name) = self.identifier(depth)? else { return Ok(None) };
        let arguments = self.arguments()?;
        let tests = self.tests(depth)?;
        Ok(Some(Test { name, arguments, tests, source: start..self.end }))
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, ParseError> {
        let mut arguments = vec![];
        loop {
            let start = self.start();
            let value = match &mut self.next {
                Some(Token { kind: Kind::Tag(name), .. }) => {
                    let value = Value::Tag(std::mem::take(name));
                    self.advance()?;
                    value
                }
                Some(Token { kind: Kind::Number(number), .. }) => {
                    let value = Value::Number(*number);
                    self.advance()?;
                    value
                }
                Some(Token { kind: Kind::Text(text), .. }) => {
                    let value = Value::Text(std::mem::take(text));
                    self.advance()?;
                    value
                }
                Some(Token { kind: Kind::Punctuation(b'['), .. }) => Value::List(self.list()?),
                _ => return Ok(arguments),
            };
            arguments.push(Argument { value, source: start..self.end });
        }
    }

    fn list(&mut self) -> Result<Vec<Text>, ParseError> {
        let mut texts = vec![];
        self.advance()?;
        loop {
            match self.text()? {
                Some(text) => texts.push(text),
                None => return Err(self.expected("a string")),
            }
            if self.take(b']')? {
                return Ok(texts);
            }
            if !self.take(b',')? {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }
}
