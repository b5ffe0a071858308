//! Texts of settings: base64, charsets, and what a text may hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Reading, quoted};
use crate::password::LENIENT_BASE64;

/// A longer answer is not what anybody wrote into a form.
const TEXT_LIMIT: usize = 1024 * 1024;
/// The same for what stands on one line.
const LINE_LIMIT: usize = 4096;
/// Line lengths of base64: that of MIME, and that of PEM.
const BASE64_LINES: [usize; 2] = [76, 64];

/// A text from bytes, with what is doubtful about it.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) doubt: Option<String>,
}

/// Bytes of base64 that may be broken into lines and indented; `None` when it is none.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    // Words with spaces between them are no base64, even where their letters alone would be.
    if text.lines().any(|line| line.trim().contains(char::is_whitespace)) {
        return None;
    }
    let compact: String = text.split_ascii_whitespace().collect();
    LENIENT_BASE64.decode(compact).ok()
}

/// Decodes strictly; the error says why it cannot be.
///
/// The label may be wrong: the panel keeps everything in UTF-8. Bytes above ASCII that are valid
/// UTF-8 are practically never a text in an encoding of one byte for each character; a few letters
/// in one of two bytes may be both.
pub(super) fn from_charset(bytes: &[u8], charset: Option<&str>) -> Result<Decoded, String> {
    let utf8 = std::str::from_utf8(bytes).ok().map(without_mark);
    let doubtful = |doubt: String| match utf8 {
        Some(text) => Ok(Decoded {
            text: text.to_owned(),
            doubt: Some(format!("{doubt}; it is valid UTF-8 and was read as such")),
        }),
        None => Err(doubt),
    };
    let certain = |text: &str| Ok(Decoded { text: without_mark(text).to_owned(), doubt: None });
    let Some(name) = charset.map(str::trim).filter(|name| !name.is_empty()) else {
        return utf8.map_or_else(|| Err("it names no charset and is no UTF-8".to_owned()), certain);
    };
    let Some(encoding) = Encoding::for_label_no_replacement(name.as_bytes()) else {
        return doubtful(format!("the charset `{}` is not known", quoted(name)));
    };
    let is_utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
    let certainly = if encoding.is_single_byte() { 1 } else { 4 };
    let foreign = utf8.unwrap_or_default().chars().filter(|letter| !letter.is_ascii()).count();
    if encoding != UTF_8 && !is_utf16 && foreign >= certainly {
        return doubtful(format!("the charset is said to be `{}`", quoted(name)));
    }
    let (encoding, bytes) = match Encoding::for_bom(bytes).filter(|_| is_utf16) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None => (encoding, bytes),
    };
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => certain(&text),
        None if encoding == UTF_8 => Err("it is no UTF-8".to_owned()),
        None => doubtful(format!("it is no `{}`", quoted(name))),
    }
}

/// What a value that Plesk writes as base64 of UTF-8 holds. Older dumps have it as it stands; so
/// what is no base64, or not that of a text, is taken literally, with a doubt where both may be.
pub(super) fn base64_or_literal(value: &str, charset: Option<&str>) -> Decoded {
    let literal = |doubt| Decoded { text: value.to_owned(), doubt };
    let lines: Vec<&str> = value.split_ascii_whitespace().collect();
    // Words of a sentence are seldom all as long as lines of base64.
    let (Some(last), true) = (lines.last(), is_wrapped(&lines)) else { return literal(None) };
    let Ok(bytes) = STANDARD.decode(lines.concat()) else { return literal(None) };
    let is_text = |text: &str| !text.chars().any(|letter| letter.is_control() && !is_space(letter));
    match std::str::from_utf8(&bytes) {
        // No word of a language ends with the padding of base64.
        Ok(text) if is_text(text) || last.ends_with('=') => {
            Decoded { text: text.to_owned(), doubt: None }
        }
        Err(_) if last.ends_with('=') && charset.is_some() => match from_charset(&bytes, charset) {
            Ok(decoded) => decoded,
            Err(why) => literal(Some(format!(
                "it is base64 of {} bytes that cannot be decoded ({why}); it was taken as it stands",
                bytes.len()
            ))),
        },
        _ => literal(Some(format!(
            "it is base64 of {} bytes that are no text in UTF-8; it was taken as it stands",
            bytes.len()
        ))),
    }
}

fn is_wrapped(lines: &[&str]) -> bool {
    let whole = lines.get(..lines.len().saturating_sub(1)).unwrap_or_default();
    BASE64_LINES.iter().any(|length| whole.iter().all(|line| line.len() == *length))
}

fn is_space(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r')
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Reading<'_, '_> {
    /// A value in base64 or literal, that stands on one line.
    pub(super) fn line(
        &mut self,
        value: &str,
        charset: Option<&str>,
        element: &str,
        key: &str,
        object: &str,
    ) -> String {
        let decoded = base64_or_literal(value, charset);
        self.doubt(decoded.doubt, element, key, object);
        let text = decoded.text.trim_end_matches(['\n', '\r']);
        self.tidy(text, Shape::Line, element, key, object)
    }

    /// A value in base64 or literal, that may have several lines.
    pub(super) fn lines(&mut self, value: &str, element: &str, key: &str, object: &str) -> String {
        let decoded = base64_or_literal(value, None);
        self.doubt(decoded.doubt, element, key, object);
        self.tidy(&decoded.text, Shape::Text, element, key, object)
    }

    pub(super) fn doubt(&mut self, doubt: Option<String>, element: &str, key: &str, object: &str) {
        if let Some(doubt) = doubt {
            self.not_understood_of(element, object, format!("`{key}`: {doubt}"));
        }
    }

    /// Replaces control characters and cuts what is too long; both are reported.
    pub(super) fn tidy(
        &mut self,
        text: &str,
        shape: Shape,
        element: &str,
        key: &str,
        object: &str,
    ) -> String {
        let (limit, replacement) = match shape {
            Shape::Line => (LINE_LIMIT, ' '),
            Shape::Text => (TEXT_LIMIT, '?'),
        };
        let mut end = text.len().min(limit);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if end < text.len() {
            let detail = format!("`{key}` has {} bytes; the first {end} were kept", text.len());
            self.altered(element, object, detail);
        }
        let is_bad =
            |letter: &char| letter.is_control() && !(shape == Shape::Text && is_space(*letter));
        let count = text[..end].chars().filter(is_bad).count();
        if count == 0 {
            return text[..end].to_owned();
        }
        let detail =
            format!("`{key}` holds {count} control characters; each was read as `{replacement}`");
        self.altered(element, object, detail);
        text[..end]
            .chars()
            .map(|letter| if is_bad(&letter) { replacement } else { letter })
            .collect()
    }
}

/// Whether a text may have more than one line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Line,
    Text,
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::{base64_or_literal, from_base64, from_charset};

    fn in_lines(text: &str, length: usize, end: &str) -> String {
        let whole = STANDARD.encode(text);
        let lines: Vec<&str> = (0..whole.len())
            .step_by(length)
            .map(|start| &whole[start..whole.len().min(start + length)])
            .collect();
        lines.join(end)
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_base64(text in "[^\\p{Cc}]{1,200}", length in 0..2_usize) {
            for end in ["\n", " ", "\r\n  "] {
                let value = in_lines(&text, [76, 64][length], end);
                let decoded = base64_or_literal(&value, None);
                prop_assert_eq!(&decoded.text, &text);
                prop_assert_eq!(decoded.doubt, None);
            }
            let body = from_base64(&format!("\n  {}\n", in_lines(&text, 60, "\n\t")));
            prop_assert_eq!(body, Some(text.into_bytes()));
        }

        #[test]
        fn nothing_is_lost_of_what_is_no_base64(value in "\\PC*") {
            let decoded = base64_or_literal(&value, Some("windows-1251"));
            let is_base64 = STANDARD.decode(value.split_ascii_whitespace().collect::<String>());
            prop_assert!(decoded.text == value || is_base64.is_ok());
        }

        #[test]
        fn bytes_are_decoded_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            charset in prop_oneof![
                Just("utf-8"), Just("utf-16"), Just("utf-16be"), Just("iso-2022-jp"),
                Just("big5"), Just("gb18030"), Just("iso-8859-8-i"), Just("hz"), Just("x"),
            ],
        ) {
            if let Err(why) = from_charset(&bytes, Some(charset)) {
                prop_assert!(!why.is_empty());
                prop_assert!(std::str::from_utf8(&bytes).is_err() || charset.starts_with("utf-16"));
            }
        }
    }
}
