//! Names from archives are bytes; people read them in messages.

use std::fmt::Write;

/// The name as people may read it: UTF-8 where it is, `\x1b` for every byte or character that a
/// terminal could act upon, and for bytes that are not UTF-8.
pub fn printable(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || is_direction_mark(character) {
                for byte in character.to_string().bytes() {
                    push_hex(&mut text, byte);
                }
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            push_hex(&mut text, *byte);
        }
    }
    text
}

/// Marks that reorder the text around them on a screen, so that one name looks like another.
fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminal_escapes_and_foreign_bytes_are_spelled_out() {
        assert_eq!(printable(b"plain/name"), "plain/name");
        assert_eq!(printable("m\u{fc}nchen".as_bytes()), "m\u{fc}nchen");
        assert_eq!(printable(b"\x1b]0;x\x07"), "\\x1b]0;x\\x07");
        assert_eq!(printable(b"caf\xe9"), "caf\\xe9");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "a\\xe2\\x80\\xaeb");
    }
}
