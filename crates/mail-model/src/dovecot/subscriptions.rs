use crate::folder::FolderName;
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions { pub names: Vec<FolderName> }
impl Subscriptions {
    /// With `strip_prefix`, a leading `INBOX.` is taken off.
    pub fn parse(bytes: &[u8], strip_prefix: bool) -> Subscriptions { todo!() }
    /// Version 1.
    pub fn to_bytes(&self) -> Vec<u8> { todo!() }
}
