//! gzip, of any number of members (pigz and concatenation make several).
//!
//! The framing is read here and only the deflate data by flate2: its own multi-member reader
//! takes padding and garbage behind the last member for a broken member, and tells neither
//! offset nor checksums.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::DamageKind;
use super::decoder::DecodeError;
use super::input::Input;

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const FLAG_HEADER_CHECKSUM: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const FLAGS_RESERVED: u8 = 0xe0;
/// Tapes and copies fill up with NUL; more than this is not looked through.
const PADDING_LIMIT: u64 = 64 * 1024 * 1024;

pub(crate) struct Gzip {
    input: Input,
    inflate: Decompress,
    checksum: Crc,
    state: State,
    pending: Option<DecodeError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FirstHeader,
    Data,
    Trailer,
    NextHeader,
    End,
}

impl Gzip {
    pub(super) fn new(input: Input) -> Gzip {
        Gzip {
            input,
            inflate: Decompress::new(false),
            checksum: Crc::new(),
            state: State::FirstHeader,
            pending: None,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.input.offset()
    }

    pub(super) fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::FirstHeader => self.header()?,
                State::NextHeader => self.next_header()?,
                State::Trailer => self.trailer()?,
                State::End => return Ok(0),
                State::Data => {
                    let count = self.data(output)?;
                    if count > 0 {
                        return Ok(count);
                    }
                }
            }
        }
    }

    /// Inflates; 0 when the member ended without giving more.
    fn data(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let input = self.input.fill(1)?;
        let at_end = input.is_empty();
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, output, FlushDecompress::None);
        let consumed = to_usize(self.inflate.total_in() - before_in);
        let produced = to_usize(self.inflate.total_out() - before_out);
        self.input.consume(consumed);
        self.checksum.update(&output[..produced]);
        let offset = self.input.offset();
        let failure = match result {
            Ok(Status::StreamEnd) => {
                self.state = State::Trailer;
                return Ok(produced);
            }
            Ok(_) if produced > 0 || (consumed > 0 && !at_end) => return Ok(produced),
            Ok(_) if at_end => DecodeError {
                kind: DamageKind::Truncated,
                offset,
                detail: "the gzip data end early".to_owned(),
            },
            Ok(_) => DecodeError {
                kind: DamageKind::BadBlock,
                offset,
                detail: "the deflate data lead nowhere".to_owned(),
            },
            // zlib has no words for what is wrong with it that would help anybody.
            Err(_) => DecodeError {
                kind: DamageKind::BadBlock,
                offset,
                detail: "a deflate block cannot be decoded".to_owned(),
            },
        };
        if produced == 0 {
            return Err(failure);
        }
        // What came before the bad block is handed out first.
        self.pending = Some(failure);
        Ok(produced)
    }

    fn trailer(&mut self) -> Result<(), DecodeError> {
        let offset = self.input.offset();
        let Some(checksum) = self.input.take::<4>()?.map(u32::from_le_bytes) else {
            return Err(self.truncated("trailer"));
        };
        let Some(length) = self.input.take::<4>()?.map(u32::from_le_bytes) else {
            return Err(self.truncated("trailer"));
        };
        if checksum != self.checksum.sum() {
            return Err(DecodeError {
                kind: DamageKind::BadChecksum,
                offset,
                detail: format!(
                    "the gzip checksum is {checksum:08x}, computed {:08x}: any member may be changed",
                    self.checksum.sum()
                ),
            });
        }
        let counted = self.inflate.total_out() & 0xffff_ffff;
        if u64::from(length) != counted {
            return Err(DecodeError {
                kind: DamageKind::BadChecksum,
                offset,
                detail: format!("the gzip length is {length}, counted {counted} (modulo 2^32)"),
            });
        }
        self.state = State::NextHeader;
        Ok(())
    }

    fn next_header(&mut self) -> Result<(), DecodeError> {
        let head = self.input.fill(2)?;
        if head.starts_with(&MAGIC) {
            return self.header();
        }
        let offset = self.input.offset();
        let mut padding = 0_u64;
        loop {
            let bytes = self.input.fill(1)?;
            if bytes.is_empty() {
                self.state = State::End;
                return Ok(());
            }
            let count = bytes.len();
            if bytes.iter().any(|byte| *byte != 0) || padding > PADDING_LIMIT {
                return Err(DecodeError {
                    kind: DamageKind::TrailingGarbage,
                    offset,
                    detail: "something that is no gzip follows the end of the data".to_owned(),
                });
            }
            padding += count as u64;
            self.input.consume(count);
        }
    }

    fn header(&mut self) -> Result<(), DecodeError> {
        let offset = self.input.offset();
        let Some([magic1, magic2, method, flags, _time @ .., _extra_flags, _system]) =
            self.input.take::<10>()?
        else {
            return Err(self.truncated("header"));
        };
        if [magic1, magic2] != MAGIC || method != 8 || flags & FLAGS_RESERVED != 0 {
            return Err(DecodeError {
                kind: DamageKind::BadBlock,
                offset,
                detail: format!(
                    "a gzip header with magic {magic1:02x}{magic2:02x}, method {method}, flags {flags:02x}"
                ),
            });
        }
        if flags & FLAG_EXTRA != 0 {
            let Some(length) = self.input.take::<2>()? else {
                return Err(self.truncated("header"));
            };
            for _ in 0..u16::from_le_bytes(length) {
                if self.input.take::<1>()?.is_none() {
                    return Err(self.truncated("header"));
                }
            }
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            if flags & flag != 0 {
                self.skip_text()?;
            }
        }
        // The header's own checksum covers a name and a comment, which nobody uses here.
        if flags & FLAG_HEADER_CHECKSUM != 0 && self.input.take::<2>()?.is_none() {
            return Err(self.truncated("header"));
        }
        self.inflate.reset(false);
        self.checksum.reset();
        self.state = State::Data;
        Ok(())
    }

    fn skip_text(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.input.take::<1>()? {
                None => return Err(self.truncated("header")),
                Some([0]) => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn truncated(&self, part: &str) -> DecodeError {
        DecodeError {
            kind: DamageKind::Truncated,
            offset: self.input.offset(),
            detail: format!("the archive ends inside a gzip {part}"),
        }
    }
}

/// Never more than the length of the slices that were handed over.
fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
