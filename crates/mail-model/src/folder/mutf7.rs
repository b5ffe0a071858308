#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not modified UTF-7")]
pub struct Mutf7Error { pub at: usize }
pub fn encode(text: &str) -> String { todo!() }
pub fn decode(bytes: &[u8]) -> Result<String, Mutf7Error> { todo!() }
