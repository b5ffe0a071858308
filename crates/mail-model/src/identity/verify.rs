//! What was written, read back, and compared with what was meant.

use super::{Folder, Message};
use crate::dovecot::{Duplicates, Keywords, MaildirFile, ServeInput, UidList, serve};
use crate::maildir::{FileName, Place};
use crate::uidl::UidlFormat;
use std::collections::HashMap;
use std::fmt;

/// One way in which written files say something else than was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the nouns of the line above them")]
pub enum Difference {
    /// The uidlist can't be read.
    ListUnreadable { reason: String },
    /// The reader of a list complains.
    ListProblem { problem: String },
    /// Another UIDVALIDITY.
    Uidvalidity { intended: u32, served: u32 },
    /// A next UID that is too low.
    NextUid { intended: u32, served: u32 },
    /// A message that is not served.
    Missing { name: Vec<u8>, uid: u32 },
    /// A message that is served and should not be.
    Extra { name: Vec<u8>, uid: u32 },
    /// A file that a server passes over or renames.
    NotServed { name: Vec<u8> },
    /// A message that is not in the list and has its UID by chance.
    Unlisted { name: Vec<u8>, uid: u32 },
    /// Another UID.
    Uid { name: Vec<u8>, intended: u32, served: u32 },
    /// Another UIDL.
    Uidl { name: Vec<u8>, intended: Vec<u8>, served: Vec<u8> },
    /// Another message at a place of the POP3 listing, by base names.
    Order { position: u32, intended: Vec<u8>, served: Vec<u8> },
    /// In the other directory.
    Place { name: Vec<u8>, intended: Place, found: Place },
    /// Other flags, by their letters.
    Flags { name: Vec<u8>, intended: Vec<u8>, found: Vec<u8> },
    /// Other keywords.
    Keywords { name: Vec<u8>, intended: Vec<Vec<u8>>, found: Vec<Vec<u8>> },
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let list = |names: &[Vec<u8>]| names.iter().map(|n| text(n)).collect::<Vec<_>>().join(" ");
        match self {
            Difference::ListUnreadable { reason } => write!(out, "uidlist can't be read: {reason}"),
            Difference::ListProblem { problem } => write!(out, "uidlist: {problem}"),
            Difference::Uidvalidity { intended, served } => {
                write!(out, "uidvalidity {served} instead of {intended}")
            }
            Difference::NextUid { intended, served } => {
                write!(out, "next uid {served}, which is below {intended}")
            }
            Difference::Missing { name, uid } => {
                write!(out, "{} (uid {uid}) is not served", text(name))
            }
            Difference::Extra { name, uid } => {
                write!(out, "{} is served as uid {uid}, which nobody meant", text(name))
            }
            Difference::NotServed { name } => write!(out, "{} is no message", text(name)),
            Difference::Unlisted { name, uid } => {
                write!(out, "{} is not listed and has uid {uid} by chance", text(name))
            }
            Difference::Uid { name, intended, served } => {
                write!(out, "{} has uid {served} instead of {intended}", text(name))
            }
            Difference::Uidl { name, intended, served } => write!(
                out,
                "{} has uidl `{}` instead of `{}`",
                text(name),
                text(served),
                text(intended)
            ),
            Difference::Order { position, intended, served } => write!(
                out,
                "pop3 lists {} at place {position} instead of {}",
                text(served),
                text(intended)
            ),
            Difference::Place { name, intended, found } => {
                write!(out, "{} lies in {found:?} instead of {intended:?}", text(name))
            }
            Difference::Flags { name, intended, found } => write!(
                out,
                "{} has flags `{}` instead of `{}`",
                text(name),
                text(found),
                text(intended)
            ),
            Difference::Keywords { name, intended, found } => write!(
                out,
                "{} has keywords `{}` instead of `{}`",
                text(name),
                list(found),
                list(intended)
            ),
        }
    }
}

/// Predicts what a Dovecot with this `pop3_uidl_format` answers over written bytes, and compares it
/// with what was meant. Nothing is equal to everything being as it should.
pub fn verify_folder(
    intended: &Folder,
    emitted_uidlist: &[u8],
    emitted_keywords: Option<&[u8]>,
    files: &[(Place, Vec<u8>)],
    format: &UidlFormat,
) -> Vec<Difference> {
    let (list, problems) = match UidList::parse(emitted_uidlist) {
        Ok(read) => read,
        Err(error) => return vec![Difference::ListUnreadable { reason: error.to_string() }],
    };
    let mut differences: Vec<Difference> = problems
        .iter()
        .map(|problem| Difference::ListProblem { problem: format!("{problem:?}") })
        .collect();
    let (keywords, problems) = Keywords::parse(emitted_keywords.unwrap_or_default());
    differences.extend(
        problems.iter().map(|p| Difference::ListProblem { problem: format!("keywords: {p:?}") }),
    );

    let maildir: Vec<MaildirFile<'_>> = files
        .iter()
        .map(|(place, name)| MaildirFile { place: *place, name, x_uidl: None })
        .collect();
    let served = serve(&ServeInput {
        uidlist: Some(&list),
        files: &maildir,
        format,
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: list.uidvalidity,
    });
    if served.uidvalidity != intended.uidvalidity {
        differences.push(Difference::Uidvalidity {
            intended: intended.uidvalidity,
            served: served.uidvalidity,
        });
    }
    if served.next_uid < intended.next_uid {
        differences
            .push(Difference::NextUid { intended: intended.next_uid, served: served.next_uid });
    }
    for file in served.not_served.iter().chain(&served.without_uid) {
        differences.push(Difference::NotServed { name: files[*file].1.clone() });
    }

    let mut meant: HashMap<&[u8], &Message> =
        intended.messages.iter().map(|message| (message.name.base.as_slice(), message)).collect();
    let names: Vec<FileName> =
        served.messages.iter().map(|message| as_dovecot_has_it(&files[message.file].1)).collect();
    for (message, found) in served.messages.iter().zip(&names) {
        let (place, raw) = &files[message.file];
        let Some(meant) = meant.remove(found.base.as_slice()) else {
            differences.push(Difference::Extra { name: raw.clone(), uid: message.uid });
            continue;
        };
        let name = || raw.clone();
        if message.uid != meant.uid {
            let (intended, served) = (meant.uid, message.uid);
            differences.push(Difference::Uid { name: name(), intended, served });
        } else if !message.uid_listed {
            differences.push(Difference::Unlisted { name: name(), uid: message.uid });
        }
        if let Some(uidl) = &meant.uidl
            && uidl.value != message.uidl
        {
            let (intended, served) = (uidl.value.clone(), message.uidl.clone());
            differences.push(Difference::Uidl { name: name(), intended, served });
        }
        if *place != meant.place {
            let (intended, found) = (meant.place, *place);
            differences.push(Difference::Place { name: name(), intended, found });
        }
        if found.flags != meant.name.flags || found.other != meant.name.other {
            differences.push(Difference::Flags {
                name: name(),
                intended: flag_bytes(&meant.name),
                found: flag_bytes(found),
            });
        }
        let (wanted, got) = (by_name(&intended.keywords, &meant.name), by_name(&keywords, found));
        if wanted != got {
            let (intended, found) = (wanted, got);
            differences.push(Difference::Keywords { name: name(), intended, found });
        }
    }
    let mut missing: Vec<&Message> = meant.into_values().collect();
    missing.sort_by_key(|message| message.uid);
    differences.extend(
        missing.iter().map(|m| Difference::Missing { name: m.name.to_bytes(), uid: m.uid }),
    );

    let mut in_order: Vec<&Message> =
        intended.messages.iter().filter(|message| message.pop3_position.is_some()).collect();
    in_order.sort_by_key(|message| message.pop3_position);
    for (meant, found) in in_order.iter().zip(&served.pop3_order) {
        if meant.name.base != names[*found].base {
            differences.push(Difference::Order {
                position: meant.pop3_position.unwrap_or(0),
                intended: meant.name.base.clone(),
                served: names[*found].base.clone(),
            });
        }
    }
    differences
}

/// A name as the server takes it, for which `;2,` is a part like any other.
fn as_dovecot_has_it(raw: &[u8]) -> FileName {
    if raw.contains(&b':') { FileName::parse(raw) } else { FileName::whole(raw.to_vec()) }
}

fn flag_bytes(name: &FileName) -> Vec<u8> {
    name.flags.iter_letters().chain(name.other.iter().copied()).collect()
}

/// What the letters of a name stand for. One that stands for nothing is there as itself.
fn by_name(keywords: &Keywords, name: &FileName) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = name
        .keywords
        .iter()
        .map(|index| {
            let unnamed = || format!("letter {}", char::from(b'a' + index)).into_bytes();
            keywords.name(index).map_or_else(unnamed, <[u8]>::to_vec)
        })
        .collect();
    names.sort();
    names
}
