//! The 512 bytes of a header.

use super::{Block, until_nul};

pub(super) struct RawHeader<'a>(pub(super) &'a Block);

/// A checksum that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the header's checksum is {found}, computed {computed}")]
pub(super) struct ChecksumMismatch {
    pub(super) found: u64,
    pub(super) computed: u64,
}

/// True when the block is a header with a checksum that fits.
pub(crate) fn is_header(block: &Block) -> bool {
    let raw = RawHeader(block);
    // A block of NUL has a field without digits, which reads as 0, and a sum of 256.
    raw.verify_checksum().is_ok()
}

impl RawHeader<'_> {
    /// Sums all bytes with the checksum field as spaces; old writers summed signed bytes.
    pub(super) fn verify_checksum(&self) -> Result<(), ChecksumMismatch> {
        let bytes = || {
            self.0
                .iter()
                .enumerate()
                .map(|(index, byte)| if (148..156).contains(&index) { b' ' } else { *byte })
        };
        let computed: u64 = bytes().map(u64::from).sum();
        let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
        // A field that is no number cannot fit. Nor can 0: the field alone sums to 256, but signed
        // bytes of something else, a compressed stream for one, may well sum to nothing.
        match octal(&self.0[148..156]) {
            Some(found) if found == computed => Ok(()),
            Some(found) if found > 0 && i64::try_from(found) == Ok(signed) => Ok(()),
            found => Err(ChecksumMismatch { found: found.unwrap_or(0), computed }),
        }
    }

    /// The magic of ustar and GNU headers.
    pub(super) fn looks_like_header(&self) -> bool {
        &self.0[257..262] == b"ustar"
    }

    pub(super) fn type_byte(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn path(&self) -> Vec<u8> {
        let name = until_nul(&self.0[..100]);
        let prefix = until_nul(&self.0[345..500]);
        // GNU headers ("ustar  ") keep times where ustar has the prefix.
        let is_posix = &self.0[257..263] == b"ustar\0";
        if is_posix && !prefix.is_empty() { [prefix, name].join(&b'/') } else { name.to_vec() }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        until_nul(&self.0[157..257]).to_vec()
    }

    pub(super) fn size(&self) -> Result<u64, String> {
        let field = &self.0[124..136];
        number(field)
            .and_then(|size| u64::try_from(size).ok())
            .ok_or_else(|| format!("an invalid size field `{}`", field.escape_ascii()))
    }

    /// Seconds since 1970; 0 when the field is no number, as other readers have it.
    pub(super) fn mtime(&self) -> i64 {
        number(&self.0[136..148]).and_then(|time| i64::try_from(time).ok()).unwrap_or(0)
    }

    /// Permission bits; 0 when the field is no number.
    pub(super) fn mode(&self) -> u32 {
        let mode = number(&self.0[100..108]).unwrap_or(0) & 0o7777;
        u32::try_from(mode).unwrap_or(0)
    }

    pub(super) fn sparse_continues(&self) -> bool {
        self.0[482] == 1
    }
}

/// Octal digits, or base-256 where the first byte has its high bit set.
fn number(field: &[u8]) -> Option<i128> {
    match field.first() {
        Some(first @ (0x80 | 0xff)) => {
            // 0x80: positive, 0xff: two's complement.
            let start = if *first == 0xff { -1_i128 } else { 0 };
            Some(field[1..].iter().fold(start, |sum, byte| (sum << 8) | i128::from(*byte)))
        }
        // Digits in the first byte: sizes beyond any disk.
        Some(first) if *first >= 0x80 => None,
        _ => octal(field).map(i128::from),
    }
}

/// Octal digits between spaces and up to a NUL or space; none at all is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = until_nul(field).trim_ascii();
    digits.iter().try_fold(0_u64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}
