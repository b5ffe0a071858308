//! As much of YAML as cPanel's files have: mappings, sequences, and scalars on one line. What another
//! reader could take otherwise (a key that stands twice, a second document, references) is an error.

use std::collections::HashSet;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    Scalar(String),
    Sequence(Vec<Yaml>),
    Mapping(Vec<(String, Yaml)>),
}

/// Levels within levels; a filter has four.
const DEEPEST: usize = 16;

impl Yaml {
    /// Reads a document.
    ///
    /// # Errors
    /// What is not understood.
    pub(super) fn parse(text: &str) -> Result<Yaml, String> {
        let (mut lines, mut started) = (Vec::new(), false);
        for (number, line) in (1..).zip(text.lines()) {
            let content = line.trim_start_matches(' ');
            let is_start = line.trim_end() == "---" && lines.is_empty() && !started;
            started |= is_start;
            if content.trim().is_empty() || content.starts_with('#') || is_start {
                continue;
            }
            if content.starts_with('\t') || line.starts_with("---") || line.trim_end() == "..." {
                return Err(format!("line {number} begins a text that is not looked at"));
            }
            lines.push(Line { number, indent: line.len() - content.len(), text: content });
        }
        let mut parser = Parser { lines: &lines, at: 0 };
        let indent = lines.first().map_or(0, |line| line.indent);
        let value = parser.block(indent, 0)?;
        match parser.lines.get(parser.at) {
            None => Ok(value),
            Some(line) => Err(format!("line {} stands nowhere", line.number)),
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Yaml> {
        let Yaml::Mapping(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Yaml::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a key.
    pub(super) fn items(&self, key: &str) -> &[Yaml] {
        match self.get(key) {
            Some(Yaml::Sequence(items)) => items,
            _ => &[],
        }
    }

    /// Keys and values, if it is a mapping.
    pub(super) fn entries(&self) -> Option<&[(String, Yaml)]> {
        match self {
            Yaml::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Keys of a mapping.
    pub(super) fn keys(&self) -> Vec<&str> {
        match self {
            Yaml::Mapping(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

struct Parser<'l, 't> {
    lines: &'l [Line<'t>],
    at: usize,
}

impl<'t> Parser<'_, 't> {
    /// All lines of this indent and what is below them.
    fn block(&mut self, indent: usize, depth: usize) -> Result<Yaml, String> {
        match self.line(indent) {
            None => Ok(Yaml::Scalar(String::new())),
            Some((_, text)) if is_item(text) => self.sequence(indent, depth),
            Some((_, text)) if key(text).is_some() => self.mapping(indent, depth, Vec::new()),
            Some((number, text)) => {
                self.at += 1;
                scalar(text).map(Yaml::Scalar).map_err(|why| format!("line {number}: {why}"))
            }
        }
    }

    fn line(&self, indent: usize) -> Option<(usize, &'t str)> {
        let line = self.lines.get(self.at).filter(|line| line.indent == indent)?;
        Some((line.number, line.text))
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Result<Yaml, String> {
        not_too_deep(depth)?;
        let mut items = Vec::new();
        while let Some((number, text)) = self.line(indent).filter(|(_, text)| is_item(text)) {
            self.at += 1;
            let rest = text[1..].trim_start_matches(' ');
            let inner = indent + text.len() - rest.len();
            if rest.is_empty() {
                items.push(self.below(indent, depth)?);
            } else if let Some((name, value)) = key(rest) {
                // The first key of a mapping stands behind the dash.
                let value = self.value(number, value, inner, depth)?;
                let first = (unquoted(number, name)?, value);
                items.push(self.mapping(inner, depth + 1, vec![first])?);
            } else {
                items.push(Yaml::Scalar(unquoted(number, rest)?));
            }
        }
        Ok(Yaml::Sequence(items))
    }

    /// All keys of this indent, behind those that were read already.
    fn mapping(
        &mut self,
        indent: usize,
        depth: usize,
        mut entries: Vec<(String, Yaml)>,
    ) -> Result<Yaml, String> {
        not_too_deep(depth)?;
        let mut known: HashSet<String> = entries.iter().map(|(name, _)| name.clone()).collect();
        while let Some((number, text)) = self.line(indent).filter(|(_, text)| !is_item(text)) {
            let (name, value) =
                key(text).ok_or_else(|| format!("line {number} has no key: `{text}`"))?;
            self.at += 1;
            let value = self.value(number, value, indent, depth)?;
            let name = unquoted(number, name)?;
            if !known.insert(name.clone()) {
                return Err(format!("line {number}: `{name}` stands there twice"));
            }
            entries.push((name, value));
        }
        Ok(Yaml::Mapping(entries))
    }

    /// What stands behind a key: a scalar, or a block below it.
    fn value(
        &mut self,
        number: usize,
        text: &str,
        indent: usize,
        depth: usize,
    ) -> Result<Yaml, String> {
        match text {
            "" if self.line(indent).is_some_and(|(_, text)| is_item(text)) => {
                // A sequence may stand at the indent of its key.
                self.sequence(indent, depth + 1)
            }
            "" => self.below(indent, depth),
            "[]" => Ok(Yaml::Sequence(Vec::new())),
            "{}" => Ok(Yaml::Mapping(Vec::new())),
            text => Ok(Yaml::Scalar(unquoted(number, text)?)),
        }
    }

    /// The block that is further in than `indent`, if the next line is.
    fn below(&mut self, indent: usize, depth: usize) -> Result<Yaml, String> {
        match self.lines.get(self.at) {
            Some(line) if line.indent > indent => self.block(line.indent, depth + 1),
            _ => Ok(Yaml::Scalar(String::new())),
        }
    }
}

fn not_too_deep(depth: usize) -> Result<(), String> {
    if depth > DEEPEST { Err(format!("it is more than {DEEPEST} levels deep")) } else { Ok(()) }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Key and value of a line, if it has them. A colon within quotes is none.
fn key(text: &str) -> Option<(&str, &str)> {
    let start = match text.chars().next()? {
        quote @ ('\'' | '"') => 2 + text[1..].find(quote)?,
        _ => 0,
    };
    let colon = start + text[start..].find(':')?;
    let rest = &text[colon + 1..];
    (rest.is_empty() || rest.starts_with(' ')).then(|| (text[..colon].trim(), rest.trim()))
}

fn unquoted(number: usize, text: &str) -> Result<String, String> {
    scalar(text).map_err(|why| format!("line {number}: {why}"))
}

fn scalar(text: &str) -> Result<String, String> {
    let open = "a quote is not closed";
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').ok_or(open)?;
        if inner.replace("''", "").contains('\'') {
            return Err(open.to_owned());
        }
        return Ok(inner.replace("''", "'"));
    }
    let Some(rest) = text.strip_prefix('"') else {
        let means_more = text.starts_with(|first| "&*!|>%@`[]{},#~".contains(first))
            || [" #", ": "].iter().any(|mark| text.contains(mark));
        return if means_more {
            Err(format!("`{text}` is more than a text"))
        } else {
            Ok(text.to_owned())
        };
    };
    let inner = rest.strip_suffix('"').ok_or(open)?;
    let mut value = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter == '"' {
            return Err(open.to_owned());
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some(plain @ ('\\' | '"' | '/' | ' ')) => value.push(plain),
            other => return Err(format!("the escape `\\{}` is not known", other.unwrap_or(' '))),
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_that_yaml_has_for_one_thing() {
        let dashed = "---\nfilter:\n  -\n    filtername: 'it''s'\n    rules:\n      -\n        val: \"a\\nb\"\nversion: '2.2'\n";
        let inline =
            "--- \nfilter:\n- filtername: it's\n  rules:\n  - val: \"a\\nb\"\n\nversion: 2.2\n";
        let parsed = Yaml::parse(dashed).unwrap();
        assert_eq!(parsed, Yaml::parse(inline).unwrap());
        assert_eq!(parsed.keys(), ["filter", "version"]);
        let filter = &parsed.items("filter")[0];
        assert_eq!(filter.text("filtername"), Some("it's"));
        assert_eq!(filter.items("rules")[0].text("val"), Some("a\nb"));
        assert_eq!(parsed.text("version"), Some("2.2"));
        assert_eq!(
            Yaml::parse("part: \"$header_from:\"\n").unwrap().text("part"),
            Some("$header_from:")
        );
        assert_eq!(Yaml::parse("'a: b': c").unwrap().text("a: b"), Some("c"));
        assert_eq!(Yaml::parse("a: []\nb: {}").unwrap().items("a"), []);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for bad in [
            "a: 'b",
            "a: \"\\q\"",
            "a: b\n   c: d\n e: f",
            "a: b\nno key",
            "a: 'b' c'",
            "a: \"b\" c\"",
            "a: b\na: c",
            "- a: b\n  c: d\n  a: e",
            "a: b\n'a': c",
            "a: b\n---\nc: d",
            "---\n---\na: b",
            "a: b\n...\nc: d",
            "a: &x b",
            "a: *x",
            "a: |",
            "a: [b]",
            "a: b # c",
            "a: b: c",
            "a:\n\tb: c",
        ] {
            assert!(Yaml::parse(bad).is_err(), "{bad}");
        }
        let deep = (0..5000).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
        assert!(Yaml::parse(&deep).unwrap_err().contains("deep"));
        let item = |level: usize| " ".repeat(2 * level) + "- a:\n";
        let deep = (0..4000).map(item).collect::<String>();
        assert!(Yaml::parse(&deep).unwrap_err().contains("deep"));
        let deep = "- ".repeat(50_000);
        assert!(Yaml::parse(&deep).is_ok(), "dashes in a row are one text here");
    }
}
