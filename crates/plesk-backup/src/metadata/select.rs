//! Which of the dumps in a tree is read.

use std::collections::BTreeMap;

use super::{FileName, Problem, Stamp};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// The metadata files of one dump.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) stamp: Option<Stamp>,
    /// Stamp of the full dump, when this one is an increment.
    pub(super) base: Option<Stamp>,
    /// Metadata files, the shallowest first.
    pub(super) files: Vec<EntryId>,
    pub(super) problems: Vec<Problem>,
}

#[derive(Default)]
struct Group {
    files: Vec<EntryId>,
    base: Option<Stamp>,
    /// Directories above the shallowest file.
    depth: usize,
    /// Marked by Plesk as the main metadata of a dump.
    is_marked: bool,
}

/// Takes the dump of the widest object; of its dumps a full one rather than an increment, whose
/// archives hold only what changed; and of these the newest.
pub(super) fn select(tree: &Tree) -> Selection {
    if let Some(selection) = super::psadump::select(tree) {
        return selection;
    }
    let mut groups: BTreeMap<Option<Stamp>, Group> = BTreeMap::new();
    for (id, entry) in tree.iter() {
        // Files in `.discovered` are about dumps and none themselves.
        let is_hidden = entry.path.split(|byte| *byte == b'/').any(|part| part == b".discovered");
        let Some(name) = FileName::parse(super::resolve::base_name(&entry.path))
            .filter(|name| name.is_metadata && !is_hidden)
        else {
            continue;
        };
        let depth = depth(&entry.path);
        let group = groups.entry(name.stamp).or_insert_with(|| Group {
            depth,
            base: name.base,
            ..Group::default()
        });
        group.depth = group.depth.min(depth);
        group.is_marked |= props(tree, &entry.path).is_some_and(|text| text.contains("dump_full"));
        group.files.push(id);
    }
    let chosen = groups
        .iter()
        .max_by_key(|(stamp, group)| {
            let shallowness = usize::MAX - group.depth;
            (shallowness, group.base.is_none(), group.is_marked, (*stamp).clone())
        })
        .map(|(stamp, _)| stamp.clone());
    let Some(chosen) = chosen else { return Selection::default() };
    let mut selection = Selection { stamp: chosen.clone(), ..Selection::default() };
    for (stamp, group) in groups {
        // Metadata that somebody renamed may belong to any dump, so they are read in any case.
        if stamp == chosen || stamp.is_none() {
            if stamp == chosen {
                selection.base.clone_from(&group.base);
            }
            selection.files.extend(group.files);
        } else if let Some(stamp) = stamp {
            selection.problems.push(Problem::OtherStamp { stamp, files: group.files.len() });
        }
    }
    selection.files.sort_by_key(|id| {
        let path = &tree.get(*id).path;
        (depth(path), path.clone())
    });
    report_flags(tree, &mut selection);
    selection
}

fn depth(path: &[u8]) -> usize {
    path.split(|byte| *byte == b'/').count() - 1
}

/// The directory in `.discovered` that tells of a metadata file.
fn discovered(path: &[u8]) -> Vec<u8> {
    let base = super::resolve::base_name(path);
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

/// `status_OK` and `dumpresult_SUCCESS` are good news; anything else is reported.
fn report_flags(tree: &Tree, selection: &mut Selection) {
    let places: Vec<Vec<u8>> =
        selection.files.iter().map(|id| discovered(&tree.get(*id).path)).collect();
    for (_, entry) in tree.iter() {
        let base = super::resolve::base_name(&entry.path);
        let place = &entry.path[..entry.path.len() - base.len()];
        let status = base.strip_prefix(b"status_").or(base.strip_prefix(b"dumpresult_"));
        if let Some(status) = status
            && !matches!(status, b"OK" | b"SUCCESS")
            && places.iter().any(|known| known == place)
        {
            selection.problems.push(Problem::DumpStatus {
                file: printable(&entry.path),
                status: printable(status),
            });
        }
    }
}
