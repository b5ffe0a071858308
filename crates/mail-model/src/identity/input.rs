use crate::{maildir::Place, uidl::UidlFormat};
/// One file of state with its mtime (epoch seconds).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateFile { pub bytes: Vec<u8>, pub mtime: i64 }
#[derive(Clone, Debug, Default)]
pub struct RawFolder {
    pub dir: Vec<u8>, pub files: Vec<RawFile>,
    pub uidlist: Option<StateFile>, pub dovecot_keywords: Option<StateFile>, pub index_log_mtime: Option<i64>,
    pub uiddb: Option<StateFile>, pub courier_keywords: Vec<(Vec<u8>, Vec<u8>)>,
}
#[derive(Clone, Debug)]
pub struct RawFile { pub place: Place, pub name: Vec<u8>, pub size: u64, pub mtime: i64, pub x_uidl: Option<Vec<u8>> }
#[derive(Clone, Debug, Default)]
pub struct RawMailbox { pub folders: Vec<RawFolder>, pub pop3_sizelist: Option<StateFile>, pub dovecot_subscriptions: Option<StateFile>, pub courier_subscribed: Option<StateFile> }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerKind { Dovecot, Courier }
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OldServer { #[default] Auto, Dovecot(UidlFormat), Courier }
#[derive(Clone, Debug)]
pub struct Rules { pub old_server: OldServer, pub installed: Option<ServerKind>, pub reuse_x_uidl: bool, pub new_uidvalidity: u32, pub target_format: UidlFormat }
