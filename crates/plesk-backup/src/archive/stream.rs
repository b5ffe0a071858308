//! The tar inside an archive: headers, data, and what is wrong with them.

use std::io;

use super::decoder::{DecodeError, Decoder};
use super::{ArchiveDamage, DamageKind};
use crate::tar_format::{
    Assembler, BLOCK, Block, MemberHeader, Parsed, is_header, sparse_block_continues,
};

/// Bytes that are read at once while a header is looked for: little, so that offsets are near.
const SCAN: usize = 4096;
/// Bytes behind the end mark that are looked through for anything but NUL.
const PADDING_LIMIT: u64 = 64 * 1024 * 1024;

/// A tar that is being read.
pub(super) struct TarStream {
    decoder: Decoder,
    assembler: Assembler,
    /// Why nothing more comes.
    failure: Option<DecodeError>,
    /// Where the last block that should be a header lies.
    header_offset: u64,
    /// A block that was read ahead.
    ahead: Option<Block>,
    /// Bytes that were read ahead; they come before those of the decoder.
    pushed_back: Vec<u8>,
    /// The block that was no header.
    bad: Block,
}

/// What comes after a member.
pub(super) enum Next {
    Member(MemberHeader),
    /// A block that is no header. The members go on at the next one.
    Damage(ArchiveDamage),
    End,
}

impl TarStream {
    pub(super) fn new(decoder: Decoder) -> TarStream {
        TarStream {
            decoder,
            assembler: Assembler::default(),
            failure: None,
            header_offset: 0,
            ahead: None,
            pushed_back: Vec::new(),
            bad: [0; BLOCK],
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.decoder.offset()
    }

    /// Reads to the next member. An error is final.
    pub(super) fn next(&mut self) -> Result<Next, DecodeError> {
        loop {
            let Some(block) = self.header_block()? else { return Ok(Next::End) };
            self.bad = block;
            match self.assembler.block(&block) {
                Parsed::End => {
                    let second = self.header_block()?;
                    if second.as_ref().is_some_and(is_header) {
                        self.ahead = second;
                        return Ok(self.damaged("one block of NUL among the members", None));
                    }
                    if second.is_some_and(|block| block.iter().any(|byte| *byte != 0)) {
                        return Err(self.trailing_data());
                    }
                    self.finish()?;
                    return Ok(Next::End);
                }
                Parsed::Extension(kind, size) => {
                    let body = self.extension_body(size)?;
                    if let Err(detail) = self.assembler.extension(kind, &body) {
                        return Ok(self.damaged(&detail, None));
                    }
                }
                Parsed::Member(header) => {
                    self.skip_sparse_map(&header)?;
                    return Ok(Next::Member(header));
                }
                Parsed::Bad(bad) => {
                    let member = bad.checksum.map(|wrong| wrong.member);
                    return Ok(self.damaged(&bad.detail, member));
                }
            }
        }
    }

    /// Fills `output` as far as the archive goes; fewer bytes only at its end.
    pub(super) fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        if !self.pushed_back.is_empty() {
            let count = output.len().min(self.pushed_back.len());
            output[..count].copy_from_slice(&self.pushed_back[..count]);
            self.pushed_back.drain(..count);
            return Ok(count);
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.decoder.read(output).inspect_err(|failure| self.failure = Some(failure.clone()))
    }

    fn header_block(&mut self) -> Result<Option<Block>, DecodeError> {
        if let Some(block) = self.ahead.take() {
            return Ok(Some(block));
        }
        let mut block: Block = [0; BLOCK];
        self.header_offset = self.offset();
        match self.read_full(&mut block)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            count => Err(self.truncated(format!(
                "the archive ends inside a header, of which {count} of {BLOCK} bytes are there"
            ))),
        }
    }

    fn read_full(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        let mut filled = 0;
        while filled < output.len() {
            match self.read(&mut output[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// The size was checked against a limit, and the buffer grows with what is there.
    fn extension_body(&mut self, size: u64) -> Result<Vec<u8>, DecodeError> {
        let mut body = Vec::new();
        let mut block: Block = [0; BLOCK];
        while (body.len() as u64) < size {
            let filled = self.read_full(&mut block)?;
            let wanted = BLOCK.min(usize::try_from(size).unwrap_or(BLOCK) - body.len());
            if filled < wanted {
                return Err(self.truncated(format!(
                    "the archive ends inside a long name, of which {} of {size} bytes are there",
                    body.len() + filled
                )));
            }
            body.extend_from_slice(&block[..wanted]);
        }
        Ok(body)
    }

    fn skip_sparse_map(&mut self, header: &MemberHeader) -> Result<(), DecodeError> {
        let mut continues = header.sparse_continues;
        while continues {
            match self.header_block()? {
                Some(block) => continues = sparse_block_continues(&block),
                None => {
                    return Err(self.truncated("the archive ends inside a sparse map".to_owned()));
                }
            }
        }
        Ok(())
    }

    /// What is wrong with the block that was read last; the caller then resynchronises.
    fn damaged(&mut self, detail: &str, member: Option<MemberHeader>) -> Next {
        self.assembler.forget();
        Next::Damage(ArchiveDamage {
            what: DamageKind::BadHeader,
            offset: self.header_offset,
            volume: None,
            member_size: member.as_ref().map_or(0, |member| member.size),
            suspect_before: None,
            member: member.map(|member| member.path),
            ordinal: None,
            member_read: 0,
            detail: format!("no valid tar header: {detail}"),
        })
    }

    /// Skips to the next header after damage, where GNU tar goes on as well: how many bytes were
    /// skipped, and what is there.
    ///
    /// The header may stand at any byte. A bad block of a compressed archive decodes to more or
    /// fewer bytes than were packed, and everything behind it is shifted.
    pub(super) fn resynchronise(&mut self) -> Result<(u64, Next), DecodeError> {
        // The first block is known to be no header.
        let mut window = self.bad[1..].to_vec();
        if let Some(block) = self.ahead.take() {
            window.extend_from_slice(&block);
        }
        // Bytes before the window.
        let mut skipped = 1_u64;
        loop {
            if let Some((start, block)) = find_header(&window) {
                skipped += start as u64;
                self.pushed_back = window.split_off(start + BLOCK);
                window.clear();
                match self.assembler.block(&block) {
                    Parsed::Member(header) => {
                        self.skip_sparse_map(&header)?;
                        return Ok((skipped, Next::Member(header)));
                    }
                    Parsed::Extension(kind, size) => {
                        let body = self.extension_body(size)?;
                        if self.assembler.extension(kind, &body).is_ok() {
                            return Ok((skipped, self.next()?));
                        }
                        self.assembler.forget();
                        skipped += size.next_multiple_of(BLOCK as u64);
                    }
                    Parsed::End | Parsed::Bad(_) => {}
                }
                skipped += BLOCK as u64;
            }
            // A header may begin in the last bytes of what was looked at.
            let done = window.len().saturating_sub(BLOCK - 1);
            window.drain(..done);
            skipped += done as u64;
            let kept = window.len();
            window.resize(kept + SCAN, 0);
            let count = self.read(&mut window[kept..])?;
            window.truncate(kept + count);
            if count == 0 {
                return Ok((skipped + kept as u64, Next::End));
            }
        }
    }

    /// Reads what follows the end mark, so that the checksums behind it are verified.
    fn finish(&mut self) -> Result<(), DecodeError> {
        let mut buffer = vec![0; 64 * 1024];
        let mut padding = 0_u64;
        loop {
            let count = self.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            padding += count as u64;
            if buffer[..count].iter().any(|byte| *byte != 0) || padding > PADDING_LIMIT {
                return Err(self.trailing_data());
            }
        }
    }

    fn trailing_data(&self) -> DecodeError {
        DecodeError {
            kind: DamageKind::TrailingGarbage,
            offset: self.offset(),
            detail: "data follow the end mark of the tar; they were not read".to_owned(),
        }
    }

    fn truncated(&self, detail: String) -> DecodeError {
        DecodeError { kind: DamageKind::Truncated, offset: self.offset(), detail }
    }
}

/// The first header with magic; V7 headers have none to tell them from data by.
fn find_header(bytes: &[u8]) -> Option<(usize, Block)> {
    (0..bytes.len().saturating_sub(BLOCK - 1)).find_map(|start| {
        let block = bytes[start..].first_chunk::<BLOCK>()?;
        (&block[257..262] == b"ustar" && is_header(block)).then_some((start, *block))
    })
}

/// The data of one member.
pub(super) struct Body<'a> {
    pub(super) stream: &'a mut TarStream,
    pub(super) size: u64,
    pub(super) read: u64,
    pub(super) failure: Option<DecodeError>,
}

impl Body<'_> {
    pub(super) fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.to_io_error());
        }
        let left = self.size - self.read;
        let wanted = output.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let failure = match self.stream.read(&mut output[..wanted]) {
            Ok(0) => DecodeError {
                kind: DamageKind::Truncated,
                offset: self.stream.offset(),
                detail: "the archive ends inside a member".to_owned(),
            },
            Ok(count) => {
                self.read += count as u64;
                return Ok(count);
            }
            Err(failure) => failure,
        };
        let error = failure.to_io_error();
        self.failure = Some(failure);
        Err(error)
    }

    /// Reads what the visitor left, and the padding.
    pub(super) fn finish(&mut self, buffer: &mut [u8]) -> Result<(), DecodeError> {
        while self.read < self.size && self.failure.is_none() {
            // A failure is kept in `failure`.
            if self.read(buffer).is_err() {
                break;
            }
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut padding =
            usize::try_from(self.size.next_multiple_of(BLOCK as u64) - self.size).unwrap_or(BLOCK);
        while padding > 0 {
            match self.stream.read(&mut buffer[..padding])? {
                // Data that are whole and lack their padding only: nothing is lost by it.
                0 => return Ok(()),
                count => padding -= count,
            }
        }
        Ok(())
    }
}
