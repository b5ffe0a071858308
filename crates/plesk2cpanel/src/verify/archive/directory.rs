//! Members that lie in a directory. Links are never followed.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mail_model::maildir::base_name;

use super::{Entry, Flow, Kind, Visit};

/// A failure, and the member at which it came.
type Failed = (Vec<u8>, io::Error);

/// What of a home is looked at: the rest belongs to web sites.
const OF_HOME: [&str; 8] = [
    ".autorespond",
    ".contactemail",
    ".spamassassin",
    ".spamassassinboxenable",
    ".spamassassinenable",
    "etc",
    "from-plesk",
    "mail",
];

/// Shows everything below a directory; `before` goes in front of its paths.
pub(super) fn walk(root: &Path, before: &[u8], visit: &mut Visit<'_>) -> Result<Flow, Failed> {
    // Directories that are yet to be entered, the next one last.
    let mut open: Vec<Vec<u8>> = vec![Vec::new()];
    while let Some(directory) = open.pop() {
        let names = names(&root.join(os(&directory))).map_err(|error| {
            let shown = [before, directory.as_slice()].concat();
            (shown, error)
        })?;
        let mut inner = Vec::new();
        for name in names {
            let path = join(&directory, &name);
            let place = root.join(os(&path));
            let flow = match fs::symlink_metadata(&place) {
                Ok(found) if found.is_dir() => {
                    inner.push(path.clone());
                    member(&place, &found, join(before, &path), visit)
                }
                Ok(found) => member(&place, &found, join(before, &path), visit),
                Err(error) => Err(error),
            };
            let flow = match flow {
                // In a home that is in use a message may be given another flag meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    renamed(&place, &join(before, &path), visit)
                }
                other => other,
            };
            if flow.map_err(|error| (join(before, &path), error))? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        inner.reverse();
        open.append(&mut inner);
    }
    Ok(Flow::On)
}

/// Shows what of a home is looked at, with `homedir/` in front.
pub(super) fn walk_home(root: &Path, visit: &mut Visit<'_>) -> Result<Flow, Failed> {
    for name in OF_HOME {
        let path = [b"homedir/", name.as_bytes()].concat();
        let place = root.join(name);
        let found = match fs::symlink_metadata(&place) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err((path, error)),
        };
        let mut flow =
            member(&place, &found, path.clone(), visit).map_err(|error| (path.clone(), error))?;
        if flow == Flow::On && found.is_dir() {
            flow = walk(&place, &path, visit)?;
        }
        if flow == Flow::Enough {
            return Ok(flow);
        }
    }
    Ok(Flow::On)
}

fn member(
    place: &Path,
    found: &Metadata,
    path: Vec<u8>,
    visit: &mut Visit<'_>,
) -> io::Result<Flow> {
    let kind = if found.is_dir() {
        Kind::Directory
    } else if found.is_file() {
        Kind::File
    } else if found.is_symlink() {
        Kind::SymbolicLink
    } else {
        Kind::Other
    };
    let mut nothing = io::empty();
    let mut content;
    let (size, data): (u64, &mut dyn Read) = if kind == Kind::File {
        content = File::open(place)?;
        // Another file of that name may have come between the two looks, a link among others.
        let opened = content.metadata()?;
        if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
            return Err(io::ErrorKind::NotFound.into());
        }
        (found.len(), &mut content)
    } else {
        (0, &mut nothing)
    };
    let (mtime, mode) = (found.mtime(), found.mode() & 0o7777);
    visit(&mut Entry { path, kind, size, mtime, mode, data })
}

/// A message under the name that it has now; a file that is gone is left to the comparison.
fn renamed(place: &Path, path: &[u8], visit: &mut Visit<'_>) -> io::Result<Flow> {
    let (Some(directory), Some(name)) = (place.parent(), place.file_name()) else {
        return Ok(Flow::On);
    };
    let base = base_name(name.as_bytes());
    for _ in 0..3 {
        let now = names(directory)?;
        let Some(now) = now.iter().find(|other| base_name(other) == base) else { break };
        let place = directory.join(os(now));
        let end = path.len() - name.as_bytes().len();
        let path = [&path[..end], now.as_slice()].concat();
        match fs::symlink_metadata(&place).and_then(|found| member(&place, &found, path, visit)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
    Ok(Flow::On)
}

/// In a fixed order, `new` before all others: a message that a server moves to `cur` meanwhile is
/// then seen twice and not missed.
fn names(directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // A folder that was deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().into_vec());
    }
    names.sort_unstable_by(|a, b| (a != b"new", a).cmp(&(b != b"new", b)));
    Ok(names)
}

/// Bytes as a path of the system's.
pub(super) fn os(path: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path))
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() || name.is_empty() {
        return [directory, name].concat();
    }
    [directory, b"/", name].concat()
}
