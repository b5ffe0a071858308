#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UidlFormat { parts: Vec<u8> }
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UidlFormatError { pub format: String, pub reason: String }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UidlInputs<'a> { pub uid: u32, pub uidvalidity: u32, pub base: &'a [u8], pub guid: &'a [u8] }
impl UidlFormat {
    pub fn parse(text: &str) -> Result<UidlFormat, UidlFormatError> { todo!() }
    pub fn expand(&self, inputs: &UidlInputs<'_>) -> Vec<u8> { todo!() }
    pub fn uid_dash_validity() -> UidlFormat { todo!() }
    pub fn dovecot_default() -> UidlFormat { todo!() }
}
impl std::fmt::Display for UidlFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() }
}
pub fn known_formats() -> &'static [&'static str] { &[] }
pub fn recognise(samples: &[(UidlInputs<'_>, &[u8])]) -> Option<(UidlFormat, usize)> { todo!() }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UidlProblem { Empty, TooLong(usize), OutsideAscii, SpaceOrControl }
pub fn problem(uidl: &[u8]) -> Option<UidlProblem> { todo!() }
