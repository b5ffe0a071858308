//! What is wrong with a zip, in the order in which it was met.

use std::collections::HashMap;

use super::Refusal;

/// Something that is wrong with a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// About the zip as a whole, or its list of files.
    Zip { offset: u64, detail: String },
    /// It ends inside a file or a header.
    Truncated { length: u64, needed: u64 },
    /// Bytes where a header should be; the next header was looked for.
    BadHeader { offset: u64, detail: String, skipped: u64 },
    /// Something that is no zip follows its end.
    TrailingData { offset: u64, length: u64 },
    /// The same with some files: the first of them, with the offset of its header.
    Files { cause: Cause, path: Vec<u8>, offset: u64, others: u64, detail: String },
}

/// What several files may have in common, so that it is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    Refused(Refusal),
    GuessedName,
    NamedDirectory,
    TwoHeaders,
    NoSignature,
    NoChecksum,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) list: Vec<Fault>,
    by_cause: HashMap<Cause, usize>,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// Notes a fault of a file; of each cause only the first one is told in detail, because a
    /// writer that does something oddly does it with every file.
    pub(super) fn file(
        &mut self,
        cause: Cause,
        path: &[u8],
        offset: u64,
        detail: impl FnOnce() -> String,
    ) {
        if let Some(index) = self.by_cause.get(&cause) {
            if let Some(Fault::Files { others, .. }) = self.list.get_mut(*index) {
                *others += 1;
            }
            return;
        }
        self.by_cause.insert(cause, self.list.len());
        let (path, detail) = (path.to_vec(), detail());
        self.list.push(Fault::Files { cause, path, offset, others: 0, detail });
    }

    pub(super) fn refused(&mut self, refusal: Refusal, path: &[u8], offset: u64) {
        self.file(Cause::Refused(refusal), path, offset, || format!("cannot be read: {refusal}"));
    }
}
