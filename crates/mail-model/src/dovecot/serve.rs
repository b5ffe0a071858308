use super::UidList; use crate::maildir::Place; use crate::uidl::UidlFormat;
#[derive(Clone, Copy, Debug)]
pub struct MaildirFile<'a> { pub place: Place, pub name: &'a [u8], pub x_uidl: Option<&'a [u8]> }
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates { #[default] Allow, Rename }
#[derive(Clone, Copy, Debug)]
pub struct ServeInput<'a> { pub uidlist: Option<&'a UidList>, pub files: &'a [MaildirFile<'a>], pub format: &'a UidlFormat, pub reuse_x_uidl: bool, pub duplicates: Duplicates, pub new_uidvalidity: u32 }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served { pub uidvalidity: u32, pub next_uid: u32, pub messages: Vec<ServedMessage>, pub pop3_order: Vec<usize> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedMessage { pub file: usize, pub uid: u32, pub uid_listed: bool, pub uidl: Vec<u8>, pub uidl_from: UidlSource }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UidlSource { PField, XUidl, Format }
pub fn serve(input: &ServeInput<'_>) -> Served { todo!() }
