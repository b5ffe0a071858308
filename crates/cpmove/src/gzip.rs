//! One gzip member, deflated in blocks by many threads.
//!
//! Each block is deflated by itself, with the last 32 KiB before it as dictionary, so that little
//! is lost against one stream. All but the last end with a sync flush, which ends on a byte:
//! the blocks in a row are one deflate stream. The cut into blocks depends on the content alone,
//! so the bytes are the same for any number of threads.
//!
//! One gzip member for each block would be simpler, and GNU tar reads that; but Perl's
//! `IO::Uncompress::Gunzip`, left to itself, stops after the first member.

use std::io::{self, Write};
use std::mem;

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::Compressor;
use crate::ordered::Ordered;

/// What one job deflates. Larger blocks compress hardly better and wait longer for each other;
/// with smaller ones the start of a block weighs more.
const BLOCK: usize = 256 * 1024;

/// How far deflate looks back.
const WINDOW: usize = 32 * 1024;

/// gzip's own default level.
const LEVEL: u32 = 6;

/// No name, no time (0), no flags, unknown system (255).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Deflates one block: content, dictionary, and whether it is the last.
type Deflate = fn(&[u8], &[u8], bool) -> io::Result<Vec<u8>>;

struct Block {
    /// Returned to be filled again.
    input: Vec<u8>,
    output: Vec<u8>,
    checksum: Hasher,
}

/// Compresses what is written into it. Only [`finish`](Self::finish) makes the output complete.
pub(crate) struct GzipWriter<W: Write> {
    inner: W,
    block: Vec<u8>,
    block_size: usize,
    dictionary: Vec<u8>,
    spare: Vec<Vec<u8>>,
    jobs: Ordered<Block>,
    deflate: Deflate,
    checksum: Hasher,
    length: u64,
}

impl<W: Write> GzipWriter<W> {
    pub(crate) fn new(inner: W, compressor: Compressor) -> io::Result<GzipWriter<W>> {
        GzipWriter::with(inner, compressor, BLOCK, deflate)
    }

    fn with(
        mut inner: W,
        compressor: Compressor,
        block_size: usize,
        deflate: Deflate,
    ) -> io::Result<GzipWriter<W>> {
        inner.write_all(&HEADER)?;
        Ok(GzipWriter {
            inner,
            block: Vec::with_capacity(block_size),
            block_size,
            dictionary: Vec::new(),
            spare: Vec::new(),
            jobs: Ordered::new(compressor),
            deflate,
            checksum: Hasher::new(),
            length: 0,
        })
    }

    /// Writes the last block and the checksum, and gives the inner writer back, not flushed.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.deflate_block(true)?;
        while let Some(block) = self.jobs.pop()? {
            self.write_block(block)?;
        }
        self.inner.write_all(&self.checksum.finalize().to_le_bytes())?;
        // The format wants the length modulo 2^32.
        self.inner.write_all(&self.length.to_le_bytes()[..4])?;
        Ok(self.inner)
    }

    fn deflate_block(&mut self, last: bool) -> io::Result<()> {
        let empty = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(self.block_size));
        let input = mem::replace(&mut self.block, empty);
        let mut next_dictionary = mem::take(&mut self.dictionary);
        let dictionary = next_dictionary.clone();
        next_dictionary.extend_from_slice(&input[input.len().saturating_sub(WINDOW)..]);
        let excess = next_dictionary.len().saturating_sub(WINDOW);
        next_dictionary.drain(..excess);
        self.dictionary = next_dictionary;
        let deflate = self.deflate;
        let oldest = self.jobs.push(move || {
            let mut checksum = Hasher::new();
            checksum.update(&input);
            let output = deflate(&input, &dictionary, last)?;
            Ok(Block { input, output, checksum })
        })?;
        match oldest {
            Some(block) => self.write_block(block),
            None => Ok(()),
        }
    }

    fn write_block(&mut self, block: Block) -> io::Result<()> {
        self.inner.write_all(&block.output)?;
        self.checksum.combine(&block.checksum);
        self.length += block.input.len() as u64;
        let mut input = block.input;
        input.clear();
        self.spare.push(input);
        Ok(())
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = data.len().min(self.block_size - self.block.len());
        self.block.extend_from_slice(&data[..taken]);
        if self.block.len() == self.block_size {
            self.deflate_block(false)?;
        }
        Ok(taken)
    }

    /// Does nothing: a flush in the middle would make the bytes depend on when it came.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn deflate(input: &[u8], dictionary: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    if !dictionary.is_empty() {
        compress.set_dictionary(dictionary).map_err(io::Error::other)?;
    }
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut output = Vec::with_capacity(input.len() / 2 + 64);
    loop {
        let consumed = usize::try_from(compress.total_in()).map_err(io::Error::other)?;
        let status = compress
            .compress_vec(&input[consumed..], &mut output, flush)
            .map_err(io::Error::other)?;
        let everything = compress.total_in() == input.len() as u64;
        let done = match status {
            Status::StreamEnd => true,
            // Room that is left means that the flush is complete. A flush that ends exactly with
            // the room is asked for once more, and answers "no progress" without output.
            Status::Ok | Status::BufError => {
                !last && everything && output.len() < output.capacity()
            }
        };
        if done {
            return Ok(output);
        }
        output.reserve(output.capacity().max(64));
    }
}

#[cfg(test)]
mod tests;
