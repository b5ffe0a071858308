//! What a listing says, put in place of what the files say.

use super::pairs::{self, ByEntry, Pairs};
use super::whose::Whose;
use super::{ListedRule, ListingEvidence, Match, MatchedBy, State};
use crate::identity::files::FileEntry;
use crate::identity::imap::{Numbered, Numbers};
use crate::identity::pop3::{Named, Names};
use crate::identity::{Certainty, Finding, OldServer, RawListing, Rules, UidlEvidence};
use crate::maildir::courier_order;
use crate::uidl::UidlInputs;
use crate::wire_size::WireSize;
use std::collections::HashMap;

/// Gives messages of INBOX the names that the listing has for them. `names` are those that the
/// files give by the listing's own rule.
#[allow(clippy::too_many_arguments, reason = "they are the evidence, and each is used once")]
pub(in crate::identity) fn apply(
    listing: &RawListing,
    rule: ListedRule,
    state: &State<'_>,
    names: &mut Names,
    numbers: &Numbers,
    entries: &[FileEntry],
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> ListingEvidence {
    let sizes: Vec<Option<WireSize>> =
        entries.iter().map(|entry| listing.sizes.get(entry.file).copied().flatten()).collect();
    if !rule.fits && pairs::is_of_sizes(listing, &sizes) {
        findings.push(Finding::ListingOfSizes { entries: listing.entries.len() });
        let matches = vec![None; listing.entries.len()];
        return ListingEvidence { matches, rule, of_sizes: true };
    }
    let by_uid: Vec<usize> = numbers.messages.iter().map(|message| message.entry).collect();
    let order = names.order.clone().unwrap_or_else(|| by_uid.clone());
    let pairs = {
        let whose = Whose::new(&rule, state, entries);
        pair(listing, &sizes, names, numbers, &order, entries, &whose)
    };
    let by_entry = &pairs.by_entry;
    if by_entry.iter().any(Option::is_some) {
        let contradicted = take(listing, &pairs, names, entries, findings);
        statement(&rule, rules, &contradicted, findings);
        leave(&rule, by_entry, &contradicted.now_of_others, names, numbers, entries, findings);
        if !rule.fits {
            names.format = None;
        }
        if let Some(order) = pairs::corrected_order(&order, by_entry) {
            names.order = Some(order);
        }
    }
    let mut matches = vec![None; listing.entries.len()];
    for (at, pair) in by_entry.iter().enumerate() {
        if let Some((listed, by)) = pair {
            let size_agrees = pairs::agrees(&listing.entries[*listed], sizes[at]);
            matches[*listed] = Some(Match { file: entries[at].file, by: *by, size_agrees });
        }
    }
    let unmatched = listing.entries.iter().zip(&matches).filter(|(_, found)| found.is_none());
    findings.extend(unmatched.map(|(entry, _)| Finding::ListingUnmatched {
        number: entry.number,
        uidl: entry.uidl.clone(),
    }));
    ListingEvidence { matches, rule, of_sizes: false }
}

fn pair<'a>(
    listing: &'a RawListing,
    sizes: &'a [Option<WireSize>],
    names: &Names,
    numbers: &Numbers,
    order: &[usize],
    entries: &[FileEntry],
    whose: &Whose<'_>,
) -> Pairs<'a> {
    let mut pairs = Pairs::new(listing, sizes);
    pairs.by_uid(numbers);
    pairs.by_value(names, order, false);
    if names.order.is_some() {
        pairs.by_number(names, order, true, whose);
    } else {
        // Nothing says which server it was: Dovecot's order, then Courier's.
        let mut courier = order.to_vec();
        let base = |entry: usize| entries[entry].name.base.as_slice();
        courier.sort_by(|a, b| courier_order(base(*a), base(*b)));
        for order in [order, courier.as_slice()] {
            pairs.by_number(names, order, false, whose);
        }
    }
    pairs.by_value(names, order, true);
    pairs
}

/// What the files say otherwise than the listing.
#[derive(Default)]
struct Contradicted<'a> {
    /// Messages that the operator's format would name otherwise.
    by_statement: usize,
    /// UIDLs that the listing has for a message of which the files say something else.
    now_of_others: HashMap<&'a [u8], usize>,
}

fn take<'a>(
    listing: &'a RawListing,
    pairs: &Pairs<'_>,
    names: &mut Names,
    entries: &[FileEntry],
    findings: &mut Vec<Finding>,
) -> Contradicted<'a> {
    let mut contradicted = Contradicted::default();
    for (at, pair) in pairs.by_entry.iter().enumerate() {
        let Some((listed, by)) = pair else { continue };
        let uidl = &listing.entries[*listed].uidl;
        let named = &mut names.by_entry[at];
        if let Some(files_say) = named.value.take()
            && files_say != *uidl
        {
            contradicted.now_of_others.insert(uidl, at);
            match named.evidence {
                // Nobody claimed these.
                UidlEvidence::AssumedFormat
                | UidlEvidence::SaidRule
                | UidlEvidence::NextUid
                | UidlEvidence::NextCounter => {}
                UidlEvidence::StatedFormat => contradicted.by_statement += 1,
                _ => findings.push(Finding::ListingDiffers {
                    name: entries[at].name.base.clone(),
                    files_say,
                    listed: Some(uidl.clone()),
                }),
            }
        }
        // Of two messages of one size the place alone does not tell which is which, when another
        // was deleted and another came.
        let is_exact = *by != MatchedBy::Number || pairs.is_alone(*listed);
        *named = Named {
            value: Some(uidl.clone()),
            certainty: if is_exact { Certainty::Exact } else { Certainty::Assumed },
            evidence: UidlEvidence::Listing,
        };
    }
    contradicted
}

/// The operator stated a format that the listing refutes.
fn statement(
    rule: &ListedRule,
    rules: &Rules,
    contradicted: &Contradicted<'_>,
    findings: &mut Vec<Finding>,
) {
    let OldServer::Dovecot(stated) = &rules.old_server else { return };
    let overruled = rule.fits && !rule.formats.is_empty() && !rule.formats.contains(stated);
    let messages = if overruled { rule.by_rule } else { contradicted.by_statement };
    if overruled || messages > 0 {
        findings.push(Finding::ListingRefutesFormat {
            stated: stated.clone(),
            listed: rule.formats.first().filter(|_| rule.fits).cloned(),
            messages,
        });
    }
}

/// Messages that the listing does not name.
fn leave(
    rule: &ListedRule,
    by_entry: &ByEntry,
    now_of_others: &HashMap<&[u8], usize>,
    names: &mut Names,
    numbers: &Numbers,
    entries: &[FileEntry],
    findings: &mut Vec<Finding>,
) {
    let shows_rule = rule.fits && !rule.formats.is_empty();
    let numbered: HashMap<usize, &Numbered> =
        numbers.messages.iter().map(|message| (message.entry, message)).collect();
    for (at, pair) in by_entry.iter().enumerate() {
        if pair.is_some() {
            continue;
        }
        let named = &mut names.by_entry[at];
        let Some(value) = &named.value else { continue };
        let base = &entries[at].name.base;
        let by_format = matches!(
            named.evidence,
            UidlEvidence::AssumedFormat
                | UidlEvidence::SaidRule
                | UidlEvidence::StatedFormat
                | UidlEvidence::NextUid
        );
        if now_of_others.contains_key(value.as_slice()) {
            if !by_format {
                findings.push(Finding::ListingDiffers {
                    name: base.clone(),
                    files_say: value.clone(),
                    listed: None,
                });
            }
            not_listed(named);
        } else if by_format && !rule.fits {
            not_listed(named);
        } else if named.evidence == UidlEvidence::StatedFormat && shows_rule {
            named.evidence = UidlEvidence::ListedFormat;
            let same = |message: &Numbered| {
                let guid =
                    message.fields.iter().find(|(key, value)| *key == b'G' && !value.is_empty());
                let inputs = UidlInputs {
                    uid: message.uid,
                    uidvalidity: numbers.uidvalidity,
                    base,
                    guid: guid.map_or(base.as_slice(), |(_, guid)| guid),
                };
                rule.formats.iter().all(|format| format.expand(&inputs) == *value)
            };
            // Formats that explain the listing equally may differ here.
            if !numbered.get(&at).is_some_and(|message| same(message)) {
                named.certainty = named.certainty.max(Certainty::Assumed);
            }
        }
    }
}

/// Nothing is known of this message but that its files or rules are wrong.
fn not_listed(named: &mut Named) {
    named.value = None;
    if named.certainty < Certainty::Predicted {
        named.certainty = Certainty::Lost;
    }
    named.evidence = UidlEvidence::NotListed;
}
