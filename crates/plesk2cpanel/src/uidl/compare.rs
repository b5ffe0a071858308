//! What the backup foretells, held against what the living server answers.

use std::collections::BTreeMap;
use std::path::Path;

use mail_model::identity::{Mailbox, RawListing, resolve};
use mail_model::uidl::{ListedUidl, Listing, ListingError, ListingForm};
use plesk_backup::printable;
use serde::Serialize;

use super::look::inbox_of;
use super::truth::read_listing;
use super::{Opened, SCHEMA, Verdict, inbox, to_json};
use crate::error::Error;
use crate::job::{Job, thread_pool};
use crate::progress::{Interrupt, Progress};

/// A mailbox of the backup beside a listing of it from the living server.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Version of this shape.
    pub schema: u32,
    /// The backup that was read.
    pub backup: String,
    /// The mailbox, on the old server.
    pub address: String,
    /// How the listing was taken: `session`, `bodies`, `columns` or `doveadm`.
    pub listing: &'static str,
    /// Messages of the inbox.
    pub here: u64,
    /// Messages of the listing.
    pub there: u64,
    /// Messages that have the same UIDL here and there.
    pub equal: u64,
    /// Messages that have another here than there.
    pub different: u64,
    /// Messages that the listing does not name.
    pub only_here: u64,
    /// Messages of the listing that no message here can be shown to be.
    pub only_there: u64,
    /// Whether the messages that are here and there stand in the same order.
    pub same_order: bool,
    /// Messages whose size is another there, as far as sizes are known.
    pub sizes_differ: u64,
    /// Which server the listing shows.
    pub verdict: Verdict,
    /// All messages that are not equal.
    pub differences: Vec<Difference>,
    /// What was odd about the listing.
    pub notes: Vec<String>,
}

/// A message that is not the same here and there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its number in the listing.
    pub number: Option<u32>,
    /// The UIDL that the backup foretells.
    pub here: Option<String>,
    /// How sure that is.
    pub certainty: Option<String>,
    /// The UIDL of the listing.
    pub there: Option<String>,
}

impl Comparison {
    /// As JSON.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// 0 when everything is equal, else 3.
    pub fn exit_status(&self) -> u8 {
        if self.differences.is_empty() && self.same_order { 0 } else { 3 }
    }
}

impl Job {
    /// Holds a mailbox against the listing in a file, `-` for standard input.
    ///
    /// # Errors
    /// When the file holds no listing, the backup has no such mailbox or can't be read, or the run
    /// is interrupted.
    pub fn compare_uidls(
        &self,
        address: &str,
        file: &Path,
        jobs: usize,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<Comparison, Error> {
        let listing = read_listing("--compare", file)?;
        let pool = thread_pool(jobs)?;
        let run = self.run(false, &pool, progress, interrupt, None);
        self.with_mailbox(address, &run, |opened, _| {
            let scanned = opened.mailbox.scanned;
            let mut raw = scanned.map(|scanned| scanned.raw.clone()).unwrap_or_default();
            let files = scanned
                .and_then(|scanned| Some(&scanned.raw.folders[inbox_of(scanned)?].files))
                .map_or(0, Vec::len);
            let size = |file: usize| opened.seen.get(&file).map(|seen| seen.size);
            raw.listing = Some(RawListing {
                entries: listing.entries.clone(),
                sizes: (0..files).map(size).collect(),
            });
            let listed = resolve(&raw, opened.rules);
            if listed.listing.as_ref().is_some_and(|listing| listing.of_sizes) {
                return Err(Error::Listing {
                    option: "--compare",
                    path: file.to_owned(),
                    source: ListingError::SizesOnly,
                });
            }
            Ok(self.comparison(opened, &listing, &listed))
        })
    }

    fn comparison(&self, opened: &Opened<'_>, listing: &Listing, listed: &Mailbox) -> Comparison {
        let here: BTreeMap<usize, _> = inbox(&opened.mailbox.model)
            .flat_map(|folder| &folder.messages)
            .filter_map(|message| Some((message.file, (message, message.uidl.as_ref()?))))
            .collect();
        let nothing = vec![None; listing.entries.len()];
        let evidence = listed.listing.as_ref();
        let matches = evidence.map_or(&nothing, |evidence| &evidence.matches);
        let mut comparison = Comparison {
            schema: SCHEMA,
            backup: self.name.clone(),
            address: opened.mailbox.plan.address.clone(),
            listing: form(listing.form),
            here: here.len() as u64,
            there: listing.entries.len() as u64,
            equal: 0,
            different: 0,
            only_here: 0,
            only_there: 0,
            same_order: true,
            sizes_differ: 0,
            verdict: evidence.map_or_else(Verdict::without_inbox, Verdict::new),
            differences: Vec::new(),
            notes: listing.problems.iter().map(ToString::to_string).collect(),
        };
        let mut last = None;
        let mut rest = here.clone();
        for (entry, found) in listing.entries.iter().zip(matches) {
            let Some((message, uidl)) = found.as_ref().and_then(|found| rest.remove(&found.file))
            else {
                comparison.only_there += 1;
                comparison.differences.push(difference(Some(entry), None));
                continue;
            };
            if entry.number.is_some() {
                comparison.same_order &= last < message.pop3_position;
                last = message.pop3_position;
            }
            let size = opened.seen.get(&message.file).zip(entry.size);
            comparison.sizes_differ +=
                u64::from(size.is_some_and(|(seen, told)| !seen.size.agrees(told)));
            if uidl.value == entry.uidl {
                comparison.equal += 1;
            } else {
                comparison.different += 1;
                comparison.differences.push(difference(Some(entry), Some(uidl)));
            }
        }
        let mut rest: Vec<_> = rest.into_values().collect();
        rest.sort_by_key(|(message, _)| message.pop3_position);
        comparison.only_here = rest.len() as u64;
        comparison.differences.extend(rest.iter().map(|(_, uidl)| difference(None, Some(uidl))));
        comparison
    }
}

fn difference(entry: Option<&ListedUidl>, here: Option<&mail_model::identity::Uidl>) -> Difference {
    Difference {
        number: entry.and_then(|entry| entry.number),
        here: here.map(|uidl| printable(&uidl.value)),
        certainty: here.map(|uidl| uidl.certainty.to_string()),
        there: entry.map(|entry| printable(&entry.uidl)),
    }
}

fn form(form: ListingForm) -> &'static str {
    match form {
        ListingForm::Session => "session",
        ListingForm::Bodies => "bodies",
        ListingForm::Columns => "columns",
        ListingForm::Doveadm => "doveadm",
    }
}
