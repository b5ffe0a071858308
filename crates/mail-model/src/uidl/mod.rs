//! UIDLs: the formats by which Dovecot makes them, what a server was seen to serve, and what is
//! wrong with some.

mod derive;
mod format;
mod inverse;
mod listing;
mod md5;
mod parse;
mod spelling;

pub use derive::derive;
pub use format::{UidlFormat, UidlInputs};
pub use listing::{ListedUidl, Listing, ListingError, ListingForm, ListingProblem};
pub use parse::UidlFormatError;

/// Formats that are met in practice, the most likely first.
///
/// The first is Dovecot's default, the second cPanel's; the others come from migration guides and
/// from servers that wanted their UIDLs to look like another server's.
pub fn known_formats() -> &'static [&'static str] {
    &[
        "%08Xu%08Xv",
        "UID%u-%v",
        "%u-%v",
        "%v-%u",
        "%v.%u",
        "%u.%v",
        "%f",
        "%g",
        "%08Xv%08Xu",
        "%Mf",
        "%Mg",
        "%u",
        "%v%u",
        "%u%v",
        "%Xu%Xv",
        "%Xv%Xu",
    ]
}

/// Finds the known format that explains most of what a server was seen to serve, and how many of
/// the samples it explains. None when no format explains any of them.
pub fn recognise(samples: &[(UidlInputs<'_>, &[u8])]) -> Option<(UidlFormat, usize)> {
    let mut best: Option<(UidlFormat, usize)> = None;
    for format in known_formats().iter().filter_map(|text| UidlFormat::parse(text).ok()) {
        let explained =
            samples.iter().filter(|(inputs, served)| format.expand(inputs) == *served).count();
        if explained > best.as_ref().map_or(0, |(_, count)| *count) {
            best = Some((format, explained));
        }
    }
    best
}

/// What is wrong with a UIDL by RFC 1939: 1 to 70 characters of 0x21 to 0x7E.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UidlProblem {
    /// It is empty.
    #[error("empty")]
    Empty,
    /// It holds a space or a control character, which a `dovecot-uidlist` can't hold.
    #[error("holds a space or control character")]
    SpaceOrControl,
    /// It holds bytes above 0x7E. Servers serve it all the same.
    #[error("holds a byte outside ASCII")]
    OutsideAscii,
    /// It is longer than 70 characters. Servers serve it all the same.
    #[error("{0} characters long, 70 at most")]
    TooLong(usize),
}

impl UidlProblem {
    /// Whether the value can't be written to a `dovecot-uidlist` at all.
    pub fn prevents_writing(self) -> bool {
        matches!(self, UidlProblem::Empty | UidlProblem::SpaceOrControl)
    }
}

/// What is wrong with a UIDL, if anything; the gravest.
pub fn problem(uidl: &[u8]) -> Option<UidlProblem> {
    if uidl.is_empty() {
        Some(UidlProblem::Empty)
    } else if uidl.iter().any(|byte| matches!(byte, 0..=b' ' | 0x7f)) {
        Some(UidlProblem::SpaceOrControl)
    } else if !uidl.is_ascii() {
        Some(UidlProblem::OutsideAscii)
    } else if uidl.len() > 70 {
        Some(UidlProblem::TooLong(uidl.len()))
    } else {
        None
    }
}
