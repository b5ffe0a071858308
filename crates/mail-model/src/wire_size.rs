//! How large a message is on the wire, where each line ends in CR LF.

/// The size of a message as servers tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WireSize {
    /// Octets, with a CR in front of each LF.
    pub octets: u64,
    /// Octets as stored.
    pub stored: u64,
    /// The last line has no LF, so that a Courier of the 4.x family counts two octets more.
    pub last_line_open: bool,
}

impl WireSize {
    /// Whether a server tells this size of the message: what goes over the wire, perhaps with
    /// Courier 4's line end.
    pub fn is_on_wire(&self, told: u64) -> bool {
        told == self.octets || (self.last_line_open && self.octets.checked_add(2) == Some(told))
    }

    /// The same, or the size as stored, which a Dovecot with `pop3_fast_size_lookups` tells.
    pub fn agrees(&self, told: u64) -> bool {
        self.is_on_wire(told) || told == self.stored
    }
}

/// Counts a message that comes in pieces.
///
/// ```
/// use mail_model::wire_size::Counter;
///
/// let mut counter = Counter::default();
/// counter.add(b"Subject: a\r");
/// counter.add(b"\n\nb\n");
/// let size = counter.finish();
/// assert_eq!((size.stored, size.octets), (15, 17));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Counter {
    stored: u64,
    missing: u64,
    last: Option<u8>,
}

impl Counter {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        for byte in piece {
            self.missing += u64::from(*byte == b'\n' && self.last != Some(b'\r'));
            self.last = Some(*byte);
        }
        self.stored += piece.len() as u64;
    }

    /// The sum.
    pub fn finish(self) -> WireSize {
        WireSize {
            octets: self.stored + self.missing,
            stored: self.stored,
            last_line_open: self.last.is_some_and(|byte| byte != b'\n'),
        }
    }
}
