//! Members of a tar.
//!
//! The blocks are taken apart by the `tar` crate, and the extensions for long names here: the crate
//! reads them whole, however long an archive says that they are.
//!
//! An archive must be the same to whoever unpacks it, so that what is compared here is what a restore
//! makes of it. Whatever GNU tar, which cPanel calls, would take otherwise is a difference, or ends the
//! comparison.

use std::io::{self, Read};

use tar::{Archive, Entries, Entry as TarEntry, EntryType, Header};

use super::ahead::{Ahead, Failed, bad, long_name, pax};
use super::{Entry, Flow, Kind, Visit, Walked};

/// Whether a tar begins like this.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Ok(block) = <&[u8; 512]>::try_from(head) else { return false };
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(block);
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    block[0] != 0 && header.cksum().is_ok_and(|stated| stated == sum)
}

/// Shows all members, and gives the reader back unless the visitor had enough.
pub(super) fn walk<R: Read>(
    reader: R,
    visit: &mut Visit<'_>,
    walked: &mut Walked,
) -> Result<Option<R>, Failed> {
    let mut archive = Archive::new(reader);
    let mut ahead = Ahead::default();
    let mut at = Vec::new();
    for entry in raw(&mut archive).map_err(|error| (Vec::new(), error))? {
        let mut entry = entry.map_err(|error| (at.clone(), error))?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = long_name(&mut entry, &at)?;
                Ahead::name(&mut ahead.path, name).map_err(|error| (at.clone(), error))?;
            }
            EntryType::GNULongLink => {
                let name = long_name(&mut entry, &at)?;
                Ahead::name(&mut ahead.link, name).map_err(|error| (at.clone(), error))?;
            }
            EntryType::XHeader => pax(&mut entry, &at, Some(&mut ahead))?,
            EntryType::XGlobalHeader => pax(&mut entry, &at, None)?,
            _ => {
                let mut said = std::mem::take(&mut ahead);
                let own = || entry.path_bytes().into_owned();
                let full = said.path.take().unwrap_or_else(own);
                let flow = member(&mut entry, &full, said, visit, walked);
                at = full;
                if flow.map_err(|error| (at.clone(), error))? == Flow::Enough {
                    return Ok(None);
                }
            }
        }
    }
    // The crate stops at the first empty block; what follows must be read for gzip to check its sum.
    let mut reader = archive.into_inner();
    if !super::only_zeros(&mut reader).map_err(|error| (at, error))? {
        walked.odd(b"", "something follows the end of the tar");
        io::copy(&mut reader, &mut io::sink()).map_err(|error| (Vec::new(), error))?;
    }
    Ok(Some(reader))
}

fn raw<R: Read>(archive: &mut Archive<R>) -> io::Result<Entries<'_, R>> {
    Ok(archive.entries()?.raw(true))
}

fn member<R: Read>(
    entry: &mut TarEntry<'_, R>,
    full: &[u8],
    said: Ahead,
    visit: &mut Visit<'_>,
    walked: &mut Walked,
) -> io::Result<Flow> {
    same_for_all(entry.header())?;
    let Some(plain) = plain_path(full) else {
        walked.odd(full, "its path leads out of the archive");
        return Ok(Flow::On);
    };
    let mut parts = plain.splitn(2, |byte| *byte == b'/');
    let first = parts.next().unwrap_or_default();
    let top = walked.top.get_or_insert_with(|| first.to_vec());
    if top != first {
        let text = format!("it is not in the top directory `{}`", plesk_backup::printable(top));
        walked.odd(full, text);
        return Ok(Flow::On);
    }
    let link = said.link.or_else(|| entry.link_name_bytes().map(std::borrow::Cow::into_owned));
    let target = |link: Option<Vec<u8>>| {
        let plain = plain_path(&link?)?;
        Some(plain.strip_prefix(top.as_slice())?.strip_prefix(b"/")?.to_vec())
    };
    let kind = match entry.header().entry_type() {
        _ if said.is_sparse => Kind::Other,
        EntryType::Directory => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Symlink => Kind::SymbolicLink,
        EntryType::Link => match target(link) {
            Some(target) => Kind::HardLink(target),
            None => Kind::Other,
        },
        _ => Kind::Other,
    };
    if kind != Kind::Directory && full.ends_with(b"/") {
        walked.odd(full, "its name is that of a directory, and it is none");
        return Ok(Flow::On);
    }
    let has_none = matches!(
        entry.header().entry_type(),
        EntryType::Directory | EntryType::Link | EntryType::Symlink
    );
    if has_none && entry.header().entry_size()? > 0 {
        return Err(bad("it is no file, and has bytes"));
    }
    let path = parts.next().unwrap_or_default().to_vec();
    if path.is_empty() {
        if kind != Kind::Directory {
            walked.odd(full, "the top directory is none");
        } else if entry.header().mode()? & 0o7022 != 0 {
            walked.odd(full, "others than the account may write into it");
        }
        return Ok(Flow::On);
    }
    let header = entry.header();
    let (mode, mtime) = (header.mode()?, header.mtime()?.cast_signed());
    let mtime = said.mtime.unwrap_or(mtime);
    let size = if kind == Kind::File { header.entry_size()? } else { 0 };
    visit(&mut Entry { path, kind, size, mtime, mode: mode & 0o7777, data: entry })
}

/// Numbers and names that one reader takes so and another otherwise.
fn same_for_all(header: &Header) -> io::Result<()> {
    let block = header.as_bytes();
    // Behind this magic GNU tar takes a prefix whatever the version, and the crate only that of `00`.
    if block[257..263] == *b"ustar\0" && block[263..265] != *b"00" {
        return Err(bad("it is of an unknown version of tar"));
    }
    // Mode, size and time. A sign begins a number of another base for GNU tar.
    if [100, 124, 136].iter().any(|at| matches!(block[*at], b'+' | b'-')) {
        return Err(bad("a number in its header has a sign"));
    }
    Ok(())
}

/// Without `./` before it and slashes behind it; none if it leads elsewhere.
fn plain_path(path: &[u8]) -> Option<Vec<u8>> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix(b"./") {
        path = rest;
    }
    while let Some(rest) = path.strip_suffix(b"/") {
        path = rest;
    }
    let fits = path.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
        && !path.contains(&0);
    fits.then(|| path.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        let mut walked = Walked::default();
        let mut visit = |entry: &mut Entry<'_>| {
            let mut text = Vec::new();
            entry.data.read_to_end(&mut text)?;
            names.push(format!(
                "{} {:?} {} {} {}",
                entry.path.escape_ascii(),
                entry.kind,
                entry.size,
                entry.mtime,
                text.len()
            ));
            Ok(Flow::On)
        };
        walk(bytes, &mut visit, &mut walked)
            .map_err(|(at, error)| format!("{}: {error}", at.escape_ascii()))?;
        names.extend(
            walked.odd.iter().map(|(path, text)| format!("{}: {text}", path.escape_ascii())),
        );
        Ok(names)
    }

    fn header(kind: EntryType, name: &str, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(7);
        header.set_cksum();
        header
    }

    fn tar(parts: &[(&Header, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (header, data) in parts {
            bytes.extend(header.as_bytes());
            bytes.extend(*data);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    #[test]
    fn members_and_what_leads_elsewhere() {
        let file = |name| header(EntryType::Regular, name, 3);
        let mut open = header(EntryType::Directory, "top/", 0);
        open.set_mode(0o777);
        open.set_cksum();
        let link = {
            let mut link = header(EntryType::Link, "./top/b", 0);
            link.set_link_name("top/a").unwrap();
            link.set_cksum();
            link
        };
        let bytes = tar(&[
            (&open, b""),
            (&file("top/a"), b"abc"),
            (&link, b""),
            (&file("top/../../etc/passwd"), b"abc"),
            (&file("/top/c"), b"abc"),
            (&file("other/d"), b"abc"),
            (&header(EntryType::Fifo, "top/pipe", 0), b""),
        ]);
        assert!(is_header(&bytes[..512]));
        assert!(!is_header(&[0; 512]));
        assert_eq!(
            seen(&bytes).unwrap(),
            [
                "a File 3 7 3",
                "b HardLink([97]) 0 7 0",
                "pipe Other 0 7 0",
                "top/: others than the account may write into it",
                "top/../../etc/passwd: its path leads out of the archive",
                "/top/c: its path leads out of the archive",
                "other/d: it is not in the top directory `top`",
            ]
        );
    }

    #[test]
    fn long_names_of_both_kinds() {
        let long = format!("top/{}", "n".repeat(200));
        let gnu = header(EntryType::GNULongName, "././@LongLink", long.len() as u64 + 1);
        let record = pax(&[("mtime", "7.5"), ("path", &long)]);
        let x = header(EntryType::XHeader, "x", record.len() as u64);
        let file = header(EntryType::Regular, "top/n", 0);
        let name = [long.as_bytes(), b"\0"].concat();
        let bytes = tar(&[(&gnu, &name), (&file, b""), (&x, record.as_bytes()), (&file, b"")]);
        let expected = format!("{} File 0 7 0", "n".repeat(200));
        assert_eq!(seen(&bytes).unwrap(), [expected.clone(), expected]);
    }

    fn pax(records: &[(&str, &str)]) -> String {
        let record = |(key, value): &(&str, &str)| {
            let body = format!(" {key}={value}\n");
            let length = (body.len()..1000).find(|all| all.to_string().len() + body.len() == *all);
            format!("{}{body}", length.unwrap())
        };
        records.iter().map(record).collect()
    }

    /// A file behind a pax header of one of the two kinds.
    fn after(kind: EntryType, records: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let records = pax(records);
        let x = header(kind, "x", records.len() as u64);
        let file = header(EntryType::Regular, "top/n", 3);
        seen(&tar(&[(&x, records.as_bytes()), (&file, b"abc")]))
    }

    #[test]
    fn times_of_pax_headers_count() {
        for (text, mtime) in
            [("9", 9), ("9.75", 9), ("-9", -9), ("-9.0", -9), ("-9.25", -10), ("-0.5", -1)]
        {
            let found = after(EntryType::XHeader, &[("mtime", text), ("uid", "1")]).unwrap();
            assert_eq!(found, [format!("n File 3 {mtime} 3")], "{text}");
        }
        for text in ["", "x", "9,5", "+9", "1e3", "99999999999999999999", "--9", "9.-5"] {
            assert!(after(EntryType::XHeader, &[("mtime", text)]).is_err(), "{text}");
        }
    }

    #[test]
    fn what_gnu_tar_reads_otherwise() {
        let other = after(EntryType::XHeader, &[("GNU.sparse.name", "top/evil")]).unwrap();
        assert_eq!(other, ["n Other 0 7 3"]);
        assert!(after(EntryType::XHeader, &[("size", "12")]).unwrap_err().contains("another size"));
        // For all members.
        assert_eq!(after(EntryType::XGlobalHeader, &[("comment", "x")]).unwrap(), ["n File 3 7 3"]);
        for key in ["path", "linkpath", "mtime", "size", "GNU.sparse.major"] {
            let found = after(EntryType::XGlobalHeader, &[(key, "1")]);
            assert!(found.unwrap_err().contains("gives all members one"), "{key}");
        }
        assert!(after(EntryType::XHeader, &[("path\0", "top/x")]).is_err());
        // The last record of a key counts, but a second header takes the place of the first.
        let twice = after(EntryType::XHeader, &[("path", "top/a"), ("path", "top/b")]).unwrap();
        assert_eq!(twice, ["b File 3 7 3"]);
        let records = pax(&[("path", "top/a")]);
        let x = header(EntryType::XHeader, "x", records.len() as u64);
        let l = header(EntryType::GNULongName, "l", 5);
        let file = header(EntryType::Regular, "top/n", 0);
        let (x, l) = ((&x, records.as_bytes()), (&l, &b"top/l"[..]));
        assert!(seen(&tar(&[x, x, (&file, b"")])).unwrap_err().contains("two pax headers"));
        for two in [[x, l], [l, x], [l, l]] {
            let bytes = tar(&[two[0], two[1], (&file, b"")]);
            assert!(seen(&bytes).unwrap_err().contains("two names"));
        }
        // A name with a slash at its end is a directory to it.
        let slash = header(EntryType::Regular, "top/n/", 3);
        assert_eq!(
            seen(&tar(&[(&slash, b"abc")])).unwrap(),
            ["top/n/: its name is that of a directory, and it is none"]
        );
        // It passes by no bytes of a link.
        for kind in [EntryType::Link, EntryType::Symlink, EntryType::Directory] {
            assert!(seen(&tar(&[(&header(kind, "top/n", 3), b"abc")])).is_err());
        }
        let changed = |at: usize, byte: u8| {
            let mut header = header(EntryType::Regular, "top/n", 0);
            header.as_mut_bytes()[at] = byte;
            header.set_cksum();
            seen(&tar(&[(&header, b"")]))
        };
        assert!(changed(136, b'+').unwrap_err().contains("sign"));
        assert!(changed(262, 0).unwrap_err().contains("version"));
    }

    #[test]
    fn a_name_that_claims_to_be_endless_takes_no_memory() {
        for kind in [EntryType::GNULongName, EntryType::XHeader] {
            let bytes = tar(&[(&header(kind, "x", 1 << 40), b"abc")]);
            assert!(seen(&bytes).unwrap_err().contains("1099511627776 bytes"));
        }
    }

    #[test]
    fn what_is_cut_or_goes_on_is_said() {
        let bytes = tar(&[(&header(EntryType::Regular, "top/a", 3), b"abc")]);
        assert!(seen(&bytes[..514]).is_err());
        let longer = [bytes.as_slice(), b"more"].concat();
        assert_eq!(seen(&longer).unwrap()[1], ": something follows the end of the tar");
        for garbage in [&b"x 1=2\n"[..], b"9999 a=b\n", b"5 ab\n", b"4 =\n", b"1 "] {
            let x = header(EntryType::XHeader, "x", garbage.len() as u64);
            let bytes = tar(&[(&x, garbage)]);
            // Only the last of these is one.
            assert_eq!(seen(&bytes).is_ok(), garbage == b"4 =\n", "{}", garbage.escape_ascii());
        }
    }
}
