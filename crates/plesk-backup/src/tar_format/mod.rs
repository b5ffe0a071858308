//! Tar headers: V7, ustar, GNU (long names, base-256 numbers, old sparse files) and PAX.
//!
//! Read here and not by the `tar` crate, because damaged archives matter: where a block is no
//! header, this reader must say so with offset and numbers and go on at the next one. The two are
//! compared with each other in the tests, so that they never see different members.

mod header;
mod pax;

use header::RawHeader;
pub(crate) use header::is_header;
use pax::Records;

/// Everything in a tar comes in blocks.
pub(crate) const BLOCK: usize = 512;
/// Long names and PAX records beyond this are no names.
pub(crate) const EXTENSION_LIMIT: u64 = 1024 * 1024;

/// One block.
pub(crate) type Block = [u8; BLOCK];

/// What a block is where a header should be.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// NUL bytes: half of the end mark.
    End,
    /// Data that belong to the next member's header.
    Extension(Extension, u64),
    /// A member.
    Member(MemberHeader),
    /// No header.
    Bad(BadHeader),
}

/// Kind of a header's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    LongName,
    LongLink,
    PaxLocal,
    PaxGlobal,
}

/// A block that is no valid header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadHeader {
    pub(crate) detail: String,
    /// Set when it has all the looks of a header and only its checksum is wrong.
    pub(crate) checksum: Option<WrongChecksum>,
}

/// A header with a wrong checksum, read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongChecksum {
    pub(crate) found: u64,
    pub(crate) computed: u64,
    pub(crate) member: MemberHeader,
}

/// A member's header, with its extensions applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberHeader {
    /// As it stands.
    pub(crate) path: Vec<u8>,
    /// As it stands; empty for what is no link.
    pub(crate) link: Vec<u8>,
    /// Bytes of data behind the header.
    pub(crate) size: u64,
    pub(crate) mtime: i64,
    pub(crate) mode: u32,
    pub(crate) type_byte: u8,
    /// The next block belongs to the header of an old GNU sparse file.
    pub(crate) sparse_continues: bool,
}

impl MemberHeader {
    /// Bytes of data with the padding behind them.
    pub(crate) fn padded_size(&self) -> Option<u64> {
        self.size.checked_next_multiple_of(BLOCK as u64)
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.type_byte, 0 | b'0' | b'7') && !self.path.ends_with(b"/")
    }

    pub(crate) fn is_directory(&self) -> bool {
        // V7 had no type for directories, only the slash.
        self.type_byte == b'5' || (matches!(self.type_byte, 0 | b'0') && self.path.ends_with(b"/"))
    }
}

/// Puts headers and their extensions together.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    local: Records,
    global: Records,
}

impl Assembler {
    /// Takes a block that should be a header.
    pub(crate) fn block(&mut self, block: &Block) -> Parsed {
        if block.iter().all(|byte| *byte == 0) {
            return Parsed::End;
        }
        let raw = RawHeader(block);
        if let Err(checksum) = raw.verify_checksum() {
            let member = raw.looks_like_header().then(|| self.assemble(&raw)).and_then(Result::ok);
            self.forget();
            return Parsed::Bad(BadHeader {
                detail: checksum.to_string(),
                checksum: member.map(|member| WrongChecksum {
                    found: checksum.found,
                    computed: checksum.computed,
                    member,
                }),
            });
        }
        let parsed = match raw.type_byte() {
            b'L' => self.extension_header(&raw, Extension::LongName),
            b'K' => self.extension_header(&raw, Extension::LongLink),
            b'x' | b'X' => self.extension_header(&raw, Extension::PaxLocal),
            b'g' => self.extension_header(&raw, Extension::PaxGlobal),
            _ => self.assemble(&raw).map(Parsed::Member),
        };
        parsed.unwrap_or_else(|detail| {
            self.forget();
            Parsed::Bad(BadHeader { detail, checksum: None })
        })
    }

    /// Takes the data of an extension.
    pub(crate) fn extension(&mut self, kind: Extension, data: &[u8]) -> Result<(), String> {
        match kind {
            Extension::LongName => self.long_name = Some(until_nul(data).to_vec()),
            Extension::LongLink => self.long_link = Some(until_nul(data).to_vec()),
            Extension::PaxLocal => self.local.read(data)?,
            Extension::PaxGlobal => self.global.read(data)?,
        }
        Ok(())
    }

    /// Drops what was kept for the next member.
    pub(crate) fn forget(&mut self) {
        self.long_name = None;
        self.long_link = None;
        self.local = Records::default();
    }

    /// An extension's size is its own: a PAX `size` is that of the member behind it, and readers
    /// that mixed them up could be shown members that others do not see.
    #[expect(clippy::unused_self, reason = "reads beside `assemble`, which needs it")]
    fn extension_header(&self, raw: &RawHeader<'_>, kind: Extension) -> Result<Parsed, String> {
        let size = raw.size()?;
        if size > EXTENSION_LIMIT {
            return Err(format!(
                "a name or PAX record of {size} bytes, at most {EXTENSION_LIMIT} are read"
            ));
        }
        Ok(Parsed::Extension(kind, size))
    }

    fn assemble(&mut self, raw: &RawHeader<'_>) -> Result<MemberHeader, String> {
        let local = std::mem::take(&mut self.local);
        let long_name = self.long_name.take();
        let long_link = self.long_link.take();
        let pax = local.over(&self.global);
        let is_hard_link = raw.type_byte() == b'1';
        let size = match pax.size {
            // Links have no data, whatever size stands there, as GNU tar has it.
            _ if is_hard_link => 0,
            Some(size) => size,
            None => raw.size()?,
        };
        if size.checked_next_multiple_of(BLOCK as u64).is_none_or(|end| end > i64::MAX as u64) {
            return Err(format!("a size of {size} bytes"));
        }
        let is_sparse = pax.is_sparse || raw.type_byte() == b'S';
        Ok(MemberHeader {
            path: pax.path.or(long_name).unwrap_or_else(|| raw.path()),
            link: pax.link.or(long_link).unwrap_or_else(|| raw.link()),
            size,
            mtime: pax.mtime.unwrap_or_else(|| raw.mtime()),
            mode: raw.mode(),
            type_byte: if is_sparse { b'S' } else { raw.type_byte() },
            sparse_continues: raw.type_byte() == b'S' && raw.sparse_continues(),
        })
    }
}

/// True when a continuation block of an old GNU sparse header is followed by another.
pub(crate) fn sparse_block_continues(block: &Block) -> bool {
    block[504] == 1
}

pub(crate) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or(field)
}

/// The path without `.` and empty parts; `None` when it leads out of the archive.
pub(crate) fn inner_path(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.starts_with(b"/") {
        return None;
    }
    let parts: Vec<&[u8]> =
        raw.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    (!parts.contains(&&b".."[..])).then(|| parts.join(&b'/'))
}

#[cfg(test)]
mod tests;
