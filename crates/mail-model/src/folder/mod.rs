pub mod mutf7;
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName { levels: Vec<String>, verbatim: Option<Vec<u8>> }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameEncoding { ModifiedUtf7, Utf8, Ascii, Verbatim }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Convention { #[default] Auto, ModifiedUtf7, Utf8 }
impl FolderName {
    /// INBOX has no levels.
    pub fn inbox() -> Self { todo!() }
    pub fn is_inbox(&self) -> bool { todo!() }
    pub fn from_dir(dir: &[u8], convention: Convention) -> (FolderName, NameEncoding) { todo!() }
    pub fn from_levels(levels: Vec<String>) -> Self { todo!() }
    /// Empty for INBOX.
    pub fn levels(&self) -> &[String] { &self.levels }
    pub fn to_dir(&self) -> Vec<u8> { todo!() }
    pub fn to_subscription(&self) -> Vec<u8> { todo!() }
}
impl std::fmt::Display for FolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() }
}
