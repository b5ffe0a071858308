//! Which metadata files a tree has, and which dump each is of.

use std::collections::BTreeMap;

use super::resolve::base_name;
use super::{FileName, Stamp};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// All metadata of a tree.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// By dump; of one dump the shallowest first.
    pub(super) files: Vec<MetadataFile>,
    /// By stamp, the oldest first, and what has none last.
    pub(super) dumps: Vec<DumpFiles>,
}

/// A metadata file.
#[derive(Debug)]
pub(super) struct MetadataFile {
    pub(super) entry: EntryId,
    /// Index into [`Inventory::dumps`].
    pub(super) dump: usize,
}

/// The metadata files of one dump, as far as names tell of it.
#[derive(Debug)]
pub(super) struct DumpFiles {
    pub(super) stamp: Option<Stamp>,
    /// Stamp of the full dump, when this one is an increment.
    pub(super) base: Option<Stamp>,
    /// Directory of the main metadata, or that which has all files below it.
    pub(super) path: Vec<u8>,
    /// The file of the whole object; none when it is lost.
    pub(super) main: Option<EntryId>,
    /// What Plesk says of the dump: `status_OK` and so on, with the flag file.
    pub(super) flags: Vec<(String, EntryId)>,
}

impl Inventory {
    pub(super) fn of(tree: &Tree) -> Inventory {
        if let Some(inventory) = super::psadump::inventory(tree) {
            return inventory;
        }
        let mut by_stamp: BTreeMap<(bool, Option<Stamp>), Vec<Candidate<'_>>> = BTreeMap::new();
        for (entry, found) in tree.iter() {
            let Some(name) = metadata_name(&found.path) else { continue };
            let path = found.path.as_slice();
            let candidate = Candidate {
                entry,
                path,
                is_marked: props(tree, path).is_some_and(|text| text.contains("dump_full")),
                base: name.base,
            };
            by_stamp.entry((name.stamp.is_none(), name.stamp)).or_default().push(candidate);
        }
        let mut inventory = Inventory::default();
        for ((_, stamp), mut files) in by_stamp {
            files.sort_by_key(|file| (depth(file.path), file.path));
            inventory.add(stamp, &files);
        }
        inventory.add_flags(tree);
        inventory
    }

    /// Whether there is more than one dump, unstamped metadata aside: those may be of any.
    pub(super) fn is_choice(&self) -> bool {
        self.dumps.iter().filter(|dump| dump.stamp.is_some()).count() > 1
    }

    /// All stamps, each once, ascending.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        let mut stamps: Vec<Stamp> =
            self.dumps.iter().filter_map(|dump| dump.stamp.clone()).collect();
        stamps.dedup();
        stamps
    }

    /// Tells the files of one stamp apart: those below the main metadata of a dump are its own. Two
    /// objects may have been dumped in the same minute, and Plesk marks the main file of each. What
    /// no mark covers, as in a tree without `.discovered`, is one dump.
    fn add(&mut self, stamp: Option<Stamp>, files: &[Candidate<'_>]) {
        let mut mains: Vec<&Candidate<'_>> = Vec::new();
        let mut members: Vec<Vec<EntryId>> = Vec::new();
        let mut loose: Vec<&Candidate<'_>> = Vec::new();
        for file in files {
            let above = mains.iter().rposition(|main| is_below(file.path, directory(main.path)));
            if file.is_marked && stamp.is_some() {
                mains.push(file);
                members.push(vec![file.entry]);
            } else if let Some(above) = above {
                members[above].push(file.entry);
            } else {
                loose.push(file);
            }
        }
        for (main, members) in mains.into_iter().zip(members) {
            let path = directory(main.path).to_vec();
            self.push(stamp.clone(), main.base.clone(), path, Some(main.entry), &members);
        }
        if let Some(first) = loose.first() {
            let covers = loose.iter().all(|file| is_below(file.path, directory(first.path)));
            let path = if covers { directory(first.path) } else { common_directory(&loose) };
            let members: Vec<EntryId> = loose.iter().map(|file| file.entry).collect();
            let main = covers.then_some(first.entry);
            self.push(stamp, first.base.clone(), path.to_vec(), main, &members);
        }
    }

    fn push(
        &mut self,
        stamp: Option<Stamp>,
        base: Option<Stamp>,
        path: Vec<u8>,
        main: Option<EntryId>,
        members: &[EntryId],
    ) {
        let dump = self.dumps.len();
        self.files.extend(members.iter().map(|entry| MetadataFile { entry: *entry, dump }));
        self.dumps.push(DumpFiles { stamp, base, path, main, flags: Vec::new() });
    }

    fn add_flags(&mut self, tree: &Tree) {
        let places: BTreeMap<Vec<u8>, usize> = self
            .files
            .iter()
            .map(|file| (discovered(&tree.get(file.entry).path), file.dump))
            .collect();
        for (id, entry) in tree.iter() {
            let name = base_name(&entry.path);
            let place = &entry.path[..entry.path.len() - name.len()];
            if (name.starts_with(b"status_") || name.starts_with(b"dumpresult_"))
                && let Some(dump) = places.get(place)
            {
                self.dumps[*dump].flags.push((printable(name), id));
            }
        }
    }
}

struct Candidate<'a> {
    entry: EntryId,
    path: &'a [u8],
    /// Marked by Plesk as the main metadata of a dump.
    is_marked: bool,
    base: Option<Stamp>,
}

/// Whether a file is metadata of a dump, and what its name tells.
fn metadata_name(path: &[u8]) -> Option<FileName> {
    // Files in `.discovered` are about dumps and none themselves.
    let is_hidden = path.split(|byte| *byte == b'/').any(|part| part == b".discovered");
    FileName::parse(base_name(path)).filter(|name| name.is_metadata && !is_hidden)
}

/// Whether a flag says that all went well.
pub(super) fn is_good_news(flag: &str) -> bool {
    matches!(flag, "status_OK" | "dumpresult_SUCCESS")
}

fn depth(path: &[u8]) -> usize {
    path.split(|byte| *byte == b'/').count()
}

/// The directory of a path, without a slash at its end; empty for the root.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |slash| &path[..slash])
}

/// Whether a file lies in a directory or deeper.
pub(super) fn is_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

/// The directory that all files lie below.
fn common_directory<'a>(files: &[&Candidate<'a>]) -> &'a [u8] {
    let mut common = files.first().map_or(&[][..], |file| directory(file.path));
    while !files.iter().all(|file| is_below(file.path, common)) {
        common = directory(common);
    }
    common
}

/// The directory in `.discovered` that tells of a metadata file, with its slash.
pub(super) fn discovered(path: &[u8]) -> Vec<u8> {
    let base = base_name(path);
    let directory = &path[..path.len() - base.len()];
    let stem = base.strip_suffix(b".xml").unwrap_or(base);
    [directory, b".discovered/", stem, b"/"].concat()
}

fn props(tree: &Tree, path: &[u8]) -> Option<String> {
    let id = tree.find([discovered(path).as_slice(), b"props"].concat())?;
    read_small(tree, id)
}

/// A small text file of the tree; `None` when it cannot be read.
pub(super) fn read_small(tree: &Tree, id: EntryId) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    tree.open(id).ok()?.take(4 * 1024 * 1024).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Entry, Source, Tree};

    /// Paths of metadata files by dump, from a directory with these files.
    fn dumps(files: &[(&str, &str)]) -> Vec<(String, String, bool, Vec<String>)> {
        let root = tempfile::tempdir().unwrap();
        let mut entries = Vec::new();
        for (path, text) in files {
            let place = root.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(&place, text).unwrap();
            entries.push(Entry::plain(path.as_bytes().to_vec(), text.len() as u64, 0, 0));
        }
        let tree = Tree::new(vec![Source::Directory(root.path().to_owned())], entries);
        let inventory = Inventory::of(&tree);
        inventory
            .dumps
            .iter()
            .enumerate()
            .map(|(index, dump)| {
                let files = inventory.files.iter().filter(|file| file.dump == index);
                let stamp = dump.stamp.as_ref().map_or(String::new(), ToString::to_string);
                let path = printable(&dump.path);
                let files = files.map(|file| printable(&tree.get(file.entry).path)).collect();
                (stamp, path, dump.main.is_some(), files)
            })
            .collect()
    }

    fn dump(
        stamp: &str,
        path: &str,
        main: bool,
        files: &[&str],
    ) -> (String, String, bool, Vec<String>) {
        (stamp.to_owned(), path.to_owned(), main, files.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn files_of_one_stamp_below_the_main_one_are_one_dump() {
        let (main, a) = ("backup_info_2401010000.xml", "domains/a/backup_info_2401010000.xml");
        let other = "domains/a/backup_info_2402010000.xml";
        assert_eq!(
            dumps(&[(a, ""), (other, ""), (main, "")]),
            [
                dump("2401010000", "", true, &[main, a]),
                dump("2402010000", "domains/a", true, &[other]),
            ]
        );
    }

    #[test]
    fn marks_tell_dumps_of_one_minute_apart() {
        let (a, b) =
            ("domains/a/backup_info_2401010000.xml", "domains/b/backup_info_2401010000.xml");
        let props =
            |domain: &str| format!("domains/{domain}/.discovered/backup_info_2401010000/props");
        let (props_a, props_b) = (props("a"), props("b"));
        assert_eq!(
            dumps(&[(a, ""), (b, ""), (&props_a, "dump_full"), (&props_b, "dump_full")]),
            [
                dump("2401010000", "domains/a", true, &[a]),
                dump("2401010000", "domains/b", true, &[b]),
            ]
        );
        // Parts of a dump whose main metadata are lost.
        assert_eq!(
            dumps(&[(a, ""), (b, ""), (&props_a, "dump_part"), (&props_b, "dump_part")]),
            [dump("2401010000", "domains", false, &[a, b])]
        );
    }

    #[test]
    fn files_without_a_stamp_are_one_dump_and_the_last() {
        assert_eq!(
            dumps(&[("backup_info_renamed.xml", ""), ("backup_info_2401010000.xml", "")]),
            [
                dump("2401010000", "", true, &["backup_info_2401010000.xml"]),
                dump("", "", true, &["backup_info_renamed.xml"]),
            ]
        );
    }
}
