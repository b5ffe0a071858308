#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFacts { pub subject: Option<String>, pub message_id: Option<String>, pub date: Option<i64>, pub x_uidl: Option<Vec<u8>>, pub malformed: Option<Malformed> }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformed { Empty, NoHeader, BrokenLine, BadDate, NulByte }
pub fn inspect(head: &[u8]) -> HeaderFacts { todo!() }
