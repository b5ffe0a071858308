use std::io::Read;

use proptest::prelude::*;

use super::{Assembler, BLOCK, Block, Parsed, inner_path, is_header};

fn header(change: impl FnOnce(&mut tar::Header)) -> Block {
    let mut header = tar::Header::new_gnu();
    header.set_path("name").unwrap();
    header.set_size(0);
    header.set_mode(0o600);
    header.set_mtime(0);
    change(&mut header);
    header.set_cksum();
    *header.as_bytes()
}

fn parse(block: &Block) -> Parsed {
    Assembler::default().block(block)
}

#[test]
fn sizes_that_are_none_are_refused() {
    let with_size = |field: &[u8; 12]| parse(&header(|header| header.as_old_mut().size = *field));
    let size = |parsed: Parsed| match parsed {
        Parsed::Member(member) => Ok(member.size),
        Parsed::Bad(bad) => Err(bad.detail),
        other => panic!("{other:?}"),
    };
    assert_eq!(size(with_size(b"00000000017\0")), Ok(15));
    assert_eq!(size(with_size(b"         17 ")), Ok(15));
    assert_eq!(size(with_size(b"            ")), Ok(0));
    assert_eq!(size(with_size(b"\x80\0\0\0\0\0\0\x02\0\0\0\0")), Ok(8_589_934_592));
    for wrong in [
        b"0000000009x\0",
        b"-0000000001\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\x80\0\0\0\0\0\0\0",
        b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xc0\0\0\0\0\0\0\0\0\0\0\x01",
    ] {
        let error = size(with_size(wrong)).unwrap_err();
        assert!(error.contains("size"), "{error}");
    }
}

/// What the eight bytes of the field itself add up to.
fn checksum_field(block: &Block) -> u64 {
    block[148..156].iter().map(|byte| u64::from(*byte)).sum()
}

/// A gzip stream from a real server began so that its bytes, taken as signed, summed to nothing.
#[test]
fn signed_bytes_that_sum_to_nothing_are_no_header() {
    let mut block: Block = [0; BLOCK];
    // The checksum field counts as eight spaces, 256 together; these are -1 each.
    block[200..456].fill(0xff);
    assert!(!is_header(&block));
    block[148..156].copy_from_slice(b"no digit");
    assert!(!is_header(&block));
}

#[test]
fn a_wrong_checksum_tells_both_numbers_and_the_member() {
    let mut block = header(|_| {});
    let right: u64 =
        block.iter().map(|byte| u64::from(*byte)).sum::<u64>() - checksum_field(&block) + 8 * 32;
    block[0] = b'N';
    let Parsed::Bad(bad) = parse(&block) else { panic!() };
    let wrong = bad.checksum.unwrap();
    // `N` is 32 below `n`.
    assert_eq!((wrong.found, wrong.computed), (right, right - 32));
    assert_eq!(wrong.member.path, b"Name");
    assert!(!is_header(&block) && !is_header(&[0; BLOCK]) && !is_header(&[b' '; BLOCK]));
}

#[test]
fn old_and_posix_headers() {
    let mut old = tar::Header::new_old();
    old.set_path("dir/").unwrap();
    old.set_cksum();
    let Parsed::Member(member) = parse(old.as_bytes()) else { panic!() };
    assert!(member.is_directory() && !member.is_file());

    let long = format!("{}/{}", "d".repeat(100), "f".repeat(90));
    let mut posix = tar::Header::new_ustar();
    posix.set_path(&long).unwrap();
    posix.set_cksum();
    let Parsed::Member(member) = parse(posix.as_bytes()) else { panic!() };
    assert_eq!(member.path, long.as_bytes());
}

#[test]
fn paths_inside() {
    assert_eq!(inner_path(b"././a//b/").as_deref(), Some(&b"a/b"[..]));
    assert_eq!(inner_path(b"C:\\x").as_deref(), Some(&b"C:\\x"[..]));
    for outside in [&b"/etc/passwd"[..], b"../x", b"a/../../b", b"a/.."] {
        assert_eq!(inner_path(outside), None);
    }
}

/// Path, size and data of all members, by this crate.
fn ours(tar: &[u8]) -> Vec<(Vec<u8>, u64, i64)> {
    let mut assembler = Assembler::default();
    let mut members = Vec::new();
    let mut offset = 0;
    while let Some(block) = tar.get(offset..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        offset += BLOCK;
        match assembler.block(block) {
            Parsed::End => break,
            Parsed::Extension(kind, size) => {
                let size = usize::try_from(size).unwrap();
                assembler.extension(kind, &tar[offset..offset + size]).unwrap();
                offset += size.next_multiple_of(BLOCK);
            }
            Parsed::Member(member) => {
                offset += usize::try_from(member.padded_size().unwrap()).unwrap();
                members.push((member.path, member.size, member.mtime));
            }
            Parsed::Bad(bad) => panic!("{bad:?}"),
        }
    }
    members
}

fn theirs(tar: &[u8]) -> Vec<(Vec<u8>, u64, i64)> {
    let mut archive = tar::Archive::new(tar);
    let mut members = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        let mtime = i64::try_from(entry.header().mtime().unwrap()).unwrap();
        members.push((entry.path_bytes().into_owned(), data.len() as u64, mtime));
    }
    members
}

fn append(builder: &mut tar::Builder<Vec<u8>>, kind: tar::EntryType, name: &str, data: &[u8]) {
    let block = header(|header| {
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
    });
    builder.append(tar::Header::from_byte_slice(&block), data).unwrap();
}

/// A PAX size stands before a GNU long name: it is that of the member, and readers that took it
/// for the size of the name would see a member that others do not.
#[test]
fn pax_size_does_not_apply_to_what_stands_between() {
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, tar::EntryType::XHeader, "pax", b"13 size=2048\n");
    append(&mut builder, tar::EntryType::GNULongName, "././@LongLink", b"longname.txt\0");
    let hidden = header(|header| header.set_path("hidden").unwrap());
    let data = [&[b'a'; 1024][..], &hidden, &[b'b'; 512]].concat();
    let block = header(|header| {
        header.set_path("short").unwrap();
        header.set_size(16);
    });
    let mut tar = builder.into_inner().unwrap();
    tar.truncate(tar.len() - 1024);
    tar.extend(block);
    tar.extend(data);
    tar.extend([0; 1024]);
    assert_eq!(ours(&tar), [(b"longname.txt".to_vec(), 2048, 0)]);
    assert_eq!(ours(&tar), theirs(&tar));
}

#[test]
fn global_and_local_pax_records() {
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, tar::EntryType::XGlobalHeader, "global", b"17 comment=x=y z\n");
    append(&mut builder, tar::EntryType::XHeader, "pax", b"14 path=p/a/x\n22 mtime=1705310001.5\n");
    append(&mut builder, tar::EntryType::Regular, "short", b"12345");
    append(&mut builder, tar::EntryType::Regular, "next", b"");
    let tar = builder.into_inner().unwrap();
    let members = ours(&tar);
    assert_eq!(members[0], (b"p/a/x".to_vec(), 5, 1_705_310_001));
    assert_eq!(members[1], (b"next".to_vec(), 0, 0));
}

#[test]
fn broken_pax_records_are_errors() {
    for wrong in [
        &b"99 path=x\n"[..],
        b"x path=x\n",
        b"9 path=xx",
        b"5 abc\n",
        b"13 size=12x4\n",
        b"0 \n",
        b"99999999999999999999 a=b\n",
    ] {
        let mut assembler = Assembler::default();
        let result = assembler.extension(super::Extension::PaxLocal, wrong);
        assert!(result.is_err(), "{}", wrong.escape_ascii());
    }
}

proptest! {
    /// The tar crate is the independent reader: whatever it writes, both see the same.
    #[test]
    fn both_readers_see_the_same(
        members in prop::collection::vec(("[a-z]{1,8}(/[a-z0-9][a-z0-9.,=:]{0,59}){0,6}", 0_usize..2000, 0_u64..4_000_000_000), 0..8)
    ) {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, size, mtime) in &members {
            let mut header = tar::Header::new_gnu();
            header.set_size(*size as u64);
            header.set_mtime(*mtime);
            header.set_mode(0o600);
            builder.append_data(&mut header, path, &vec![b'x'; *size][..]).unwrap();
        }
        let tar = builder.into_inner().unwrap();
        prop_assert_eq!(ours(&tar), theirs(&tar));
        prop_assert_eq!(ours(&tar).len(), members.len());
    }

    #[test]
    fn no_block_makes_it_panic(block in prop::collection::vec(any::<u8>(), BLOCK), fix in any::<bool>()) {
        let mut block: Block = block.try_into().unwrap();
        if fix {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            prop_assert!(is_header(&block));
        }
        parse(&block);
    }

    #[test]
    fn no_pax_data_make_it_panic(data in "[0-9]{0,3} ?(path|size|mtime)?=?[0-9a-z\n]{0,20}") {
        let _ = Assembler::default().extension(super::Extension::PaxLocal, data.as_bytes());
    }
}
