//! Headers of tar members in GNU format, as GNU tar writes them.
//!
//! The `tar` crate's builder refuses names that hostile archives have (`..`, absolute ones) and
//! wants to know sizes beforehand; so only its header type is used here.

use std::io::{self, Write};

/// Tar files are made of blocks of this size.
pub(crate) const BLOCK: usize = 512;
/// GNU tar fills its last record up to this size.
const RECORD: u64 = 20 * BLOCK as u64;
/// Name fields of the header hold this much; longer names get a member of their own before.
const NAME_FIELD: usize = 100;

/// Owner and modes of the members of an archive.
pub(crate) struct Owner {
    pub(crate) user_id: u64,
    pub(crate) group_id: u64,
    pub(crate) user: &'static str,
    pub(crate) group: &'static str,
    pub(crate) file_mode: u32,
    pub(crate) directory_mode: u32,
}

/// Mail on a Plesk server belongs to this user.
pub(crate) const POPUSER: Owner = Owner {
    user_id: 30,
    group_id: 31,
    user: "popuser",
    group: "popuser",
    file_mode: 0o600,
    directory_mode: 0o700,
};
/// Files of a webspace.
pub(crate) const WEBSPACE: Owner = Owner {
    user_id: 10001,
    group_id: 1003,
    user: "exampleuser",
    group: "psacln",
    file_mode: 0o644,
    directory_mode: 0o755,
};
/// The files of a backup itself.
pub(crate) const PSAADM: Owner = Owner {
    user_id: 998,
    group_id: 998,
    user: "psaadm",
    group: "psaadm",
    file_mode: 0o600,
    directory_mode: 0o750,
};

/// What a member is, with the name it links to.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    File { size: u64 },
    Directory,
    HardLink(&'a [u8]),
    SymbolicLink(&'a [u8]),
    Other(u8),
}

/// A member without its content.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) path: &'a [u8],
    pub(crate) mtime: i64,
    pub(crate) kind: Kind<'a>,
    pub(crate) owner: &'a Owner,
}

impl Member<'_> {
    /// The blocks before the content: the header, after blocks for long names where needed.
    /// Their number does not depend on the size.
    pub(crate) fn blocks(&self) -> Vec<u8> {
        let mut path = self.path.to_vec();
        let (typeflag, link, size, mode) = match self.kind {
            Kind::File { size } => (b'0', None, size, self.owner.file_mode),
            Kind::Directory => {
                if !path.ends_with(b"/") {
                    path.push(b'/');
                }
                (b'5', None, 0, self.owner.directory_mode)
            }
            Kind::HardLink(target) => (b'1', Some(target), 0, self.owner.file_mode),
            Kind::SymbolicLink(target) => (b'2', Some(target), 0, 0o777),
            Kind::Other(typeflag) => (typeflag, None, 0, self.owner.file_mode),
        };
        let mut blocks = Vec::with_capacity(BLOCK);
        if let Some(link) = link
            && link.len() > NAME_FIELD
        {
            long_name(&mut blocks, b'K', link);
        }
        if path.len() > NAME_FIELD {
            long_name(&mut blocks, b'L', &path);
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(typeflag));
        header.set_mode(mode);
        header.set_uid(self.owner.user_id);
        header.set_gid(self.owner.group_id);
        header.set_size(size);
        if let Some(gnu) = header.as_gnu_mut() {
            copy_name(&mut gnu.name, &path);
            copy_name(&mut gnu.linkname, link.unwrap_or_default());
            copy_name(&mut gnu.uname, self.owner.user.as_bytes());
            copy_name(&mut gnu.gname, self.owner.group.as_bytes());
        }
        set_mtime(&mut header, self.mtime);
        set_checksum(&mut header);
        blocks.extend_from_slice(header.as_bytes());
        blocks
    }
}

/// Times before 1970 are written in base 256, which the `tar` crate only does for large ones.
fn set_mtime(header: &mut tar::Header, mtime: i64) {
    match u64::try_from(mtime) {
        Ok(mtime) => header.set_mtime(mtime),
        Err(_) => {
            if let Some(gnu) = header.as_gnu_mut() {
                gnu.mtime = [0xff; 12];
                gnu.mtime[4..].copy_from_slice(&mtime.to_be_bytes());
            }
        }
    }
}

/// GNU tar writes six digits, NUL and a blank; the `tar` crate writes seven digits and NUL.
fn set_checksum(header: &mut tar::Header) {
    header.set_cksum();
    if let (Ok(sum), Some(gnu)) = (header.cksum(), header.as_gnu_mut()) {
        copy_name(&mut gnu.cksum, format!("{sum:06o}\0 ").as_bytes());
    }
}

fn copy_name(field: &mut [u8], name: &[u8]) {
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
}

/// A member of type `L` or `K` that carries a name too long for the next header.
fn long_name(blocks: &mut Vec<u8>, typeflag: u8, name: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::new(typeflag));
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    // The name is closed by a NUL that counts.
    header.set_size(name.len() as u64 + 1);
    if let Some(gnu) = header.as_gnu_mut() {
        copy_name(&mut gnu.name, b"././@LongLink");
        copy_name(&mut gnu.uname, b"root");
        copy_name(&mut gnu.gname, b"root");
    }
    set_checksum(&mut header);
    blocks.extend_from_slice(header.as_bytes());
    blocks.extend_from_slice(name);
    blocks.push(0);
    blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
}

/// Writes members one after another.
pub(crate) struct TarWriter<W> {
    out: W,
    written: u64,
}

impl<W: Write> TarWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, written: 0 }
    }

    /// A member without content.
    pub(crate) fn bare(&mut self, member: &Member<'_>) -> io::Result<()> {
        self.write_all(&member.blocks())
    }

    /// A file whose content is written by `content`, which must write exactly `size` bytes.
    pub(crate) fn file(
        &mut self,
        member: &Member<'_>,
        size: u64,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.bare(&Member { kind: Kind::File { size }, ..*member })?;
        let start = self.written;
        content(self)?;
        let written = self.written - start;
        if written != size {
            let name = String::from_utf8_lossy(member.path);
            return Err(io::Error::other(format!(
                "{name}: {written} bytes were written where the header says {size}"
            )));
        }
        self.fill_up_to(BLOCK as u64)
    }

    /// Two empty blocks, and the rest of the record.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write_all(&[0; 2 * BLOCK])?;
        self.fill_up_to(RECORD)?;
        Ok(self.out)
    }

    /// What lies below, for a writer that goes back to an earlier header.
    pub(crate) fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn fill_up_to(&mut self, unit: u64) -> io::Result<()> {
        let missing = self.written.next_multiple_of(unit) - self.written;
        io::copy(&mut io::Read::take(io::repeat(0), missing), self)?;
        Ok(())
    }
}

impl<W: Write> Write for TarWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.written += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
