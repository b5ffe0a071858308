//! Members of a tar that say something of those behind them: long names, and pax headers.

use std::io::{self, Read};

use tar::Entry as TarEntry;

/// Four times what Linux takes for a path.
const LONGEST_NAME: u64 = 16 << 10;
/// More than a few names and times take.
const LONGEST_PAX: u64 = 1 << 20;

/// A failure, and the member at which it came.
pub(super) type Failed = (Vec<u8>, io::Error);

/// What the members before a member say of it.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) mtime: Option<i64>,
    /// Its bytes are a map of holes, and then what lies between these.
    pub(super) is_sparse: bool,
    /// There was a pax header.
    pax: bool,
}

impl Ahead {
    /// Takes a name; a second one would be for another reader.
    pub(super) fn name(slot: &mut Option<Vec<u8>>, name: Vec<u8>) -> io::Result<()> {
        match slot.replace(name) {
            None => Ok(()),
            Some(_) => Err(bad("the member after this one has two names")),
        }
    }
}

pub(super) fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

pub(super) fn long_name<R: Read>(
    entry: &mut TarEntry<'_, R>,
    at: &[u8],
) -> Result<Vec<u8>, Failed> {
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

/// Records `LENGTH KEY=VALUE\n`, of which names and times are taken; a header for all members, which
/// has no `ahead`, may say neither.
pub(super) fn pax<R: Read>(
    entry: &mut TarEntry<'_, R>,
    at: &[u8],
    ahead: Option<&mut Ahead>,
) -> Result<(), Failed> {
    let bytes = limited(entry, at, LONGEST_PAX, "a pax header")?;
    let failed = |error| (at.to_vec(), error);
    let Some(ahead) = ahead else {
        let mut rest = bytes.as_slice();
        while let Some((key, _)) = record(&mut rest).map_err(failed)? {
            let counts = matches!(key, b"path" | b"linkpath" | b"mtime" | b"size");
            if counts || key.starts_with(SPARSE) {
                let key = plesk_backup::printable(key);
                return Err(failed(bad(&format!("a pax header gives all members one `{key}`"))));
            }
        }
        return Ok(());
    };
    if std::mem::replace(&mut ahead.pax, true) {
        return Err(failed(bad("two pax headers are for one member")));
    }
    // Of two records of one key the later counts.
    let (mut path, mut link) = (None, None);
    let mut rest = bytes.as_slice();
    while let Some((key, value)) = record(&mut rest).map_err(failed)? {
        match key {
            b"path" => path = Some(value.to_vec()),
            b"linkpath" => link = Some(value.to_vec()),
            b"mtime" => {
                let seconds = seconds(value).ok_or_else(|| bad("a pax header has a bad time"));
                ahead.mtime = Some(seconds.map_err(failed)?);
            }
            // Two sizes for one member are two views of one archive.
            b"size" => {
                return Err(failed(bad("a pax header after this member gives another size")));
            }
            key if key.starts_with(SPARSE) => ahead.is_sparse = true,
            _ => {}
        }
    }
    for (slot, name) in [(&mut ahead.path, path), (&mut ahead.link, link)] {
        if let Some(name) = name {
            Ahead::name(slot, name).map_err(failed)?;
        }
    }
    Ok(())
}

/// Keys by which GNU tar knows a file with holes; one of them is a further name.
const SPARSE: &[u8] = b"GNU.sparse.";

/// Takes key and value of the first record from the others.
fn record<'b>(rest: &mut &'b [u8]) -> io::Result<Option<(&'b [u8], &'b [u8])>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let all = *rest;
    let found = || {
        let space = all.iter().position(|byte| *byte == b' ')?;
        let digits = all[..space].iter().all(u8::is_ascii_digit);
        let length = str::from_utf8(&all[..space]).ok().filter(|_| digits)?.parse().ok()?;
        let record = all.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        (!key.contains(&0)).then_some((length, key, value))
    };
    let none = || bad("a pax header after this member is no list of values");
    let (length, key, value) = found().ok_or_else(none)?;
    *rest = &all[length..];
    Ok(Some((key, value)))
}

/// Whole seconds of a time that may have a fraction, downwards as a file system has it.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let negative = whole.starts_with('-');
    let plain = whole.strip_prefix('-').unwrap_or(whole);
    if plain.is_empty() || !digits(plain) || !digits(fraction) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    if negative && !is_whole { seconds.checked_sub(1) } else { Some(seconds) }
}
