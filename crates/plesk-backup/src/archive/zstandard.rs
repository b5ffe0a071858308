//! zstd, of any number of frames, skippable ones among them.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::DamageKind;
use super::decoder::DecodeError;
use super::input::Input;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// What `zstd -d` accepts without being asked, too: 128 MiB. Plesk's highest level needs 8 MiB.
const WINDOW_LOG_LIMIT: u32 = 27;
/// Bytes of the smallest frame header with its magic.
const SMALLEST_HEADER: usize = 5;

pub(crate) struct Zstandard {
    input: Input,
    decoder: Decoder<'static>,
    /// Between frames, where the archive may end.
    at_boundary: bool,
    at_end: bool,
    /// Bytes that the decoder asks for next.
    wanted: usize,
}

impl Zstandard {
    pub(super) fn new(input: Input) -> io::Result<Zstandard> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_LIMIT))?;
        Ok(Zstandard { input, decoder, at_boundary: true, at_end: false, wanted: SMALLEST_HEADER })
    }

    pub(super) fn offset(&self) -> u64 {
        self.input.offset()
    }

    pub(super) fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        if output.is_empty() || self.at_end {
            return Ok(0);
        }
        loop {
            if self.at_boundary && !self.begin_frame()? {
                self.at_end = true;
                return Ok(0);
            }
            let offset = self.input.offset();
            let bytes = self.input.fill(1)?;
            let is_exhausted = bytes.is_empty();
            // Never more than the decoder asks for: an error throws away all output of its call,
            // so that a call must not span more than one block.
            let bytes = &bytes[..bytes.len().min(self.wanted)];
            let status = match self.decoder.run_on_buffers(bytes, output) {
                Ok(status) => status,
                Err(error) => return Err(classify(&error, offset)),
            };
            self.input.consume(status.bytes_read);
            self.at_boundary = status.remaining == 0;
            self.wanted = if self.at_boundary { SMALLEST_HEADER } else { status.remaining };
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
            if is_exhausted && !self.at_boundary {
                return Err(DecodeError {
                    kind: DamageKind::Truncated,
                    offset,
                    detail: "the zstd data end early".to_owned(),
                });
            }
        }
    }

    /// Looks at what begins here; false at the end of the archive.
    fn begin_frame(&mut self) -> Result<bool, DecodeError> {
        let offset = self.input.offset();
        // Magic, descriptor, window: enough to tell why a frame is refused.
        let head = self.input.fill(6)?;
        let Some((magic, rest)) = head.split_first_chunk::<4>() else {
            return match head {
                [] => Ok(false),
                rest if rest.iter().all(|byte| *byte == 0) => Ok(false),
                _ => Err(garbage(offset)),
            };
        };
        if *magic == MAGIC {
            if let [descriptor, window, ..] = rest {
                refuse_large_window(*descriptor, *window, offset)?;
            }
            return Ok(true);
        }
        let is_skippable = magic[0] & 0xf0 == 0x50 && magic[1..] == [0x2a, 0x4d, 0x18];
        if is_skippable {
            return Ok(true);
        }
        self.only_padding(offset)?;
        Ok(false)
    }

    fn only_padding(&mut self, offset: u64) -> Result<(), DecodeError> {
        loop {
            let bytes = self.input.fill(1)?;
            if bytes.is_empty() {
                return Ok(());
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Err(garbage(offset));
            }
            let count = bytes.len();
            self.input.consume(count);
        }
    }
}

fn garbage(offset: u64) -> DecodeError {
    DecodeError {
        kind: DamageKind::TrailingGarbage,
        offset,
        detail: "something that is no zstd follows the end of a frame".to_owned(),
    }
}

/// Says the number where libzstd only says that it is too large.
fn refuse_large_window(descriptor: u8, window: u8, offset: u64) -> Result<(), DecodeError> {
    let is_single_segment = descriptor & 0x20 != 0;
    let exponent = 10 + u32::from(window >> 3);
    let base = 1_u64 << exponent;
    let size = base + base / 8 * u64::from(window & 7);
    let limit = 1_u64 << WINDOW_LOG_LIMIT;
    if is_single_segment || size <= limit {
        return Ok(());
    }
    Err(DecodeError {
        kind: DamageKind::Unsupported,
        offset,
        detail: format!("a zstd frame needs a window of {size} bytes, at most {limit} are given"),
    })
}

/// libzstd tells its errors by text only.
fn classify(error: &io::Error, offset: u64) -> DecodeError {
    let text = error.to_string();
    let (kind, detail) = if text.contains("checksum") {
        (
            DamageKind::BadChecksum,
            format!("a zstd frame is changed ({text}): any member in it may be"),
        )
    } else if text.contains("too much memory") || text.contains("ictionary") {
        (DamageKind::Unsupported, format!("a zstd frame is refused ({text})"))
    } else {
        (DamageKind::BadBlock, format!("a zstd block cannot be decoded ({text})"))
    };
    DecodeError { kind, offset, detail }
}
