//! One archive that holds what is hard to hold.

use std::path::{Path, PathBuf};

use cpmove::*;

pub(crate) const STAMP: i64 = 1_700_000_000;

/// What a member should be, whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expected {
    pub(crate) path: Vec<u8>,
    /// `d`, `f`, or `h` for a second name.
    pub(crate) kind: char,
    pub(crate) mode: u32,
    pub(crate) mtime: i64,
    pub(crate) content: Vec<u8>,
}

/// Bytes without a pattern that deflate could find.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

/// All members below the top directory, in order.
pub(crate) fn expected() -> Vec<Expected> {
    let mut members = Vec::new();
    let mut add = |path: &[u8], kind, mode, mtime, content: &[u8]| {
        members.push(Expected { path: path.into(), kind, mode, mtime, content: content.into() });
    };
    add(b"homedir", 'd', 0o711, STAMP, b"");
    add(b"homedir/mail", 'd', 0o751, STAMP, b"");
    for (mtime, length) in (1_600_000_000..).zip([0, 1, 511, 512, 513, 70_000, 1_500_000]) {
        let path = format!("homedir/mail/size{length}");
        add(path.as_bytes(), 'f', 0o640, mtime, &noise(length));
    }
    add(b"homedir/mail/before1970", 'f', 0o600, -86_400, b"x");
    add(b"homedir/mail/epoch", 'f', 0o600, 0, b"x");
    add(b"homedir/mail/year2400", 'f', 0o600, 13_569_465_600, b"x");
    add(b"homedir/mail/modes", 'f', 0o407, STAMP, b"x");
    add(b"homedir/mail/\xff\xc3\x28 \x1b[0m\\'\"", 'f', 0o644, STAMP, b"bytes");
    // With the top directory (12 bytes), full paths of 99 to 102 bytes: a header holds 100.
    for length in [87, 88, 89, 90] {
        let path = format!("homedir/mail/{}", "n".repeat(length - 13));
        add(path.as_bytes(), 'f', 0o644, STAMP, path.as_bytes());
    }
    add(b"homedir/mail/link", 'h', 0o640, 1_600_000_003, b"homedir/mail/size512");
    // From here on nothing goes into homedir/mail: GNU tar has set its time when it leaves it.
    let long = format!("homedir/{}", "d".repeat(120));
    add(long.as_bytes(), 'd', 0o700, STAMP, b"");
    let longer = format!("{long}/{}", "e".repeat(255));
    add(longer.as_bytes(), 'd', 0o700, STAMP, b"");
    let longest = format!("{longer}/{}", "f".repeat(255));
    add(longest.as_bytes(), 'f', 0o644, STAMP, b"far down");
    add(format!("{longer}/link").as_bytes(), 'h', 0o644, STAMP, longest.as_bytes());
    members
}

/// Writes them.
pub(crate) fn write(directory: &Path, form: Form, threads: usize) -> FinishedArchive {
    let user = UserName::new("acct").unwrap();
    let compressor = Compressor::new(threads).unwrap();
    let mut writer =
        ArchiveWriter::create(directory, &user, form, &compressor, false, STAMP).unwrap();
    for Expected { path, kind, mode, mtime, content } in expected() {
        match kind {
            'd' => writer.directory(&path, mode),
            'h' => writer.hard_link(&path, &content, mode, mtime),
            _ => writer.file(&path, mode, content.len() as u64, mtime, &mut content.as_slice()),
        }
        .unwrap();
    }
    writer.finish().unwrap()
}

/// Writes them and gives the archive its name.
pub(crate) fn publish(directory: &Path, form: Form) -> PathBuf {
    write(directory, form, 2).publish().unwrap()
}
