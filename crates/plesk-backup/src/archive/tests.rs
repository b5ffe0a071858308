use std::convert::Infallible;
use std::io::{Read, Write};

use flate2::write::GzEncoder;

use super::detect::open_bytes;
use super::{ArchiveError, ArchiveFormat, DamageKind, MemberKind, WalkEnd};
use crate::LooksLike;

/// Bytes that do not compress, so that offsets in the stored archive are spread over it.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(1_705_310_001);
        builder.append_data(&mut header, path, *data).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd_of(data: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// What a walk saw: path and bytes, or how many bytes could be read before an error.
type Seen = Vec<(String, Result<Vec<u8>, (usize, std::io::ErrorKind)>)>;

fn walk(stored: &[u8]) -> (Seen, WalkEnd) {
    let archive = open_bytes(stored, stored.len() as u64).unwrap();
    let mut seen = Vec::new();
    let end = archive
        .walk(|member| {
            let mut data = Vec::new();
            let result = member.read_to_end(&mut data);
            let outcome = match result {
                Ok(_) => Ok(data),
                Err(error) => Err((data.len(), error.kind())),
            };
            seen.push((crate::printable(&member.path), outcome));
            Ok::<(), Infallible>(())
        })
        .unwrap();
    (seen, end)
}

fn three() -> (Vec<(&'static str, Vec<u8>)>, Vec<u8>) {
    let files =
        vec![("a/one", noise(3000, 1)), ("a/two", noise(70_000, 2)), ("a/three", noise(900, 3))];
    let borrowed: Vec<(&str, &[u8])> =
        files.iter().map(|(path, data)| (*path, &data[..])).collect();
    let tar = tar_of(&borrowed);
    (files, tar)
}

#[test]
fn all_formats_are_told_by_content_and_give_the_same() {
    let (files, tar) = three();
    for (stored, format) in [
        (tar.clone(), ArchiveFormat::Tar),
        (gzip(&tar), ArchiveFormat::Gzip),
        (zstd_of(&tar), ArchiveFormat::Zstd),
    ] {
        let archive = open_bytes(&stored, stored.len() as u64).unwrap();
        assert_eq!((archive.format, archive.leading_garbage), (format, 0));
        let (seen, end) = walk(&stored);
        let expected: Seen =
            files.iter().map(|(path, data)| ((*path).to_owned(), Ok(data.clone()))).collect();
        assert!(seen == expected, "{format:?}");
        assert_eq!((end.members, end.damage), (3, None));
    }
}

#[test]
fn several_members_and_frames_and_skippable_frames() {
    let (files, tar) = three();
    let (left, right) = tar.split_at(40_000);
    let mut gz = vec![gzip(&[]); 10_000].concat();
    gz.extend(gzip(left));
    gz.extend(gzip(right));
    gz.extend([0; 700]);
    let skippable = b"\x53\x2a\x4d\x18\x05\0\0\0hello";
    let zst = [&skippable[..], &zstd_of(left), skippable, &zstd_of(right), skippable].concat();
    for stored in [gz, zst] {
        let archive = open_bytes(&stored, stored.len() as u64);
        // A leading skippable frame has another magic; the frame after it is found by the scan.
        assert!(archive.is_ok());
        let (seen, end) = walk(&stored);
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().zip(&files).all(|(seen, file)| seen.1.as_ref() == Ok(&file.1)));
        assert_eq!(end.damage, None);
    }
}

#[test]
fn every_truncation_keeps_what_is_whole_and_names_what_is_cut() {
    let (files, tar) = three();
    for stored in [tar.clone(), gzip(&tar), zstd_of(&tar)] {
        for length in (1..stored.len()).step_by(257).chain([stored.len() - 1]) {
            let archive = open_bytes(&stored[..length], stored.len() as u64);
            let Ok(archive) = archive else { continue };
            let mut whole = 0;
            let mut cut = None;
            let end = archive
                .walk(|member| {
                    let mut data = Vec::new();
                    match member.read_to_end(&mut data) {
                        Ok(_) => {
                            assert!(data == files[whole].1, "changed data at length {length}");
                            whole += 1;
                        }
                        Err(error) => {
                            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
                            assert!(files[whole].1.starts_with(&data));
                            cut = Some((member.path.clone(), data.len() as u64, member.size));
                        }
                    }
                    Ok::<(), Infallible>(())
                })
                .unwrap();
            let damage = end.damage.unwrap();
            assert_eq!(damage.what, DamageKind::Truncated, "{damage} at {length}");
            assert!(damage.offset <= length as u64);
            if let Some((path, read, size)) = cut {
                assert_eq!(damage.member, Some(path));
                assert_eq!((damage.member_read, damage.member_size), (read, size));
            }
        }
    }
}

#[test]
fn a_member_that_the_visitor_leaves_is_checked_as_well() {
    let (_, tar) = three();
    let cut = &tar[..10_000];
    let archive = open_bytes(cut, tar.len() as u64).unwrap();
    let mut paths = Vec::new();
    let end = archive
        .walk(|member| {
            paths.push(member.path.clone());
            Ok::<(), Infallible>(())
        })
        .unwrap();
    let damage = end.damage.unwrap();
    assert_eq!(paths, [b"a/one".to_vec(), b"a/two".to_vec()]);
    assert_eq!(damage.member.as_deref(), Some(&b"a/two"[..]));
    // Header, 3000 bytes in six blocks, header: the data begin at 512 + 3072 + 512.
    assert_eq!(
        (damage.member_read, damage.member_size, damage.offset),
        (10_000 - 4096, 70_000, 10_000)
    );
    assert_eq!(
        damage.to_string(),
        "the archive ends inside a member at byte 10000, in `a/two` (5904 of 70000 bytes read)"
    );
}

#[test]
fn a_cut_between_members_is_known_from_the_declared_size() {
    let (_, tar) = three();
    let boundary = 512 + 3072;
    let archive = open_bytes(&tar[..boundary], tar.len() as u64).unwrap();
    let end = archive.walk(|_| Ok::<(), Infallible>(())).unwrap();
    let damage = end.damage.unwrap();
    assert_eq!((end.members, damage.what, damage.offset), (1, DamageKind::Truncated, 3584));
    // Without a declared size that says otherwise, a missing end mark is fine.
    let archive = open_bytes(&tar[..boundary], boundary as u64).unwrap();
    assert_eq!(archive.walk(|_| Ok::<(), Infallible>(())).unwrap().damage, None);
}

#[test]
fn wrong_checksums_and_lengths_tell_both_numbers() {
    let (_, tar) = three();
    let good = gzip(&tar);
    let mut checksum = good.clone();
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    let (seen, end) = walk(&checksum);
    let damage = end.damage.unwrap();
    assert_eq!((seen.len(), damage.what), (3, DamageKind::BadChecksum));
    let written = u32::from_le_bytes(checksum[at..at + 4].try_into().unwrap());
    assert!(
        damage.detail.contains(&format!("{written:08x}, computed {:08x}", written ^ 1)),
        "{damage}"
    );

    let mut length = good;
    let at = length.len() - 4;
    length[at] ^= 1;
    let damage = walk(&length).1.damage.unwrap();
    assert_eq!(damage.what, DamageKind::BadChecksum);
    assert!(
        damage.detail.contains(&format!("is {}, counted {}", tar.len() ^ 1, tar.len())),
        "{damage}"
    );

    let mut frame = zstd_of(&tar);
    let at = frame.len() - 1;
    frame[at] ^= 1;
    let (seen, end) = walk(&frame);
    assert_eq!((seen.len(), end.damage.unwrap().what), (3, DamageKind::BadChecksum));
}

#[test]
fn a_flipped_byte_anywhere_never_passes_unnoticed() {
    let (files, tar) = three();
    for good in [gzip(&tar), zstd_of(&tar)] {
        for at in (12..good.len()).step_by(1009) {
            let mut stored = good.clone();
            stored[at] ^= 0x55;
            let (seen, end) = walk(&stored);
            let same = seen.len() == 3
                && seen.iter().zip(&files).all(|(seen, file)| seen.1.as_ref() == Ok(&file.1));
            assert!(end.damage.is_some() || same, "flip at {at}");
        }
    }
}

#[test]
fn trailing_garbage_is_told_with_its_offset() {
    let (_, tar) = three();
    for good in [gzip(&tar), zstd_of(&tar)] {
        let stored = [&good[..], b"tar: something went wrong\n"].concat();
        let (seen, end) = walk(&stored);
        let damage = end.damage.unwrap();
        assert_eq!((seen.len(), damage.what), (3, DamageKind::TrailingGarbage));
        assert_eq!(damage.offset, good.len() as u64);
    }
}

#[test]
fn error_text_before_the_magic_is_skipped() {
    let (_, tar) = three();
    let text = b"Unable to getpwnam for user \x1f\x8b example\n";
    for good in [gzip(&tar), zstd_of(&tar), tar.clone()] {
        let stored = [&text[..], &good].concat();
        let archive = open_bytes(&stored, stored.len() as u64).unwrap();
        assert_eq!(archive.leading_garbage, text.len() as u64);
        let (seen, end) = walk(&stored);
        assert_eq!((seen.len(), end.damage), (3, None));
    }
}

#[test]
fn what_is_no_archive_is_refused_by_what_it_looks_like() {
    let refuse = |bytes: &[u8]| open_bytes(bytes, 20_000).unwrap_err();
    assert!(matches!(refuse(b""), ArchiveError::Empty { declared: 20_000, .. }));
    for (bytes, kind) in [
        (&vec![0; 20_480][..], LooksLike::Zeros),
        (b"plain text", LooksLike::Text),
        (b"\xff\xd8\xff\xe0 image", LooksLike::Jpeg),
    ] {
        assert!(
            matches!(refuse(bytes), ArchiveError::NotAnArchive { looks_like, .. } if looks_like == kind)
        );
    }
    // Told by its first bytes, whatever follows them.
    let (seen, end) = walk(b"PK\x03\x04 with \x1f\x8b in it");
    assert!(seen.is_empty());
    assert_eq!(end.damage.unwrap().what, DamageKind::BadHeader);
    // An empty tar is no hole.
    assert_eq!(walk(&[0; 10_240]).1.members, 0);
}

#[test]
fn a_damaged_header_costs_one_member() {
    let (files, mut tar) = three();
    // The header of `a/two` lies behind 512 + 3072 bytes.
    tar[3584 + 108] ^= 1;
    let (seen, end) = walk(&tar);
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].1.as_ref(), Ok(&files[2].1));
    let damage = end.damage.unwrap();
    assert_eq!((damage.what, damage.offset), (DamageKind::BadHeader, 3584));
    assert_eq!(damage.member.as_deref(), Some(&b"a/two"[..]));
    assert_eq!((damage.member_read, damage.member_size), (0, 70_000));
    // 512 of the header, 70 000 in 137 blocks.
    assert!(damage.detail.ends_with("; 70656 bytes of the tar were skipped"), "{damage}");
}

#[test]
fn behind_damage_the_next_header_is_found_at_any_place() {
    let (files, tar) = three();
    // In the middle of `a/two`, so that what follows is shifted.
    for added in [1, 100, 511, 513, 4000] {
        let mut longer = tar.clone();
        longer.splice(20_000..20_000, vec![b'x'; added]);
        let (seen, end) = walk(&longer);
        assert_eq!(seen.len(), 3, "{added}");
        assert_eq!(seen[2].1.as_ref(), Ok(&files[2].1), "{added}");
        let damage = end.damage.unwrap();
        let skipped = format!("; {added} bytes of the tar were skipped");
        assert!(damage.detail.ends_with(&skipped), "{damage}");
        assert_eq!(damage.suspect_before.as_deref(), Some(&b"a/two"[..]));
        assert_eq!(end.further_damage, [], "{added}");
    }
    // What is missing is made up for by the header of the next, which is lost with it.
    for missing in [1, 100, 511, 513] {
        let mut cut = tar.clone();
        cut.drain(20_000..20_000 + missing);
        let more = tar_of(&[("a/four", b"4")]);
        cut.truncate(cut.len() - 1024);
        cut.extend(more);
        let (seen, end) = walk(&cut);
        let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a/one", "a/two", "a/four"], "{missing}");
        let text = end.damage.unwrap().to_string();
        assert!(text.ends_with("; `a/two` before it may be changed, too"), "{text}");
    }
}

#[test]
fn one_block_of_nul_among_the_members_is_told_and_passed() {
    let (files, tar) = three();
    let mut stored = tar.clone();
    stored.splice(3584..3584, [0; 512]);
    let (seen, end) = walk(&stored);
    assert!(seen.iter().zip(&files).all(|(seen, file)| seen.1.as_ref() == Ok(&file.1)));
    assert_eq!((seen.len(), end.damage.unwrap().what), (3, DamageKind::BadHeader));
    // Behind a whole end mark nothing is a member any more.
    let mut stored = tar_of(&[("a", b"b")]);
    stored.extend(tar);
    let (seen, end) = walk(&stored);
    assert_eq!((seen.len(), end.damage.unwrap().what), (1, DamageKind::TrailingGarbage));
}

#[test]
fn archives_and_backups_can_go_to_other_threads() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<super::ContentArchive>();
    is_send::<crate::EntryReader>();
    is_send::<crate::Backup>();
    is_sync::<crate::Backup>();
}

#[test]
fn a_zstd_window_beyond_the_limit_is_refused_with_the_number() {
    // Window descriptor: exponent 10 + 21 = 31, no mantissa.
    let frame = b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0";
    let (seen, end) = walk(frame);
    let damage = end.damage.unwrap();
    assert_eq!((seen.len(), damage.what), (0, DamageKind::Unsupported));
    assert!(damage.detail.contains("2147483648 bytes, at most 134217728"), "{damage}");
}

#[test]
fn a_zstd_dictionary_is_refused() {
    // Descriptor: one byte of dictionary number; a window; number 7; one raw block of one byte.
    let frame = b"\x28\xb5\x2f\xfd\x01\x50\x07\x09\0\0x";
    let (_, end) = walk(frame);
    assert_eq!(end.damage.unwrap().what, DamageKind::Unsupported);
}

#[test]
fn kinds_of_members_and_names() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &[u8], kind: tar::EntryType, link: &str, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        if !link.is_empty() {
            header.set_link_name_literal(link).unwrap();
        }
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    };
    add(b"./info/", tar::EntryType::Directory, "", b"");
    add(b"./info/caf\xe9", tar::EntryType::Regular, "", b"x");
    add(b"info/b", tar::EntryType::Link, "./info/caf", b"");
    add(b"info/c", tar::EntryType::Symlink, "/etc/passwd", b"");
    add(b"info/d", tar::EntryType::Fifo, "", b"");
    add(b"../../x", tar::EntryType::Regular, "", b"y");
    add(b"/etc/passwd", tar::EntryType::Regular, "", b"z");
    let tar = builder.into_inner().unwrap();
    let mut seen = Vec::new();
    let archive = open_bytes(&tar, tar.len() as u64).unwrap();
    let end = archive
        .walk(|member| {
            seen.push((member.path.clone(), member.kind.clone()));
            Ok::<(), Infallible>(())
        })
        .unwrap();
    assert_eq!(end.damage, None);
    assert_eq!(
        seen,
        [
            (b"info".to_vec(), MemberKind::Directory),
            (b"info/caf\xe9".to_vec(), MemberKind::File),
            (b"info/b".to_vec(), MemberKind::HardLink(b"info/caf".to_vec())),
            (b"info/c".to_vec(), MemberKind::SymbolicLink(b"/etc/passwd".to_vec())),
            (b"info/d".to_vec(), MemberKind::Other(b'6')),
            // Left as they are: whoever uses names must see them.
            (b"../../x".to_vec(), MemberKind::File),
            (b"/etc/passwd".to_vec(), MemberKind::File),
        ]
    );
}

#[test]
fn the_visitor_can_end_the_walk() {
    let (_, tar) = three();
    let archive = open_bytes(&tar, tar.len() as u64).unwrap();
    let error = archive.walk(|_| Err("enough")).unwrap_err();
    assert_eq!(error.to_string(), "enough");
}

#[test]
fn a_bomb_costs_no_memory_until_it_is_read() {
    // 256 MiB of NUL in some 256 KiB; skipped, it goes through one buffer.
    let mut header = tar::Header::new_gnu();
    header.set_size(256 * 1024 * 1024);
    header.set_path("bomb").unwrap();
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(header.as_bytes()).unwrap();
    let block = vec![0; 1024 * 1024];
    for _ in 0..256 {
        encoder.write_all(&block).unwrap();
    }
    let stored = encoder.finish().unwrap();
    let archive = open_bytes(&stored, stored.len() as u64).unwrap();
    let end = archive.walk(|_| Ok::<(), Infallible>(())).unwrap();
    assert_eq!((end.members, end.damage), (1, None));
}
