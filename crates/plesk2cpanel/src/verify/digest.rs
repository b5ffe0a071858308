//! Digests of everything that the backup holds, in memory or on disk.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of a message or another file.
pub(super) type Digest = [u8; LENGTH];

const LENGTH: usize = 32;

/// Digests that are kept in memory: 32 MiB of them. The names of so many messages take ten times
/// that, so that beyond it the digests are what can be spared.
const IN_MEMORY: usize = 1 << 20;

/// Size of the pieces in which content is read.
const PIECE: usize = 64 << 10;

/// A digest for each number from 0 on.
///
/// Every message has a number before anything is read, so that a record of fixed size in a file
/// without a name finds its place by itself, and nothing needs sorting.
pub(super) struct DigestTable(Store);

enum Store {
    Memory(Vec<Digest>),
    Disk(File),
}

impl DigestTable {
    /// Room for so many.
    ///
    /// # Errors
    /// When there is no room for a temporary file.
    pub(super) fn new(count: usize) -> io::Result<DigestTable> {
        DigestTable::with_bound(count, IN_MEMORY)
    }

    fn with_bound(count: usize, bound: usize) -> io::Result<DigestTable> {
        if count <= bound {
            return Ok(DigestTable(Store::Memory(vec![[0; LENGTH]; count])));
        }
        let file = tempfile::tempfile()?;
        file.set_len(count as u64 * LENGTH as u64)?;
        Ok(DigestTable(Store::Disk(file)))
    }

    /// Puts a digest at its place.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn set(&mut self, number: usize, digest: Digest) -> io::Result<()> {
        match &mut self.0 {
            Store::Memory(digests) => {
                digests[number] = digest;
                Ok(())
            }
            Store::Disk(file) => file.write_all_at(&digest, place(number)),
        }
    }

    /// The digest of a number.
    ///
    /// # Errors
    /// When the disk can't be read.
    pub(super) fn get(&self, number: usize) -> io::Result<Digest> {
        match &self.0 {
            Store::Memory(digests) => Ok(digests[number]),
            Store::Disk(file) => {
                let mut digest = [0; LENGTH];
                file.read_exact_at(&mut digest, place(number))?;
                Ok(digest)
            }
        }
    }

    /// Of each digest that is asked for, the lowest number in a range that has it.
    ///
    /// # Errors
    /// When the disk can't be read.
    pub(super) fn find(
        &mut self,
        range: Range<usize>,
        wanted: impl IntoIterator<Item = Digest>,
    ) -> io::Result<HashMap<Digest, usize>> {
        let mut found: HashMap<Digest, Option<usize>> =
            wanted.into_iter().map(|digest| (digest, None)).collect();
        if found.is_empty() {
            return Ok(HashMap::new());
        }
        let mut meet = |number, digest: &Digest| {
            if let Some(place @ None) = found.get_mut(digest) {
                *place = Some(number);
            }
        };
        match &mut self.0 {
            Store::Memory(digests) => {
                for number in range {
                    meet(number, &digests[number]);
                }
            }
            Store::Disk(file) => {
                file.seek(SeekFrom::Start(place(range.start)))?;
                let mut reader = BufReader::with_capacity(PIECE, file);
                let mut digest = [0; LENGTH];
                for number in range {
                    reader.read_exact(&mut digest)?;
                    meet(number, &digest);
                }
            }
        }
        Ok(found.into_iter().filter_map(|(digest, number)| Some((digest, number?))).collect())
    }
}

fn place(number: usize) -> u64 {
    number as u64 * LENGTH as u64
}

/// The digest of bytes that are at hand.
pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// The digest of all that a reader has, and how many bytes that are.
///
/// # Errors
/// When reading fails.
pub(super) fn digest_all(reader: &mut dyn Read) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut size = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finalize().into(), size)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_disk_give_back_the_same() {
        for bound in [0, 7, 100] {
            let mut table = DigestTable::with_bound(100, bound).unwrap();
            for number in (0..100_u8).rev() {
                table.set(number.into(), digest_of(&[number / 2])).unwrap();
            }
            assert_eq!(matches!(table.0, Store::Memory(_)), bound == 100);
            for number in 0..100_u8 {
                assert_eq!(table.get(number.into()).unwrap(), digest_of(&[number / 2]));
            }
            let wanted = [digest_of(&[20]), digest_of(&[49]), digest_of(&[50])];
            let found = table.find(0..100, wanted).unwrap();
            assert_eq!(found.len(), 2);
            assert_eq!(found[&digest_of(&[20])], 40);
            assert_eq!(found[&digest_of(&[49])], 98);
            let found = table.find(41..98, wanted).unwrap();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), [(digest_of(&[20]), 41)]);
        }
    }

    #[test]
    fn digests_are_sha_256() {
        // printf abc | sha256sum
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let (digest, size) = digest_all(&mut &b"abc"[..]).unwrap();
        let text = digest.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!((text.as_str(), size), (expected, 3));
        assert_eq!(digest, digest_of(b"abc"));
    }
}
