//! Text in Exim's filters, where it is read twice: as a quoted string, then as one in which `$`
//! begins variables and programs to run.

/// Exim 4.96 was measured to take 1023 bytes between quotes, counted after the first reading, and
/// to refuse the whole filter for one more.
const LONGEST: usize = 1023;

/// A text that means nothing but itself, in quotes.
///
/// # Errors
/// Why it can't be said.
pub(super) fn literal(text: &str) -> Result<String, String> {
    quoted("", text, "")
}

/// A text that means nothing but itself, between two that may hold variables.
///
/// # Errors
/// Why it can't be said.
pub(super) fn quoted(before: &str, text: &str, after: &str) -> Result<String, String> {
    if let Some(character) = text.chars().find(|c| is_unsayable(*c)) {
        return Err(format!("it holds {character:?}"));
    }
    let expanded = format!("{before}{}{after}", escaped(text, &['\\', '$']));
    if expanded.len() > LONGEST {
        let length = expanded.len();
        return Err(format!("it takes {length} bytes, and Exim reads at most {LONGEST}"));
    }
    let read = escaped(&expanded, &['\\', '"']).replace('\n', "\\n").replace('\t', "\\t");
    Ok(format!("\"{read}\""))
}

/// What Exim's files or YAML can't hold, or not alike for every reader: controls but newline and
/// tab, the line ends of Unicode, and the byte order mark.
pub(super) fn is_unsayable(character: char) -> bool {
    let line_end = matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}');
    line_end || (character.is_control() && !matches!(character, '\n' | '\t'))
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if special.contains(&character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        assert_eq!(literal("plain text").unwrap(), r#""plain text""#);
        assert_eq!(literal(r"a\b").unwrap(), r#""a\\\\b""#);
        assert_eq!(literal("$home ${run{x}}").unwrap(), r#""\\$home \\${run{x}}""#);
        assert_eq!(literal("say \"hi\"\n\t").unwrap(), r#""say \"hi\"\n\t""#);
        assert_eq!(literal(r"\N$x\N").unwrap(), r#""\\\\N\\$x\\\\N""#);
        assert_eq!(literal("für").unwrap(), "\"für\"");
        assert_eq!(
            quoted("\"$local_part+", "a$b", "\"@$domain").unwrap(),
            r#""\"$local_part+a\\$b\"@$domain""#
        );
        assert_eq!(literal("a\rb").unwrap_err(), "it holds '\\r'");
        assert_eq!(literal("\0").unwrap_err(), "it holds '\\0'");
        assert!(literal(&"a".repeat(1023)).is_ok());
        assert_eq!(
            literal(&"a".repeat(1024)).unwrap_err(),
            "it takes 1024 bytes, and Exim reads at most 1023"
        );
        assert_eq!(
            literal(&"$".repeat(512)).unwrap_err(),
            "it takes 1024 bytes, and Exim reads at most 1023"
        );
    }
}
