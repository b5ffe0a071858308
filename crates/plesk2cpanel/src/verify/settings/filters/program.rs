//! The filter that Exim runs, taken apart into words and texts.

/// A word, or a text between quotes as Exim means it in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// With [`VARIABLE`] where a variable begins.
    Text(String),
}

/// Stands for a `$` that begins a variable; a text that means the character itself has a `$`.
pub(super) const VARIABLE: char = '\u{f8ff}';

/// One `if … endif`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// What the comment before it says.
    pub(super) name: String,
    pub(super) condition: Vec<Token>,
    pub(super) commands: Vec<Token>,
}

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    /// What stands outside of the blocks.
    pub(super) outside: Vec<Token>,
    pub(super) blocks: Vec<Block>,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// What Exim would not read either.
    pub(super) fn parse(text: &str) -> Result<Program, String> {
        if !text.starts_with("# Exim filter\n") {
            return Err("it does not begin with `# Exim filter`, by which Exim knows it".to_owned());
        }
        let mut program = Program::default();
        let mut block = Block::default();
        let mut name = "";
        let (mut depth, mut in_commands) = (0_u32, false);
        let mut rest = text;
        while let Some((token, after)) = next(rest)? {
            rest = after;
            let word = match &token {
                Next::Comment(comment) => {
                    name = comment;
                    continue;
                }
                Next::Token(Token::Word(word)) => word.as_str(),
                Next::Token(Token::Text(_)) => "",
            };
            match (word, depth) {
                ("if", 0) => {
                    block = Block { name: name.to_owned(), ..Block::default() };
                    (depth, in_commands) = (1, false);
                    continue;
                }
                ("then", 1) if !in_commands => {
                    in_commands = true;
                    continue;
                }
                ("endif", 1) => {
                    depth = 0;
                    program.blocks.push(std::mem::take(&mut block));
                    continue;
                }
                ("if", _) => depth += 1,
                ("endif", 0) => return Err("an endif has no if".to_owned()),
                ("endif", _) => depth -= 1,
                _ => {}
            }
            let Next::Token(token) = token else { continue };
            match (depth, in_commands) {
                (0, _) => program.outside.push(token),
                (_, true) => block.commands.push(token),
                (_, false) => block.condition.push(token),
            }
        }
        if depth > 0 {
            return Err("an if has no endif".to_owned());
        }
        Ok(program)
    }
}

enum Next<'t> {
    Comment(&'t str),
    Token(Token),
}

/// The next token, and what follows.
fn next(text: &str) -> Result<Option<(Next<'_>, &str)>, String> {
    // Exim's spaces are those of ASCII: another one is part of a word.
    let text = text.trim_ascii_start();
    let Some(first) = text.chars().next() else { return Ok(None) };
    let end_of = |end: Option<usize>| end.unwrap_or(text.len());
    Ok(Some(match first {
        '#' => {
            let end = end_of(text.find('\n'));
            (Next::Comment(&text[1..end]), &text[end..])
        }
        '"' => {
            let (value, after) = quoted(&text[1..])?;
            (Next::Token(Token::Text(value)), after)
        }
        '(' | ')' => (Next::Token(Token::Word(first.to_string())), &text[1..]),
        _ => {
            let end = end_of(text.find(|letter: char| letter.is_ascii_whitespace()));
            // A parenthesis ends a word, but not within a regular expression.
            let word = &text[..end];
            let end = if word.starts_with("\\N") { end } else { end_of_word(word) };
            (Next::Token(Token::Word(text[..end].to_owned())), &text[end..])
        }
    }))
}

fn end_of_word(word: &str) -> usize {
    word.find(['(', ')']).filter(|at| *at > 0).unwrap_or(word.len())
}

/// A text between quotes, which Exim reads twice: for what is escaped in quotes, then for variables.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut once = String::new();
    let mut letters = text.char_indices();
    let after = loop {
        match letters.next() {
            None => return Err("a quote is not closed".to_owned()),
            Some((at, '"')) => break &text[at + 1..],
            Some((_, '\\')) => match letters.next() {
                Some((_, letter)) => once.push(escaped(letter)?),
                None => return Err("a quote is not closed".to_owned()),
            },
            Some((_, other)) => once.push(other),
        }
    };
    let mut twice = String::new();
    let mut letters = once.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let letter = letters.next().ok_or("a backslash ends a text")?;
                twice.push(escaped(letter)?);
            }
            '$' => twice.push(VARIABLE),
            VARIABLE => return Err("a text holds a character that stands for another".to_owned()),
            other => twice.push(other),
        }
    }
    Ok((twice, after))
}

/// What a letter behind a backslash means, in both readings. Numbers of characters, the `N` that
/// keeps a stretch from the second reading, and a line's end behind a backslash have no place in a
/// filter that an archive brings.
fn escaped(letter: char) -> Result<char, String> {
    match letter {
        'n' => Ok('\n'),
        't' => Ok('\t'),
        'r' => Ok('\r'),
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        'v' => Ok('\u{b}'),
        _ if matches!(letter, '0'..='7' | 'x' | 'N') || letter.is_ascii_whitespace() => {
            Err(format!("the escape `\\{}` is not understood", letter.escape_default()))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Token {
        Token::Word(text.to_owned())
    }

    fn text(text: &str) -> Token {
        Token::Text(text.to_owned())
    }

    #[test]
    fn a_program_in_its_parts() {
        let program = Program::parse(
            "# Exim filter\n#\n\nheaders charset \"UTF-8\"\n\n#Bills (1)\nif\n $h_x: contains \
             \"a\\\\$b\\\"\\\\\\\\c\"\n or ($h_y: matches \\N^-?\\d+$\\N and $h_y: is above \"7\")\n\
             then\n deliver \"\\\"$local_part+Bills\\\"@$domain\"\n if error_message then finish \
             endif\nendif\n",
        )
        .unwrap();
        assert_eq!(program.outside, [word("headers"), word("charset"), text("UTF-8")]);
        let [block] = program.blocks.as_slice() else { panic!("{:?}", program.blocks) };
        assert_eq!(block.name, "Bills (1)");
        assert_eq!(
            block.condition,
            [
                word("$h_x:"),
                word("contains"),
                text("a$b\"\\c"),
                word("or"),
                word("("),
                word("$h_y:"),
                word("matches"),
                word("\\N^-?\\d+$\\N"),
                word("and"),
                word("$h_y:"),
                word("is"),
                word("above"),
                text("7"),
                word(")"),
            ]
        );
        let address = format!("\"{VARIABLE}local_part+Bills\"@{VARIABLE}domain");
        assert_eq!(block.commands[..2], [word("deliver"), text(&address)]);
        assert_eq!(block.commands.len(), 7);
    }

    #[test]
    fn both_readings_know_the_same_escapes() {
        let read = |inside: &str| quoted(&format!("{inside}\"")).map(|(text, _)| text);
        for (inside, meant) in [
            (r"a\nb", "a\nb"),
            (r"a\\nb", "a\nb"),
            (r"a\\\\nb", r"a\nb"),
            (r"a\tb\\tc", "a\tb\tc"),
            (r"\\$a\q", "$aq"),
        ] {
            assert_eq!(read(inside).unwrap(), meant, "{inside}");
        }
        for bad in [r"\x41", r"\\x41", r"\101", r"\\101", r"\\Na$b\\N", "a\\\n b", r"a\\"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        // A space that is none of ASCII's does not end a word.
        let program = Program::parse("# Exim filter\nfinish\u{a0}fail\n").unwrap();
        assert_eq!(program.outside, [word("finish\u{a0}fail")]);
    }

    #[test]
    fn what_exim_would_not_read() {
        let head = "# Exim filter\n";
        for bad in ["if a then b", "endif", "\"open", "\"open\\", "if a then if b then c endif"] {
            assert!(Program::parse(&format!("{head}{bad}")).is_err(), "{bad}");
        }
        assert!(Program::parse("if a then b endif").is_err());
        assert!(Program::parse(&format!("{head}{}", "if ".repeat(100_000))).is_err());
    }
}
