//! Members of a tar.
//!
//! The blocks are taken apart by the `tar` crate, and the extensions for long names here: the crate
//! reads them whole, however long an archive says that they are.

use std::io::{self, Read};

use tar::{Archive, Entries, Entry as TarEntry, EntryType, Header};

use super::{Entry, Flow, Kind, Visit, Walked};

/// Four times what Linux takes for a path.
const LONGEST_NAME: u64 = 16 << 10;
/// More than a few names and times take.
const LONGEST_PAX: u64 = 1 << 20;

/// A failure, and the member at which it came.
type Failed = (Vec<u8>, io::Error);

/// What the members before a member say of it.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

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
            EntryType::GNULongName => ahead.path = Some(long_name(&mut entry, &at)?),
            EntryType::GNULongLink => ahead.link = Some(long_name(&mut entry, &at)?),
            EntryType::XHeader => pax(&mut entry, &at, &mut ahead)?,
            // Holds for all members and names none of them.
            EntryType::XGlobalHeader => {}
            _ => {
                let said = std::mem::take(&mut ahead);
                let full = said.path.unwrap_or_else(|| entry.path_bytes().into_owned());
                let flow = member(&mut entry, &full, said.link, visit, walked);
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
    link: Option<Vec<u8>>,
    visit: &mut Visit<'_>,
    walked: &mut Walked,
) -> io::Result<Flow> {
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
    let link = link.or_else(|| entry.link_name_bytes().map(std::borrow::Cow::into_owned));
    let target = |link: Option<Vec<u8>>| {
        let plain = plain_path(&link?)?;
        Some(plain.strip_prefix(top.as_slice())?.strip_prefix(b"/")?.to_vec())
    };
    let kind = match entry.header().entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Symlink => Kind::SymbolicLink,
        EntryType::Link => match target(link) {
            Some(target) => Kind::HardLink(target),
            None => Kind::Other,
        },
        _ => Kind::Other,
    };
    let path = parts.next().unwrap_or_default().to_vec();
    if path.is_empty() {
        if kind != Kind::Directory {
            walked.odd(full, "the top directory is none");
        }
        return Ok(Flow::On);
    }
    let header = entry.header();
    let (mode, mtime) = (header.mode()?, header.mtime()?.cast_signed());
    let size = if kind == Kind::File { header.entry_size()? } else { 0 };
    visit(&mut Entry { path, kind, size, mtime, mode: mode & 0o7777, data: entry })
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

fn long_name<R: Read>(entry: &mut TarEntry<'_, R>, at: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut name = limited(entry, at, LONGEST_NAME, "a name")?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn limited<R: Read>(
    entry: &mut TarEntry<'_, R>,
    at: &[u8],
    most: u64,
    what: &str,
) -> Result<Vec<u8>, Failed> {
    let failed = |error| (at.to_vec(), error);
    let size = entry.header().entry_size().map_err(failed)?;
    if size > most {
        let text = format!("{what} after this member takes {size} bytes, and {most} are possible");
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, text)));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(failed)?;
    if (bytes.len() as u64) < size {
        return Err(failed(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

/// Records `LENGTH KEY=VALUE\n`; only names are taken.
fn pax<R: Read>(entry: &mut TarEntry<'_, R>, at: &[u8], ahead: &mut Ahead) -> Result<(), Failed> {
    let bytes = limited(entry, at, LONGEST_PAX, "a pax header")?;
    let bad = |text: &str| (at.to_vec(), io::Error::new(io::ErrorKind::InvalidData, text));
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ');
        let length = space
            .and_then(|space| str::from_utf8(&rest[..space]).ok())
            .and_then(|digits| digits.parse::<usize>().ok())
            .filter(|length| *length <= rest.len());
        let (Some(space), Some(length)) = (space, length) else {
            return Err(bad("a pax header after this member is no list of values"));
        };
        let record = rest.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n"));
        let equals = record.and_then(|record| record.iter().position(|byte| *byte == b'='));
        let (Some(record), Some(equals)) = (record, equals) else {
            return Err(bad("a pax header after this member is no list of values"));
        };
        match (&record[..equals], &record[equals + 1..]) {
            (b"path", value) => ahead.path = Some(value.to_vec()),
            (b"linkpath", value) => ahead.link = Some(value.to_vec()),
            // Two sizes for one member are two views of one archive.
            (b"size", _) => return Err(bad("a pax header after this member gives another size")),
            _ => {}
        }
        rest = &rest[length..];
    }
    Ok(())
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
        let link = {
            let mut link = header(EntryType::Link, "./top/b", 0);
            link.set_link_name("top/a").unwrap();
            link.set_cksum();
            link
        };
        let bytes = tar(&[
            (&header(EntryType::Directory, "top/", 0), b""),
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
        let pax = |key: &str, value: &str| {
            let body = format!(" {key}={value}\n");
            let length = (body.len()..1000).find(|all| all.to_string().len() + body.len() == *all);
            format!("{}{body}", length.unwrap())
        };
        let record = pax("mtime", "7.5") + &pax("path", &long);
        let x = header(EntryType::XHeader, "x", record.len() as u64);
        let file = header(EntryType::Regular, "top/n", 0);
        let name = [long.as_bytes(), b"\0"].concat();
        let bytes = tar(&[(&gnu, &name), (&file, b""), (&x, record.as_bytes()), (&file, b"")]);
        let expected = format!("{} File 0 7 0", "n".repeat(200));
        assert_eq!(seen(&bytes).unwrap(), [expected.clone(), expected]);

        let record = pax("size", "12");
        let x = header(EntryType::XHeader, "x", record.len() as u64);
        let bytes = tar(&[(&x, record.as_bytes()), (&file, b"")]);
        assert!(seen(&bytes).unwrap_err().contains("another size"));
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
