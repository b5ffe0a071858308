//! Random trees, and random damage.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::builder::{Descriptor, File, backup};
use crate::{METADATA, files, open, walk_bytes};

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-zA-Zäöü ._-]{1,12}", 1..4)
        .prop_map(|parts| parts.join("/"))
        .prop_filter("no part may be a dot", |name| {
            name.split('/').all(|part| !matches!(part, "." | ".."))
        })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..2000),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

/// A name must not be a directory of another.
fn trees() -> impl Strategy<Value = BTreeMap<String, (Vec<u8>, bool)>> {
    prop::collection::btree_map(name(), (content(), any::<bool>()), 0..12).prop_map(|mut tree| {
        let names: Vec<String> = tree.keys().cloned().collect();
        tree.retain(|name, _| {
            let below = format!("{name}/");
            !names.iter().any(|other| other.starts_with(&below)) && name != METADATA.0
        });
        tree
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_crate_writes_is_read(tree in trees()) {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        writer.start_file(METADATA.0, options).unwrap();
        writer.write_all(METADATA.1).unwrap();
        for (name, (content, deflated)) in &tree {
            let method =
                if *deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
            writer.start_file(name, options.compression_method(method)).unwrap();
            writer.write_all(content).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let (_directory, opened) = open(&bytes);
        prop_assert!(opened.damage().is_empty());
        let expected: Vec<_> =
            tree.iter().map(|(name, (content, _))| (name.clone(), Ok(content.clone()))).collect();
        prop_assert!(files(&opened) == expected);
    }

    /// Whatever bytes are changed: nothing panics, and what the crate reads with a checksum that
    /// fits is the same here, as far as its list is believed here, too.
    #[test]
    fn a_few_changed_bytes(
        tree in trees(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        descriptor in any::<bool>(),
    ) {
        let all = tree.iter().map(|(name, (content, deflated))| File {
            deflated: *deflated,
            descriptor: descriptor.then_some(Descriptor::Signed),
            flags: 1 << 11,
            ..File::new(name, content)
        });
        let mut bytes = backup(all.collect()).bytes;
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        // The zip may not begin as one any more, so that it is read as an archive.
        let (_directory, backup) = crate::with_archive(&bytes);
        let id = backup.tree().find(crate::STAMPED).unwrap();
        let Ok(archive) = backup.open_archive(id) else { return Ok(()) };
        let (seen, end) = crate::walk(archive);
        let is_damaged = end.damage.is_some();
        let Ok(mut other) = ZipArchive::new(Cursor::new(&bytes)) else { return Ok(()) };
        for index in 0..other.len() {
            let Ok(mut file) = other.by_index(index) else { continue };
            let (name, is_file) = (file.name_raw().to_vec(), file.is_file());
            let mut content = Vec::new();
            if file.read_to_end(&mut content).is_err() || !is_file {
                continue;
            }
            let same = seen.iter().any(|seen| {
                seen.bytes.as_ref().is_ok_and(|bytes| *bytes == content)
            });
            prop_assert!(same || is_damaged, "{name:?} is whole to the crate alone");
        }
    }

    /// Nothing but random bytes behind the signature.
    #[test]
    fn garbage(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let stored = [&b"PK\x03\x04"[..], &bytes].concat();
        let (_, end) = walk_bytes(&stored);
        prop_assert!(end.damage.is_some());
    }
}
