//! Percent escapes, as in URLs.

/// Bytes without the escapes; a `%` before anything but two hexadecimal digits stands for itself.
pub(super) fn decoded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let escaped = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        plain.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn escapes_and_what_only_looks_so() {
        for (text, plain) in
            [("info%40a.example%4", "info@a.example%4"), ("%3a%3A", "::"), ("%+4%zz%", "%+4%zz%")]
        {
            assert_eq!(decoded(text.as_bytes()), plain.as_bytes(), "{text}");
        }
    }
}
