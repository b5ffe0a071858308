//! Indexing the outer tar: once, by seeking from header to header.

use std::io;

use super::Entry;
use super::bytes::Bytes;
use super::entries::Entries;
use crate::damage::Damage;
use crate::printable;
use crate::tar_format::{
    Assembler, BLOCK, Block, MemberHeader, Parsed, WrongChecksum, inner_path, is_header,
    sparse_block_continues,
};

const BLOCK_BYTES: u64 = BLOCK as u64;
const SCAN_BUFFER: usize = 128 * 1024;
/// A tar is filled up to a whole record; that much may follow its end mark.
const RECORD_LIMIT: u64 = 1024 * 1024;

/// The files of a tar in their order, what is wrong with it, and how it ends.
pub(crate) fn index(bytes: &Bytes) -> io::Result<(Vec<Entry>, Vec<Damage>, End)> {
    let mut indexer = Indexer::new(bytes);
    indexer.run()?;
    Ok((indexer.entries.into_list(), indexer.damage, indexer.end))
}

/// How a tar ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With its mark.
    Mark,
    /// Where a further member might begin.
    BetweenMembers,
    /// Inside a member or a header, or in bytes that are none.
    Cut,
}

struct Indexer<'a> {
    file: &'a Bytes,
    length: u64,
    assembler: Assembler,
    entries: Entries,
    damage: Vec<Damage>,
    end: End,
}

impl<'a> Indexer<'a> {
    fn new(bytes: &'a Bytes) -> Indexer<'a> {
        Indexer {
            file: bytes,
            length: bytes.len(),
            assembler: Assembler::default(),
            entries: Entries::default(),
            damage: Vec::new(),
            end: End::Cut,
        }
    }

    fn run(&mut self) -> io::Result<()> {
        let mut next = Some(0);
        while let Some(offset) = next {
            next = self.step(offset)?;
        }
        Ok(())
    }

    /// Takes the block at `offset` and tells where the next header should be.
    fn step(&mut self, offset: u64) -> io::Result<Option<u64>> {
        if offset >= self.length {
            self.end = if offset == self.length { End::BetweenMembers } else { End::Cut };
            // GNU tar reads archives without an end mark, too.
            return Ok(None);
        }
        let Some(block) = self.block(offset)? else {
            self.damage
                .push(Damage::Truncated { length: self.length, needed: offset + BLOCK_BYTES });
            return Ok(None);
        };
        match self.assembler.block(&block) {
            Parsed::End => self.end_mark(offset),
            Parsed::Extension(kind, size) => {
                let data = offset + BLOCK_BYTES;
                let Some(body) = self.bytes(data, size)? else {
                    let needed = data.saturating_add(size);
                    self.damage.push(Damage::Truncated { length: self.length, needed });
                    return Ok(None);
                };
                match self.assembler.extension(kind, &body) {
                    Ok(()) => Ok(Some(data + size.next_multiple_of(BLOCK_BYTES))),
                    Err(detail) => self.resynchronise(offset, detail),
                }
            }
            Parsed::Member(header) => self.member(offset, &header),
            Parsed::Bad(bad) => match bad.checksum {
                Some(wrong) if self.leads_to_header(offset, &wrong.member)? => {
                    let WrongChecksum { found, computed, member } = wrong;
                    let path = member.path.clone();
                    self.damage.push(Damage::HeaderChecksum { path, offset, found, computed });
                    self.member(offset, &member)
                }
                _ => self.resynchronise(offset, bad.detail),
            },
        }
    }

    /// A header that is damaged elsewhere than in its size leads to the next one.
    fn leads_to_header(&self, offset: u64, member: &MemberHeader) -> io::Result<bool> {
        let Some(next) =
            member.padded_size().and_then(|size| offset.checked_add(BLOCK_BYTES + size))
        else {
            return Ok(false);
        };
        if member.sparse_continues || next > self.length {
            return Ok(false);
        }
        Ok(match self.block(next)? {
            Some(block) => is_header(&block) || block.iter().all(|byte| *byte == 0),
            None => next == self.length,
        })
    }

    fn member(&mut self, offset: u64, header: &MemberHeader) -> io::Result<Option<u64>> {
        let mut data = offset + BLOCK_BYTES;
        let mut continues = header.sparse_continues;
        while continues {
            let Some(block) = self.block(data)? else {
                let needed = data + BLOCK_BYTES;
                self.damage.push(Damage::Truncated { length: self.length, needed });
                return Ok(None);
            };
            continues = sparse_block_continues(&block);
            data += BLOCK_BYTES;
        }
        // The sum cannot overflow: sizes are at most i64::MAX, and offsets lie inside the file.
        let end = data.saturating_add(header.size);
        let available = header.size.min(self.length.saturating_sub(data));
        self.keep(offset, data, available, header);
        if available < header.size {
            self.damage.push(Damage::Truncated { length: self.length, needed: end });
            return Ok(None);
        }
        Ok(end.checked_next_multiple_of(BLOCK_BYTES))
    }

    fn keep(&mut self, offset: u64, data: u64, available: u64, header: &MemberHeader) {
        let Some(path) = inner_path(&header.path) else {
            self.damage.push(Damage::UnsafeName { path: header.path.clone(), offset });
            return;
        };
        if header.is_directory() {
            return;
        }
        if header.is_file() {
            if available < header.size {
                let (path, size) = (path.clone(), header.size);
                self.damage.push(Damage::CutEntry { path, offset: data, size, available });
            }
            let (size, mtime) = (header.size, header.mtime);
            let entry = Entry { available, ..Entry::plain(path, size, mtime, data) };
            self.entries.push(entry, &mut self.damage);
            return;
        }
        let link = printable(&header.link);
        let what = match header.type_byte {
            b'1' => {
                let target = inner_path(&header.link).and_then(|path| self.entries.get(&path));
                if let Some(target) = target {
                    let entry = Entry { path, ..target.clone() };
                    self.entries.push(entry, &mut self.damage);
                    return;
                }
                format!("a hard link to `{link}`, which is not before it")
            }
            b'2' => format!("a symbolic link to `{link}`"),
            b'3' | b'4' => "a device".to_owned(),
            b'6' => "a named pipe".to_owned(),
            b'S' => "a sparse file".to_owned(),
            other => format!("a member of type `{}`", [other].escape_ascii()),
        };
        self.damage.push(Damage::NotAFile { path, what });
    }

    fn end_mark(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let second = offset + BLOCK_BYTES;
        if let Some(block) = self.block(second)?
            && is_header(&block)
        {
            let detail = "one block of NUL among the members".to_owned();
            self.damage.push(Damage::BadHeader { offset, detail, skipped: BLOCK_BYTES });
            return Ok(Some(second));
        }
        self.end = End::Mark;
        let after = (second + BLOCK_BYTES).min(self.length);
        let rest = self.length - after;
        // What is missing of a part reads as NUL, and is no end.
        if self.file.has_holes()
            && let Some(next) = self.next_header(second)?
        {
            let detail = "NUL where a header should be".to_owned();
            self.damage.push(Damage::BadHeader { offset, detail, skipped: next - offset });
            self.end = End::Cut;
            return Ok(Some(next));
        }
        let looked_at = self.bytes(after, rest.min(RECORD_LIMIT))?.unwrap_or_default();
        if rest > RECORD_LIMIT || looked_at.iter().any(|byte| *byte != 0) {
            self.damage.push(Damage::TrailingData { offset: after, length: rest });
        }
        Ok(None)
    }

    /// Goes on at the next block that is a header with magic and a checksum that fits.
    fn resynchronise(&mut self, offset: u64, detail: String) -> io::Result<Option<u64>> {
        self.assembler.forget();
        let found = self.next_header(offset + BLOCK_BYTES)?;
        let skipped = found.unwrap_or(self.length) - offset;
        self.damage.push(Damage::BadHeader { offset, detail, skipped });
        Ok(found)
    }

    /// The first block from `position` on that is a header with magic.
    fn next_header(&self, mut position: u64) -> io::Result<Option<u64>> {
        let mut buffer = vec![0; SCAN_BUFFER];
        let mut found = None;
        while found.is_none() && position < self.length {
            let filled = self.file.read_full_at(&mut buffer, position)?;
            let (blocks, _rest) = buffer[..filled].as_chunks::<BLOCK>();
            if blocks.is_empty() {
                break;
            }
            let index =
                blocks.iter().position(|block| &block[257..262] == b"ustar" && is_header(block));
            found = index.map(|index| position + (index * BLOCK) as u64);
            position += (blocks.len() * BLOCK) as u64;
        }
        Ok(found)
    }

    /// The block at `offset`; `None` when the file ends before its end.
    fn block(&self, offset: u64) -> io::Result<Option<Block>> {
        let mut block: Block = [0; BLOCK];
        let filled = self.file.read_full_at(&mut block, offset)?;
        Ok((filled == BLOCK).then_some(block))
    }

    /// Bytes that are known to be few; `None` when the file ends before.
    fn bytes(&self, offset: u64, count: u64) -> io::Result<Option<Vec<u8>>> {
        if offset.checked_add(count).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        let filled = self.file.read_full_at(&mut bytes, offset)?;
        Ok((filled == bytes.len()).then_some(bytes))
    }
}
