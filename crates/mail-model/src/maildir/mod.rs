use std::cmp::Ordering;
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);
impl Flags {
    pub const DRAFT: Flags = Flags(1);
    pub const FLAGGED: Flags = Flags(2);
    pub const PASSED: Flags = Flags(4);
    pub const REPLIED: Flags = Flags(8);
    pub const SEEN: Flags = Flags(16);
    pub const TRASHED: Flags = Flags(32);
    pub fn insert(&mut self, other: Flags) { self.0 |= other.0; }
    pub fn contains(self, other: Flags) -> bool { self.0 & other.0 == other.0 }
    pub fn union(self, other: Flags) -> Flags { Flags(self.0 | other.0) }
    pub fn is_empty(self) -> bool { self.0 == 0 }
    pub fn iter_letters(self) -> impl Iterator<Item = u8> { (0..6u8).filter(move |i| self.0 & (1 << i) != 0).map(|i| b"DFPRST"[usize::from(i)]) }
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeywordLetters(u32);
impl KeywordLetters {
    pub fn contains(self, index: u8) -> bool { index < 26 && self.0 & (1 << index) != 0 }
    pub fn insert(&mut self, index: u8) { if index < 26 { self.0 |= 1 << index } }
    pub fn iter(self) -> impl Iterator<Item = u8> { (0..26u8).filter(move |i| self.contains(*i)) }
    pub fn is_empty(self) -> bool { self.0 == 0 }
    pub fn count(self) -> u32 { self.0.count_ones() }
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Suffix { None, Colon, Substitute(Vec<u8>), Foreign(Vec<u8>) }
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName { pub base: Vec<u8>, pub flags: Flags, pub keywords: KeywordLetters, pub other: Vec<u8>, pub suffix: Suffix, met: Vec<u8> }
impl FileName {
    pub fn new(base: Vec<u8>, flags: Flags) -> FileName { todo!() }
    pub fn parse(raw: &[u8]) -> FileName { todo!() }
    pub fn to_bytes(&self) -> Vec<u8> { todo!() }
    pub fn with_keywords(&self, letters: KeywordLetters) -> FileName { todo!() }
    pub fn size(&self) -> Option<u64> { todo!() }
    pub fn virtual_size(&self) -> Option<u64> { todo!() }
}
pub fn base_name(raw: &[u8]) -> &[u8] { todo!() }
pub fn dovecot_order(a: &[u8], b: &[u8]) -> Ordering { todo!() }
pub fn courier_order(a: &[u8], b: &[u8]) -> Ordering { todo!() }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place { Cur, New }
