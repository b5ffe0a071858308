//! Listings from the living old server, as the truth about its mailboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use mail_model::identity::RawListing;
use mail_model::uidl::Listing;
use plesk_backup::{Subscription, printable};

use super::address::{find, split};
use super::look::{inbox_of, look};
use crate::account::Run;
use crate::error::Error;
use crate::finding::{Finding, UIDL_TRUTH_ODD, UIDL_TRUTH_UNMATCHED};
use crate::mail_findings::count;
use crate::plan::AccountPlan;
use crate::report::{AccountReport, Outcome};
use crate::scan::ScannedDomain;

/// A listing of two million messages.
const LARGEST: u64 = 256 << 20;

/// The listings of a directory, by mailbox.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    listings: Vec<Named>,
    /// Names in the directory that are no address.
    others: Vec<String>,
}

/// A listing and the address that its file is called by.
#[derive(Clone, Debug)]
struct Named {
    file: String,
    /// As it stands in the name; once settled, that of the mailbox which it means.
    address: String,
    listing: Listing,
}

impl Truth {
    /// Reads all listings of a directory.
    ///
    /// # Errors
    /// When the directory or a file can't be read, or a file that is called as an address holds no
    /// listing.
    pub fn read(directory: &Path) -> Result<Truth, Error> {
        let failed = |path: &Path, error: &std::io::Error| Error::OptionFile {
            option: "--uidl-truth",
            path: path.to_owned(),
            text: error.to_string(),
        };
        let entries = std::fs::read_dir(directory).map_err(|error| failed(directory, &error))?;
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(|error| failed(directory, &error))?.path());
        }
        paths.sort();
        let mut truth = Truth::default();
        for path in paths {
            let name = path.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let file = printable(name.as_encoded_bytes());
            let address = name.to_str().map(|name| name.strip_suffix(".txt").unwrap_or(name));
            let is_file = path.is_file();
            match address.filter(|address| is_file && split(address).is_some()) {
                None => truth.others.push(file),
                Some(address) => truth.listings.push(Named {
                    file,
                    address: address.to_owned(),
                    listing: read_listing("--uidl-truth", &path)?,
                }),
            }
        }
        Ok(truth)
    }

    /// Finds out which mailboxes are meant.
    ///
    /// # Errors
    /// When two files mean one mailbox.
    pub(crate) fn settle(&mut self, subscriptions: &[Subscription]) -> Result<(), Error> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for named in &mut self.listings {
            if let Some(found) = find(subscriptions, &named.address) {
                named.address = found.address;
            }
            if let Some(first) = files.insert(named.address.clone(), named.file.clone()) {
                return Err(Error::ListingTwice {
                    address: named.address.clone(),
                    first,
                    second: named.file.clone(),
                });
            }
        }
        Ok(())
    }

    /// Lays each listing beside the files of its mailbox, with all that it is compared with.
    pub(crate) fn attach(
        &self,
        run: &Run<'_>,
        plan: &AccountPlan,
        scanned: &mut [ScannedDomain],
    ) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for (index, domain) in scanned.iter_mut().enumerate() {
            let mut directories = Vec::new();
            for mailbox in &plan.mailboxes {
                if plan.domains[mailbox.domain].source != Some(index) {
                    continue;
                }
                let Some(named) =
                    self.listings.iter().find(|named| named.address == mailbox.address)
                else {
                    continue;
                };
                findings.extend(named.listing.problems.iter().map(|problem| {
                    UIDL_TRUTH_ODD.about(&mailbox.address, format!("{}: {problem}", named.file))
                }));
                let directory = mailbox.directory.as_ref();
                let scanned = directory.and_then(|name| domain.mailboxes.get_mut(name));
                let files = scanned.and_then(|scanned| Some((inbox_of(scanned)?, scanned)));
                let Some((inbox, scanned)) = files else {
                    if !named.listing.entries.is_empty() {
                        findings.push(UIDL_TRUTH_UNMATCHED.about(
                            &mailbox.address,
                            format!(
                                "the listing names {}, and the backup has no inbox of this mailbox",
                                count(named.listing.entries.len() as u64, "message")
                            ),
                        ));
                    }
                    continue;
                };
                scanned.raw.listing = Some(RawListing {
                    entries: named.listing.entries.clone(),
                    sizes: vec![None; scanned.raw.folders[inbox].files.len()],
                });
                directories.extend(directory.cloned());
            }
            if !directories.is_empty() {
                measure(run, domain, &directories)?;
            }
        }
        Ok(findings)
    }

    /// Files that are called by no mailbox that was looked at, though they could be.
    pub(crate) fn of_nobody<'a>(
        &self,
        subscriptions: &[Subscription],
        done: impl Iterator<Item = (&'a Subscription, &'a AccountReport)>,
    ) -> Vec<Finding> {
        let mut domains = BTreeSet::new();
        let mut mailboxes = BTreeSet::new();
        for (subscription, account) in done {
            // Of an account that failed before its mailboxes were known nothing can be said.
            if account.outcome == Outcome::Failed && account.mailboxes.is_empty() {
                continue;
            }
            domains.extend(subscription.domains().map(|domain| domain.ascii_name.as_str()));
            mailboxes.extend(account.mailboxes.iter().map(|mailbox| mailbox.address.as_str()));
        }
        let not_selected = |address: &str| {
            let (_, domain) = address.rsplit_once('@').unwrap_or_default();
            let mut all = subscriptions.iter().flat_map(Subscription::domains);
            all.any(|known| known.ascii_name == domain) && !domains.contains(domain)
        };
        let unknown = self.listings.iter().filter(|named| {
            !mailboxes.contains(named.address.as_str()) && !not_selected(&named.address)
        });
        let named = unknown.map(|named| {
            UIDL_TRUTH_UNMATCHED.with_remedy(
                &named.file,
                format!(
                    "the listing names {}, and the backup has no such mailbox",
                    count(named.listing.entries.len() as u64, "message")
                ),
                "call the file by the address of its mailbox, with or without .txt",
            )
        });
        let others = self.others.iter().map(|file| {
            UIDL_TRUTH_UNMATCHED.with_remedy(
                file,
                "it lies among the listings, and is no file that is called by an address",
                "call the file by the address of its mailbox, with or without .txt",
            )
        });
        named.chain(others).collect()
    }
}

/// Reads one listing.
pub(super) fn read_listing(option: &'static str, path: &Path) -> Result<Listing, Error> {
    let failed = |text: String| Error::OptionFile { option, path: path.to_owned(), text };
    let mut bytes = Vec::new();
    let mut read = |input: &mut dyn Read| input.take(LARGEST + 1).read_to_end(&mut bytes);
    let done = if path.as_os_str() == "-" {
        read(&mut std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(|mut file| read(&mut file))
    };
    done.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed(format!("it has more than {LARGEST} bytes, as no listing has")));
    }
    Listing::parse(&bytes).map_err(|source| Error::Listing {
        option,
        path: path.to_owned(),
        source,
    })
}

/// What a listing is compared with besides names: sizes on the wire, and `X-UIDL` headers.
fn measure(
    run: &Run<'_>,
    domain: &mut ScannedDomain,
    directories: &[Vec<u8>],
) -> Result<(), Error> {
    let mut seen = Vec::new();
    look(run, domain, directories, |mailbox, file, facts| {
        seen.push((mailbox, file, facts.size, facts.x_uidl));
    })?;
    for (mailbox, file, size, x_uidl) in seen {
        let Some(scanned) = domain.mailboxes.get_mut(&directories[mailbox]) else { continue };
        if let Some(inbox) = inbox_of(scanned) {
            scanned.raw.folders[inbox].files[file].x_uidl = x_uidl;
        }
        if let Some(listing) = &mut scanned.raw.listing {
            listing.sizes[file] = Some(size);
        }
    }
    Ok(())
}
