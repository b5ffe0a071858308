//! Header fields of a multipart file and of its parts, in the manner of RFC 822.

use super::bytes::Bytes;

/// A header has some hundred bytes; what is longer is none.
const HEADER_LIMIT: usize = 64 * 1024;

/// The fields before a body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Names in lower case, values without line breaks and white space around them.
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where what follows begins.
    pub(super) body: u64,
    /// The file ends before the fields do.
    pub(super) is_cut: bool,
    /// The fields go on beyond what any header has.
    pub(super) is_endless: bool,
}

impl Header {
    /// Reads the fields that begin at `offset`. An empty line ends them and belongs to them; any
    /// other line that is no field is left to what follows.
    pub(super) fn read(bytes: &Bytes, offset: u64) -> std::io::Result<Header> {
        let mut buffer = vec![0; HEADER_LIMIT];
        let filled = bytes.read_full_at(&mut buffer, offset)?;
        let is_whole = offset + filled as u64 >= bytes.len();
        let mut header = Header::parse(&buffer[..filled], is_whole);
        header.body += offset;
        Ok(header)
    }

    /// The same from the beginning of a text, of which more may follow unless it is whole.
    pub(super) fn parse(text: &[u8], is_whole: bool) -> Header {
        let mut header = Header::default();
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let Some(end) = memchr::memchr(b'\n', rest) else {
                header.is_cut = is_whole && !starts_boundary(rest);
                header.is_endless = !is_whole;
                break;
            };
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            match line {
                [] => {
                    at += end + 1;
                    break;
                }
                [b' ' | b'\t', ..] if !header.fields.is_empty() => {
                    if let Some((_, value)) = header.fields.last_mut() {
                        value.push(b' ');
                        value.extend_from_slice(line.trim_ascii());
                    }
                }
                _ => match field(line) {
                    Some(field) => header.fields.push(field),
                    None => break,
                },
            }
            at += end + 1;
        }
        header.body = at as u64;
        header
    }

    /// True when there is no field at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The first field of that name, which is given in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| value.as_slice()).filter(|value| !value.is_empty())
    }

    /// What stands before the parameters, in lower case: `multipart/mixed`, `base64`.
    pub(super) fn word(&self, name: &str) -> Option<Vec<u8>> {
        let value = self.field(name)?;
        let word = value.split(|byte| *byte == b';').next().unwrap_or(value);
        Some(word.trim_ascii().to_ascii_lowercase())
    }

    /// A parameter of a field: in quotation marks, or up to a semicolon or white space.
    pub(super) fn parameter(&self, field: &str, name: &str) -> Option<Vec<u8>> {
        let value = self.field(field)?;
        parameters(value)
            .into_iter()
            .find(|(known, text)| known == name.as_bytes() && !text.is_empty())
            .map(|(_, text)| text)
    }
}

fn starts_boundary(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"--")
}

/// `Name: value`. A boundary line may hold a colon as well, and is none.
fn field(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = memchr::memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let is_name =
        !name.is_empty() && !name.starts_with(b"--") && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| (name.to_ascii_lowercase(), line[colon + 1..].trim_ascii().to_vec()))
}

/// The parameters behind the first word, names in lower case. A quotation mark inside a quoted
/// value is escaped with a backslash; Windows paths have backslashes that escape nothing.
fn parameters(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(start) = memchr::memchr(b';', rest) {
        rest = &rest[start + 1..];
        let end = rest.iter().position(|byte| matches!(byte, b';' | b'=')).unwrap_or(rest.len());
        let name = rest[..end].trim_ascii().to_ascii_lowercase();
        let Some(after) = rest[end..].strip_prefix(b"=") else {
            rest = &rest[end..];
            continue;
        };
        let after = after.trim_ascii_start();
        let (text, behind) = if let Some(quoted) = after.strip_prefix(b"\"") {
            unquote(quoted)
        } else {
            let is_end = |byte: &u8| *byte == b';' || byte.is_ascii_whitespace();
            let end = after.iter().position(is_end).unwrap_or(after.len());
            (after[..end].to_vec(), &after[end..])
        };
        found.push((name, text));
        rest = behind;
    }
    found
}

fn unquote(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'"', _) => return (text, &quoted[at + 1..]),
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                text.push(*escaped);
                at += 1;
            }
            _ => text.push(*byte),
        }
        at += 1;
    }
    (text, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Header {
        Header::parse(text.as_bytes(), true)
    }

    fn text(found: Option<Vec<u8>>) -> String {
        String::from_utf8(found.unwrap()).unwrap()
    }

    #[test]
    fn fields_end_with_an_empty_line_or_with_what_is_none() {
        for (input, body) in [
            ("A: b\r\nC : d\r\n\r\nbody", "body"),
            ("A: b\nC:d\n\nbody", "body"),
            ("A: b\nC: d\nno field\nbody", "no field\nbody"),
            ("A: b\nC: d\n--B:x\nbody", "--B:x\nbody"),
            ("A: b\nC: d\n\n", ""),
            ("A: b\nC: d\n", ""),
        ] {
            let header = whole(input);
            assert_eq!(header.field("c"), Some(&b"d"[..]), "{input:?}");
            assert_eq!(&input[usize::try_from(header.body).unwrap()..], body, "{input:?}");
            assert!(!header.is_cut, "{input:?}");
        }
        assert!(whole("\nbody").is_empty() && whole("no field\n").is_empty());
        assert!(whole("A: b\nC: half a li").is_cut);
        assert!(Header::parse(b"A: b\nC: much mo", false).is_endless);
    }

    #[test]
    fn parameters_of_any_spelling() {
        let header = whole(
            "Content-Type: Multipart/Mixed;\r\n\tboundary=\"a; b=c\"; x\r\n\
             Content-Disposition: attachment; FileName = info@example.com ;name=\"a\\\"b\\c\\\\\"\r\n\
             Content-Transfer-Encoding: Base64 \r\n\r\n",
        );
        assert_eq!(text(header.word("content-type")), "multipart/mixed");
        assert_eq!(text(header.parameter("content-type", "boundary")), "a; b=c");
        let disposition = |name| text(header.parameter("content-disposition", name));
        assert_eq!(disposition("filename"), "info@example.com");
        assert_eq!(disposition("name"), "a\"b\\c\\");
        assert_eq!(text(header.word("content-transfer-encoding")), "base64");
        assert_eq!(header.parameter("content-type", "charset"), None);
        assert_eq!(text(whole("A: b; c=\"d\n\n").parameter("a", "c")), "d");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([A-Za-z-]{1,4}: ?[a-z;=\"\\\\ ]{0,12}\r?\n[ \t]?){0,5}[ -~\n]{0,8}") {
            for whole in [true, false] {
                let header = Header::parse(text.as_bytes(), whole);
                let body = usize::try_from(header.body).unwrap();
                proptest::prop_assert!(body <= text.len());
                for (name, _) in &header.fields {
                    let name = std::str::from_utf8(name).unwrap();
                    header.parameter(name, "a");
                    header.word(name);
                }
            }
        }
    }
}
