//! Domain names, displayed and ASCII.

/// Lower-case punycode, as directories and addresses are spelled.
///
/// What is no valid name by the rules of IDNA stays as it is, in lower case: wildcard subdomains
/// have `_`, and backups hold names that were accepted by older rules.
pub(crate) fn to_ascii(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    match idna::domain_to_ascii(name) {
        Ok(ascii) if !ascii.is_empty() => ascii,
        _ => name.to_lowercase(),
    }
}

/// As people read it: punycode decoded where it is valid.
pub(crate) fn to_unicode(name: &str) -> String {
    match idna::domain_to_unicode(name) {
        (unicode, Ok(())) => unicode,
        (_, Err(_)) => name.to_owned(),
    }
}

/// True for what may stand where a domain is expected, such as a directory name.
pub(crate) fn is_plausible(name: &str) -> bool {
    name.contains('.')
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::{is_plausible, to_ascii, to_unicode};

    #[test]
    fn both_ways() {
        assert_eq!(to_ascii("M\u{fc}nchen.Example"), "xn--mnchen-3ya.example");
        assert_eq!(to_ascii("example.com."), "example.com");
        assert_eq!(to_ascii("_.Example.com"), "_.example.com");
        assert_eq!(to_unicode("xn--mnchen-3ya.example"), "m\u{fc}nchen.example");
    }

    #[test]
    fn directory_names() {
        assert!(is_plausible("example.com"));
        assert!(!is_plausible("databases"));
        assert!(!is_plausible("..") && !is_plausible("a..b") && !is_plausible("a b.c"));
    }
}
