//! Numbers, sizes, colours, and text that came out of a backup, as people read them.

/// "1 mailbox", "2 mailboxes".
pub(crate) fn number(count: u64, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "mailbox") => format!("{count} mailboxes"),
        _ => format!("{count} {noun}s"),
    }
}

/// `1.5 MB`; decimal units, as hosters count.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut whole, mut tenths, mut unit) = (count / 1000, count % 1000 / 100, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    format!("{whole}.{tenths} {}", UNITS[unit])
}

/// Text from a backup can't move the cursor or paint the screen.
pub(crate) fn clean(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|letter| {
            let escaped: Vec<char> =
                if letter.is_control() { letter.escape_default().collect() } else { vec![letter] };
            escaped
        })
        .collect()
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }
    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }
    pub(crate) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }
    pub(crate) fn careful(self, text: &str) -> String {
        self.with("33", text)
    }
    pub(crate) fn hint(self, text: &str) -> String {
        self.with("36", text)
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, clean};

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1000), "1.0 kB");
        assert_eq!(bytes(1_550_000), "1.5 MB");
        assert_eq!(bytes(2_147_483_648), "2.1 GB");
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(clean("a\x1b]0;b\x07"), "a\\u{1b}]0;b\\u{7}");
    }
}
