//! `.discovered/DUMP/cid_domainmail_ID`: the files that a domain's mail had at the time of a dump.
//!
//! Plesk makes increments by comparing each file with this list. Its form is not published and
//! assumed: of the rows that Plesk compares it is known that their columns are separated by tabs and
//! begin with the encoded path and `d` or `f`. A file that looks otherwise in any row is not used.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Take};

use super::percent;

/// Longest row that is read.
const ROW_LIMIT: u64 = 64 * 1024;

/// The files of a domain's mail, as the writer of a dump listed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileIndex {
    files: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u8>>,
}

impl FileIndex {
    /// Whether a path, as archives spell it (`info/Maildir/cur/…`), was there.
    pub fn contains(&self, path: &[u8]) -> bool {
        self.files.contains(path)
    }

    /// Whether a directory, spelled without a slash at its end, was there.
    pub fn contains_directory(&self, path: &[u8]) -> bool {
        self.directories.contains(path)
    }

    /// How many files there were.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True when there was no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Reads a list; `None` when it is empty, cut, or of another form.
    pub(crate) fn read(reader: impl Read) -> std::io::Result<Option<FileIndex>> {
        let mut reader = BufReader::new(reader);
        let mut index = FileIndex::default();
        let mut row = Vec::new();
        let mut rows = 0_usize;
        loop {
            row.clear();
            let mut limited: Take<_> = reader.by_ref().take(ROW_LIMIT);
            limited.read_until(b'\n', &mut row)?;
            if row.is_empty() {
                return Ok((rows > 0).then_some(index));
            }
            rows += 1;
            let Some(text) = row.strip_suffix(b"\n") else { return Ok(None) };
            let mut columns = text.split(|byte| *byte == b'\t');
            match (columns.next(), columns.next()) {
                (Some(path), Some(b"f")) if !path.is_empty() => {
                    index.files.insert(normal(path));
                }
                (Some(path), Some(b"d")) if !path.is_empty() => {
                    let path = normal(path);
                    let path = path.strip_suffix(b"/").unwrap_or(&path).to_vec();
                    index.directories.insert(path);
                }
                _ => return Ok(None),
            }
        }
    }
}

/// A path without percent escapes, and without `./` or a slash before it.
fn normal(path: &[u8]) -> Vec<u8> {
    let plain = percent::decoded(path);
    let path = plain.strip_prefix(b"./").unwrap_or(&plain);
    path.strip_prefix(b"/").unwrap_or(path).to_vec()
}

#[cfg(test)]
mod tests {
    use super::FileIndex;

    #[test]
    fn rows_of_the_known_beginning() {
        let text = b"info\td\t0\t1\ninfo/Maildir/cur/1.a%3A2,S\tf\t4\t10\t2\tpopuser\n./b\tf\n";
        let index = FileIndex::read(&text[..]).unwrap().unwrap();
        assert_eq!(index.len(), 2);
        assert!(index.contains(b"info/Maildir/cur/1.a:2,S"));
        assert!(index.contains(b"b"));
        assert!(!index.contains(b"info") && index.contains_directory(b"info"));
    }

    #[test]
    fn other_forms_are_not_used() {
        for text in [&b""[..], b"info/a\n", b"info/a\tx\n", b"a\tf\nb\tf", b"\tf\n", b"\0\0\0"] {
            assert_eq!(FileIndex::read(text).unwrap(), None, "{text:?}");
        }
        let long = vec![b'a'; 1 << 20];
        assert_eq!(FileIndex::read(&long[..]).unwrap(), None);
    }
}
