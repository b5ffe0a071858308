//! More than 32 bits can say, in a file with a hole.

use std::io::{Read, Seek, Write};

use plesk_backup::{Backup, Damage};

use crate::METADATA;
use crate::builder::{crc32, extra};

/// Five GiB of NUL, stored; then the metadata. Its list of files is written only when asked for.
fn written(path: &std::path::Path, with_list: bool) -> u64 {
    const HOLE: u64 = 5 << 30;
    let mut file = std::fs::File::create(path).unwrap();
    let mut list = Vec::new();
    let mut files = 0_u64;
    let mut add = |file: &mut std::fs::File, name: &str, content: &[u8], hole: u64| {
        let header = file.stream_position().unwrap();
        let size = content.len() as u64 + hole;
        let sizes = [size.to_le_bytes(), size.to_le_bytes()].concat();
        // The checksum of the hole does not matter: nobody reads it.
        let crc = crc32(content);
        let common = |extra_length: usize| {
            let mut bytes = vec![45, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
            bytes.extend(crc.to_le_bytes());
            bytes.extend([0xff; 8]);
            bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            bytes.extend(u16::try_from(extra_length).unwrap().to_le_bytes());
            bytes
        };
        let own = extra(1, &sizes);
        file.write_all(b"PK\x03\x04").unwrap();
        file.write_all(&[common(own.len()), name.as_bytes().to_vec(), own].concat()).unwrap();
        file.write_all(content).unwrap();
        file.seek_relative(i64::try_from(hole).unwrap()).unwrap();
        let in_list = extra(1, &[&sizes[..], &header.to_le_bytes()].concat());
        list.extend(b"PK\x01\x02\x2d\x00");
        list.extend(common(in_list.len()));
        list.extend([0; 10]);
        list.extend([0xff; 4]);
        list.extend(name.as_bytes());
        list.extend(in_list);
        files += 1;
    };
    add(&mut file, "domains/a.example/backup_user-data_2401151030.tar", b"", HOLE);
    add(&mut file, METADATA.0, METADATA.1, 0);
    let start = file.stream_position().unwrap();
    if with_list {
        file.write_all(&list).unwrap();
        let record = file.stream_position().unwrap();
        let mut end = b"PK\x06\x06".to_vec();
        end.extend(44_u64.to_le_bytes());
        end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [files, files, list.len() as u64, start] {
            end.extend(value.to_le_bytes());
        }
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend(record.to_le_bytes());
        end.extend([1, 0, 0, 0]);
        end.extend(b"PK\x05\x06\0\0\0\0");
        end.extend([0xff; 12]);
        end.extend([0, 0]);
        file.write_all(&end).unwrap();
    }
    start
}

#[test]
fn sizes_and_offsets_of_64_bits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.zip");
    for with_list in [true, false] {
        let end = written(&path, with_list);
        assert!(end > 5 << 30);
        let backup = Backup::open(&path).unwrap();
        let sizes: Vec<u64> = backup.tree().iter().map(|(_, entry)| entry.size).collect();
        assert_eq!(sizes, [5 << 30, METADATA.1.len() as u64]);
        let id = backup.tree().find(METADATA.0).unwrap();
        assert!(backup.tree().get(id).offset > 5 << 30);
        let mut text = Vec::new();
        backup.tree().open(id).unwrap().read_to_end(&mut text).unwrap();
        assert_eq!(text, METADATA.1);
        if with_list {
            assert!(backup.damage().is_empty(), "{:?}", backup.damage());
        } else {
            assert!(matches!(backup.damage(), [Damage::Zip { .. }]), "{:?}", backup.damage());
        }
    }
    // Python sees the same.
    written(&path, true);
    let script = "import sys, zipfile
print([(i.filename, i.file_size, i.header_offset) for i in zipfile.ZipFile(sys.argv[1]).infolist()])";
    let mut python = std::process::Command::new("python3");
    let output = python.args(["-c", script]).arg(&path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("5368709120, 0)"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
