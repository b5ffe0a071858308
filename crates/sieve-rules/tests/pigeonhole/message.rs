//! As much of a message as the evaluator needs: header fields, decoded values, addresses.

/// A message as rules see it.
pub(crate) struct Message<'a> {
    fields: Vec<(String, Vec<u8>)>,
    /// What is below the header.
    pub(crate) body: &'a [u8],
    /// In bytes.
    pub(crate) size: u64,
}

impl<'a> Message<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let mut fields: Vec<(String, Vec<u8>)> = vec![];
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let line = rest[..end].trim_ascii_end();
            rest = &rest[end..];
            if line.is_empty() {
                break;
            }
            if line[0] == b' ' || line[0] == b'\t' {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii_start());
                }
            } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
                let name = String::from_utf8_lossy(&line[..colon]).trim_end().to_ascii_lowercase();
                fields.push((name, line[colon + 1..].trim_ascii().to_vec()));
            }
        }
        Self { fields, body: rest, size: bytes.len() as u64 }
    }

    /// The raw values of the fields of a name.
    pub(crate) fn raw<'b>(&'b self, name: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let fields = self.fields.iter();
        fields
            .filter(|(found, _)| found.as_bytes().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The values of the fields of a name, their encoded words decoded.
    pub(crate) fn decoded(&self, name: &[u8]) -> Vec<Vec<u8>> {
        self.raw(name).map(decode).collect()
    }
}

/// Decodes encoded words (RFC 2047) in UTF-8 and ISO-8859-1; in the corpus, nothing is asked of
/// values in other charsets.
fn decode(value: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    let mut after_word = false;
    let mut rest = value;
    while let Some(&byte) = rest.first() {
        if let Some((decoded, length)) = encoded_word(rest) {
            // Blanks between two encoded words are no part of the text.
            if after_word {
                out.truncate(out.trim_ascii_end().len());
            }
            out.extend_from_slice(&decoded);
            rest = &rest[length..];
            after_word = true;
        } else {
            after_word &= byte == b' ' || byte == b'\t';
            out.push(byte);
            rest = &rest[1..];
        }
    }
    out
}

fn encoded_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut parts = text.strip_prefix(b"=?")?.splitn(3, |byte| *byte == b'?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let length = rest.windows(2).position(|pair| pair == b"?=")?;
    let octets = match encoding {
        b"B" | b"b" => base64(&rest[..length]),
        b"Q" | b"q" => quoted(&rest[..length]),
        _ => return None,
    };
    let decoded = if charset.eq_ignore_ascii_case(b"utf-8") {
        octets
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        octets.into_iter().map(char::from).collect::<String>().into_bytes()
    } else {
        return None;
    };
    Some((decoded, 2 + charset.len() + 1 + encoding.len() + 1 + length + 2))
}

fn base64(text: &[u8]) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (vec![], 0_u32, 0);
    for byte in text {
        let Some(value) = alphabet.iter().position(|letter| letter == byte) else { continue };
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held).unwrap());
            bits &= (1 << held) - 1;
        }
    }
    out
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let hex = rest.get(1..3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'=', Some(octet)) => {
                out.push(octet);
                rest = &rest[2..];
            }
            (b'_', _) => out.push(b' '),
            _ => out.push(byte),
        }
        rest = &rest[1..];
    }
    out
}

/// The addresses of a field, as `local@domain`. Good for what the corpus holds: quoted names,
/// comments, and addresses with and without angle brackets. Where a field has no address,
/// Pigeonhole takes all of its value for one that has no parts.
pub(crate) fn addresses(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let mut found = vec![];
    let (mut plain, mut angle, mut inside) = (String::new(), None, false);
    let (mut quotes, mut comments, mut escaped) = (false, 0, false);
    for character in text.chars().chain([',']) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if comments == 0 => quotes = !quotes,
            _ if quotes => {}
            '(' => comments += 1,
            ')' => comments -= 1,
            _ if comments > 0 => {}
            '<' => (angle, inside) = (Some(String::new()), true),
            '>' => inside = false,
            ',' | ';' => {
                let (before, angle) = (std::mem::take(&mut plain), angle.take());
                // An address in place of a display name counts, and what follows it does not.
                let address = angle.filter(|_| !before.contains('@')).unwrap_or(before);
                found.push(address.trim().to_owned());
            }
            _ => angle.as_mut().filter(|_| inside).unwrap_or(&mut plain).push(character),
        }
    }
    let empty = !value.is_empty() && found.iter().all(String::is_empty);
    found.retain(|address| address.contains('@') && address.is_ascii());
    if found.is_empty() && !empty {
        found.push(text.into_owned());
    }
    found
}

/// An address and its local part and domain, if it is one.
pub(crate) fn split(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@').filter(|_| address.is_ascii())
}
