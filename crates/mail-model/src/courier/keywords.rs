//! `courierimapkeywords/`: which message has which keywords.

use super::{BadLine, lines, number};
use crate::maildir::base_name;
use std::collections::BTreeMap;

/// The keywords of each message by base name, and what could not be read.
pub type MessageKeywords = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// Reads the files of a folder's `courierimapkeywords` directory, given as names and contents.
///
/// `:list` holds the names of keywords, an empty line, and for each message its base name, a colon
/// and indexes. A file `.N.<base name>` is a later update of one message (the highest `N` counts),
/// a file `<base name>` a later one still; both hold one keyword in each line, and none when all
/// were taken away. `.tmp.*` files are half-written and hold nothing that counts.
pub fn read_keywords(files: &[(Vec<u8>, Vec<u8>)]) -> (MessageKeywords, Vec<BadLine>) {
    let mut keywords = MessageKeywords::new();
    let mut bad = vec![];
    for (name, bytes) in files.iter().filter(|(name, _)| name == b":list") {
        read_list(name, bytes, &mut keywords, &mut bad);
    }
    let mut newest: BTreeMap<&[u8], (u64, &[u8])> = BTreeMap::new();
    for (name, bytes) in files {
        if name.first() == Some(&b':') || name.starts_with(b".tmp.") {
            continue;
        }
        let update = match name.strip_prefix(b".") {
            None => Some((u64::MAX, name.as_slice())),
            Some(rest) => rest
                .iter()
                .position(|byte| *byte == b'.')
                .and_then(|dot| Some((number(&rest[..dot]).filter(|n| *n > 0)?, &rest[dot + 1..]))),
        };
        let Some((rank, message)) = update else {
            bad.push(BadLine { file: name.clone(), line: 0, text: vec![] });
            continue;
        };
        let entry = newest.entry(base_name(message)).or_insert((rank, bytes));
        if rank >= entry.0 {
            *entry = (rank, bytes);
        }
    }
    for (message, (_, bytes)) in newest {
        let mut names: Vec<Vec<u8>> = vec![];
        for line in lines(bytes).filter(|line| !line.is_empty()) {
            if !names.iter().any(|name| name == line) {
                names.push(line.to_vec());
            }
        }
        keywords.insert(message.to_vec(), names);
    }
    keywords.retain(|_, names| !names.is_empty());
    (keywords, bad)
}

fn read_list(file: &[u8], bytes: &[u8], keywords: &mut MessageKeywords, bad: &mut Vec<BadLine>) {
    let mut all = lines(bytes).enumerate();
    let names: Vec<&[u8]> =
        all.by_ref().map(|(_, line)| line).take_while(|line| !line.is_empty()).collect();
    for (at, line) in all {
        let mut wrong =
            || bad.push(BadLine { file: file.to_vec(), line: at + 1, text: line.to_vec() });
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            wrong();
            continue;
        };
        let mut found: Vec<Vec<u8>> = vec![];
        let mut all_known = true;
        for index in line[colon + 1..].split(|byte| *byte == b' ').filter(|part| !part.is_empty()) {
            let name = number(index)
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|index| names.get(index));
            match name {
                Some(name) if !found.iter().any(|known| known == name) => found.push(name.to_vec()),
                Some(_) => {}
                None => all_known = false,
            }
        }
        if !all_known {
            wrong();
        }
        keywords.insert(line[..colon].to_vec(), found);
    }
}
