use super::*; use crate::dovecot::{Keywords, UidList};
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmitOptions { pub reserve_uids: u32 }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFiles { pub uidlist: UidList, pub keywords: Option<Keywords>, pub findings: Vec<Finding> }
pub fn emit(folder: &Folder, options: &EmitOptions) -> FolderFiles { todo!() }
