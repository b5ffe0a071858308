//! Which UID a UIDL was made from.

use super::UidlInputs;
use super::format::{Part, UidlFormat, Variable};

impl UidlFormat {
    /// The UID from which this format makes this UIDL in a mailbox of this UIDVALIDITY. None when
    /// it makes it from no UID, and for formats that name the file, hold the UID not just once, or
    /// hash it.
    pub fn uid_of(&self, uidl: &[u8], uidvalidity: u32) -> Option<u32> {
        let is_uid = |part: &Part| matches!(part, Part::Field(f) if f.variable == Variable::Uid);
        let others = |part: &Part| match part {
            Part::Literal(_) => true,
            Part::Field(field) => matches!(field.variable, Variable::Uid | Variable::UidValidity),
        };
        let at = self.parts.iter().position(is_uid)?;
        if self.parts.iter().filter(|part| is_uid(part)).count() != 1
            || !self.parts.iter().all(others)
        {
            return None;
        }
        let inputs = |uid| UidlInputs { uid, uidvalidity, base: b"", guid: b"" };
        let side = |parts: &[Part]| UidlFormat { parts: parts.to_vec() }.expand(&inputs(0));
        let middle = uidl
            .strip_prefix(&*side(&self.parts[..at]))?
            .strip_suffix(&*side(&self.parts[at + 1..]))?;
        let reversed: Vec<u8> = middle.iter().rev().copied().collect();
        [middle, reversed.as_slice()]
            .into_iter()
            .filter_map(|digits| str::from_utf8(digits).ok())
            .flat_map(|digits| [digits.parse().ok(), u32::from_str_radix(digits, 16).ok()])
            .flatten()
            .find(|uid| self.expand(&inputs(*uid)) == uidl)
    }
}
