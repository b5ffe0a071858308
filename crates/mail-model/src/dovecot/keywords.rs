#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords(Vec<(u8, Vec<u8>)>);
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeywordsProblem { BadLine { line: usize, text: Vec<u8> }, IndexTooLarge { line: usize, index: u32, name: Vec<u8> }, Duplicate { line: usize, name: Vec<u8> } }
impl Keywords {
    pub fn parse(bytes: &[u8]) -> (Keywords, Vec<KeywordsProblem>) { todo!() }
    pub fn to_bytes(&self) -> Vec<u8> { todo!() }
    pub fn name(&self, index: u8) -> Option<&[u8]> { todo!() }
    /// Index of the name, given one when there is room.
    pub fn intern(&mut self, name: &[u8]) -> Option<u8> { todo!() }
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> { self.0.iter().map(|(i, n)| (*i, n.as_slice())) }
    pub fn len(&self) -> usize { self.0.len() }
    pub fn is_empty(&self) -> bool { self.0.is_empty() }
}
