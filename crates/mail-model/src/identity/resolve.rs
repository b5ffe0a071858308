//! All evidence of a mailbox put together.

use super::files::{self, FileEntry};
use super::imap::{self, NewUidvalidities, Numbers};
use super::server::{self, FolderView};
use super::state::{FolderState, read_sizelist};
use super::{
    Finding, Folder, Mailbox, Message, RawMailbox, Rules, ServerEvidence, Uidl, keywords, listing,
    names, pop3, sizes, unique,
};
use crate::folder::{FolderName, NameEncoding};
use std::collections::HashSet;

/// Decides what each message of a mailbox was called, by the files that its servers left.
///
/// Total: nothing in a mailbox makes it fail. Whatever is unreadable, contradictory, dropped or
/// changed is in [`Mailbox::findings`].
pub fn resolve(raw: &RawMailbox, rules: &Rules) -> Mailbox {
    let mut findings = vec![];
    let sizelist = read_sizelist(raw, &mut findings);
    let utf8 = names::is_utf8(raw);
    let folder_names = names::folders(raw, utf8, &mut findings);

    let mut parts: Vec<(FolderState, Vec<FileEntry>)> = vec![];
    for (folder, (name, _)) in raw.folders.iter().zip(&folder_names) {
        let mut state = FolderState::read(folder, name, &mut findings);
        let pop3_names = sizelist.as_ref().filter(|_| name.is_inbox());
        let entries = files::messages(folder, &state, pop3_names, name, &mut findings);
        let bases: HashSet<&[u8]> = entries.iter().map(|e| e.name.base.as_slice()).collect();
        state.repair_cut_line(&bases, name, &mut findings);
        parts.push((state, entries));
    }

    let views: Vec<FolderView<'_>> = parts
        .iter()
        .zip(&folder_names)
        .map(|((state, files), (name, _))| FolderView { is_inbox: name.is_inbox(), state, files })
        .collect();
    let decision = server::decide(raw, &views, sizelist.as_ref(), rules, &mut findings);
    let live = decision.live;

    let mut new = NewUidvalidities::new(rules.new_uidvalidity, used_uidvalidities(&parts));
    // By the files and not by what could be read of them: a list that is unreadable was served.
    let pop3_only = sizelist.is_some()
        && raw.folders.iter().all(|folder| folder.uidlist.is_none() && folder.uiddb.is_none());
    let mut from_other = vec![];
    let mut format = None;
    let mut evidence = None;
    let mut folders = vec![];
    for (source, (mut state, mut entries)) in parts.into_iter().enumerate() {
        let (name, encoding) = folder_names[source].clone();
        let mut numbers = imap::number(
            &state,
            live,
            &entries,
            &name,
            pop3_only && name.is_inbox(),
            &mut new,
            &mut findings,
        );
        if numbers.from.is_some() && numbers.from != live {
            from_other.push(name.clone());
        }
        let mut uidls = vec![None; entries.len()];
        let mut order = None;
        if name.is_inbox() {
            let sizelist = sizelist.as_ref();
            let pop3_state = pop3::state(&state, sizelist, live);
            let rule = raw.listing.as_ref().map(|listing| {
                listing::find_rule(listing, &raw.folders[source], &pop3_state, &entries, rules)
            });
            let listed_rules = rule.as_ref().map(|rule| listing::rules_of(rule, rules));
            let mut names = pop3::name(
                &raw.folders[source],
                &state,
                sizelist,
                raw.pop3_sizelist.is_some() && sizelist.is_none(),
                live,
                &entries,
                &numbers,
                listed_rules.as_ref().unwrap_or(rules),
                &mut findings,
            );
            let mut given_out = vec![];
            if let (Some(listing), Some(rule)) = (&raw.listing, rule) {
                let found = listing::apply(
                    listing,
                    rule,
                    &pop3_state,
                    &mut names,
                    &numbers,
                    &entries,
                    rules,
                    &mut findings,
                );
                given_out = found.unmatched(listing);
                evidence = Some(found);
            }
            findings.extend(pop3::assumption(&names));
            uidls = unique::settle(
                &names,
                &mut numbers,
                &entries,
                sizelist,
                &given_out,
                rules,
                &mut findings,
            );
            format = names.format;
            order = names.order;
        }
        let folder = &raw.folders[source];
        let keywords =
            keywords::assign(folder, &mut state, numbers.from, &mut entries, &name, &mut findings);
        sizes::mend(folder, &mut entries, &mut numbers, &name, &mut findings);
        let positions = name.is_inbox().then(|| positions(order, &numbers));
        folders.push(build(
            source,
            name,
            encoding,
            numbers,
            entries,
            uidls,
            positions.as_deref(),
            keywords,
        ));
    }
    if decision.found.dovecot
        && decision.found.courier
        && let Some(live) = live
    {
        findings.push(Finding::ServerSwitched { live, from_other });
    }
    let subscriptions = names::subscriptions(raw, utf8, live, &folder_names, &mut findings);
    let server = ServerEvidence { found: decision.found, live, because: decision.because, format };
    Mailbox { folders, subscriptions, server, listing: evidence, findings }
}

/// Every UIDVALIDITY that a folder has or had under any server.
fn used_uidvalidities(parts: &[(FolderState, Vec<FileEntry>)]) -> impl Iterator<Item = u32> {
    parts.iter().flat_map(|(state, _)| {
        let dovecot = state.uidlist.as_ref().map(|list| list.uidvalidity);
        let courier = state.uiddb.as_ref().map(|uids| uids.uidvalidity);
        dovecot.into_iter().chain(courier)
    })
}

/// The place of each entry in the POP3 listing, from 1: the old server's order, else that of UIDs.
fn positions(order: Option<Vec<usize>>, numbers: &Numbers) -> Vec<Option<u32>> {
    let order =
        order.unwrap_or_else(|| numbers.messages.iter().map(|message| message.entry).collect());
    let mut positions = vec![None; order.len()];
    for (position, entry) in (1u32..).zip(order) {
        positions[entry] = Some(position);
    }
    positions
}

#[allow(clippy::too_many_arguments, reason = "they are the fields of the folder")]
fn build(
    source: usize,
    name: FolderName,
    encoding: NameEncoding,
    numbers: Numbers,
    entries: Vec<FileEntry>,
    mut uidls: Vec<Option<Uidl>>,
    positions: Option<&[Option<u32>]>,
    keywords: crate::dovecot::Keywords,
) -> Folder {
    let mut entries: Vec<Option<FileEntry>> = entries.into_iter().map(Some).collect();
    let messages = numbers
        .messages
        .into_iter()
        .filter_map(|numbered| {
            // Every entry is numbered once.
            let entry = entries[numbered.entry].take()?;
            Some(Message {
                file: entry.file,
                name: entry.name,
                place: entry.place,
                uid: numbered.uid,
                uid_certainty: numbered.certainty,
                uid_evidence: numbered.evidence,
                fields: numbered.fields,
                uidl: uidls[numbered.entry].take(),
                pop3_position: positions.and_then(|places| places[numbered.entry]),
            })
        })
        .collect();
    Folder {
        name,
        encoding,
        source,
        uidvalidity: numbers.uidvalidity,
        uidvalidity_certainty: numbers.uidvalidity_certainty,
        next_uid: numbers.next_uid,
        guid: numbers.guid,
        keywords,
        messages,
    }
}
