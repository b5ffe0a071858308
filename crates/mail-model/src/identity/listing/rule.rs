//! The rule by which an old server made the UIDLs of a listing.

use super::ListedRule;
use crate::courier::{Pop3Entry, Pop3SizeList, Pop3Source, served_pop3};
use crate::dovecot::UidList;
use crate::identity::files::FileEntry;
use crate::identity::imap::serve_dovecot;
use crate::identity::{OldServer, RawFolder, RawListing, Rules, ServerKind};
use crate::maildir::Place;
use crate::uidl::{ListedUidl, UidlFormat, UidlInputs, derive, known_formats};
use std::collections::{HashMap, HashSet};

/// Entries that a rule has to explain before it counts although it does not explain all.
const LEAST: usize = 3;

/// The least UIDVALIDITY that no text has by chance. Those of all servers are times.
const LONG: u32 = 1_000_000;

/// The state that the server left, as far as it names messages over POP3.
pub(in crate::identity) enum State<'a> {
    Dovecot(&'a UidList),
    Courier(&'a Pop3SizeList),
    None,
}

/// Finds the rule that explains most of a listing.
pub(in crate::identity) fn find(
    listing: &RawListing,
    raw: &RawFolder,
    state: &State<'_>,
    entries: &[FileEntry],
    rules: &Rules,
) -> ListedRule {
    match state {
        State::Dovecot(list) => {
            let messages = of_dovecot(list, raw, entries);
            Dovecot { listing: &listing.entries, uidvalidity: list.uidvalidity, messages }
                .rule(rules)
        }
        State::Courier(list) => of_courier(&listing.entries, list, entries),
        State::None => of_said(&listing.entries, &raw.said_uidls),
    }
}

/// The rules of a conversion for this one mailbox: what the listing shows counts before what was
/// said of all.
pub(in crate::identity) fn rules_of(rule: &ListedRule, rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    if rule.fits && rule.by_rule > 0 && rule.server == Some(ServerKind::Dovecot) {
        rules.reuse_x_uidl = rule.reuse_x_uidl;
        if let Some(format) = rule.formats.first() {
            rules.old_server = OldServer::Dovecot(format.clone());
        }
    }
    rules
}

/// By what is said of a server that keeps no list.
fn of_said(listing: &[ListedUidl], said: &HashMap<Vec<u8>, Vec<u8>>) -> ListedRule {
    let all = listing.iter().map(|listed| listed.uidl.as_slice()).collect();
    let unexplained = unexplained(all, count(said.values().cloned())).len();
    let by_rule = listing.len() - unexplained;
    ListedRule {
        by_rule,
        unexplained,
        fits: unexplained == 0 && by_rule > 0,
        ..ListedRule::default()
    }
}

fn of_courier(listing: &[ListedUidl], list: &Pop3SizeList, entries: &[FileEntry]) -> ListedRule {
    let files: Vec<(Place, &[u8])> =
        entries.iter().map(|entry| (entry.place, entry.bytes.as_slice())).collect();
    let mut stored: HashSet<Vec<u8>> = list.entries.iter().map(Pop3Entry::uidl).collect();
    let mut next = HashSet::new();
    for message in served_pop3(Some(list), &files) {
        let Some(uidl) = message.uidl else { continue };
        if message.source == Pop3Source::Listed {
            stored.insert(uidl)
        } else {
            next.insert(uidl)
        };
    }
    let mut rule = ListedRule { server: Some(ServerKind::Courier), ..ListedRule::default() };
    for listed in listing {
        if stored.contains(&listed.uidl) {
            rule.stored += 1;
        } else if next.contains(&listed.uidl) {
            rule.by_rule += 1;
        } else if is_counted(&listed.uidl, list) {
            rule.elsewhere += 1;
        } else {
            rule.unexplained += 1;
        }
    }
    rule.fits = rule.unexplained == 0 && rule.stored + rule.by_rule > 0;
    rule
}

/// Whether Courier gave this from its counter, to a message that is gone or came later.
fn is_counted(uidl: &[u8], list: &Pop3SizeList) -> bool {
    counted(uidl).is_some_and(|(_, time)| Some(time) == list.uidv)
}

/// Number and time in a UIDL that Courier counted.
pub(super) fn counted(uidl: &[u8]) -> Option<(u32, u64)> {
    let (number, time) = str::from_utf8(uidl).ok()?.strip_prefix("UID")?.split_once('-')?;
    let number: u32 = number.parse().ok()?;
    Some((number, time.parse().ok()?))
}

impl ListedRule {
    /// Whether a Dovecot made a UIDL for another message than that of a UID. It is none that the
    /// rule makes for a message which is here: those were paired by it already.
    pub(super) fn is_anothers(&self, uidl: &[u8], uidvalidity: u32, uid: u32) -> bool {
        // One that holds the UIDVALIDITY shows itself, where that is too long to be met by chance.
        let shows_itself = |format: &UidlFormat| uidvalidity >= LONG && is_strong(format);
        let Some(format) = self.formats.first() else {
            // No message here has shown the format.
            let known = known_formats().iter().filter_map(|text| UidlFormat::parse(text).ok());
            let uids = known.filter(shows_itself).filter_map(|it| it.uid_of(uidl, uidvalidity));
            let mut uids = uids.peekable();
            return uids.peek().is_some() && uids.all(|other| other != uid);
        };
        match format.uid_of(uidl, uidvalidity) {
            Some(other) => (self.fits || shows_itself(format)) && other != uid,
            // A format of names does not tell whose.
            None => self.fits && is_of_names(format),
        }
    }
}

/// One message as a format sees it.
struct Message<'a> {
    uid: u32,
    base: &'a [u8],
    guid: &'a [u8],
    stored: Option<Vec<u8>>,
    x_uidl: Option<&'a [u8]>,
    was_listed: bool,
}

/// The messages in POP3 order.
fn of_dovecot<'a>(
    list: &'a UidList,
    raw: &'a RawFolder,
    entries: &'a [FileEntry],
) -> Vec<Message<'a>> {
    let records: HashMap<&[u8], _> =
        list.records.iter().map(|record| (record.base.as_slice(), record)).collect();
    let served = serve_dovecot(list, entries, &UidlFormat::dovecot_default(), None);
    served
        .pop3_order
        .iter()
        .map(|at| {
            let message = &served.messages[*at];
            let entry = &entries[message.file];
            let base = entry.name.base.as_slice();
            let record = records.get(base).filter(|_| message.uid_listed);
            let guid = record.and_then(|r| r.get(b'G')).filter(|guid| !guid.is_empty());
            let stored = record.and_then(|record| record.get(b'P'));
            Message {
                uid: message.uid,
                base,
                guid: guid.unwrap_or(base),
                stored: stored.map(|p| if p.is_empty() { base } else { p }.to_vec()),
                x_uidl: raw.files[entry.file].x_uidl.as_deref(),
                was_listed: message.uid_listed,
            }
        })
        .collect()
}

/// What is to be explained, and by what.
struct Dovecot<'a> {
    listing: &'a [ListedUidl],
    uidvalidity: u32,
    messages: Vec<Message<'a>>,
}

/// How much of a listing a rule explains.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Explained {
    entries: usize,
    /// Those of them that the format makes; the others are `X-UIDL` headers.
    by_format: usize,
}

impl Dovecot<'_> {
    fn rule(&self, rules: &Rules) -> ListedRule {
        let stored = self.messages.iter().filter_map(|message| message.stored.clone());
        let all = self.listing.iter().map(|listed| listed.uidl.as_slice()).collect();
        let open = unexplained(all, count(stored));
        let mut rule = ListedRule {
            server: Some(ServerKind::Dovecot),
            stored: self.listing.len() - open.len(),
            unexplained: open.len(),
            fits: open.is_empty(),
            ..ListedRule::default()
        };
        if open.is_empty() {
            return rule;
        }
        let mut best = Explained::default();
        for reuse_x_uidl in [rules.reuse_x_uidl, !rules.reuse_x_uidl] {
            for format in self.candidates(rules) {
                let explained = self.explained(&format, reuse_x_uidl, &open);
                if explained.entries > best.entries {
                    best = explained;
                    (rule.formats, rule.reuse_x_uidl) = (vec![format], reuse_x_uidl);
                } else if explained == best
                    && best.entries > 0
                    && rule.reuse_x_uidl == reuse_x_uidl
                    && !rule.formats.contains(&format)
                {
                    rule.formats.push(format);
                }
            }
        }
        self.judge(rule, best, &open)
    }

    /// Formats to try, the preferred first.
    fn candidates(&self, rules: &Rules) -> Vec<UidlFormat> {
        let stated = match &rules.old_server {
            OldServer::Dovecot(format) => Some(format.clone()),
            _ => None,
        };
        let known = known_formats().iter().filter_map(|text| UidlFormat::parse(text).ok());
        stated.into_iter().chain(known).chain(self.derived()).collect()
    }

    /// A format that is in no table, by samples of which it is known whose they are: by UID, or by
    /// place when the numbers of messages are the same.
    fn derived(&self) -> Option<UidlFormat> {
        let listed = self.messages.iter().filter(|message| message.was_listed);
        let by_uid: HashMap<u32, &Message<'_>> =
            listed.clone().map(|message| (message.uid, message)).collect();
        let by_place: Vec<&Message<'_>> = match self.listing.len() {
            all if all == self.messages.len() => self.messages.iter().collect(),
            some if some == by_uid.len() => listed.collect(),
            _ => vec![],
        };
        let samples: Vec<(UidlInputs<'_>, &[u8])> = self
            .listing
            .iter()
            .enumerate()
            .filter_map(|(at, listed)| {
                let message = match listed.uid {
                    Some(uid) => by_uid.get(&uid),
                    None => by_place.get(at),
                }?;
                let named = message.stored.is_none();
                named.then(|| (self.inputs(message), listed.uidl.as_slice()))
            })
            .collect();
        derive(&samples)
    }

    fn inputs<'b>(&self, message: &Message<'b>) -> UidlInputs<'b> {
        let Message { uid, base, guid, .. } = *message;
        UidlInputs { uid, uidvalidity: self.uidvalidity, base, guid }
    }

    /// What a format makes, and what headers say.
    fn values(&self, format: &UidlFormat, reuse_x_uidl: bool) -> (Times, Times) {
        let open = self.messages.iter().filter(|message| message.stored.is_none());
        let (reused, made): (Vec<_>, Vec<_>) =
            open.partition(|message| reuse_x_uidl && message.x_uidl.is_some());
        let made = made.iter().map(|message| format.expand(&self.inputs(message)));
        let reused = reused.iter().filter_map(|message| message.x_uidl.map(<[u8]>::to_vec));
        (count(made), count(reused))
    }

    fn explained(&self, format: &UidlFormat, reuse_x_uidl: bool, open: &[&[u8]]) -> Explained {
        let (made, reused) = self.values(format, reuse_x_uidl);
        let after_format = unexplained(open.to_vec(), made);
        let by_format = open.len() - after_format.len();
        Explained { entries: open.len() - unexplained(after_format, reused).len(), by_format }
    }

    /// Whether the best rule is the rule. What it made for messages that are not here speaks for
    /// it, too. One that holds the UIDVALIDITY or a name hardly fits several messages by chance;
    /// another must explain everything.
    fn judge(&self, mut rule: ListedRule, best: Explained, open: &[&[u8]]) -> ListedRule {
        if best.entries == 0 {
            rule.formats.clear();
            rule.reuse_x_uidl = false;
            return rule;
        }
        let format = rule.formats[0].clone();
        let here: HashSet<u32> = self.messages.iter().map(|message| message.uid).collect();
        let strong = is_strong(&format);
        if strong && best.by_format > 0 {
            let (made, reused) = self.values(&format, rule.reuse_x_uidl);
            let rest = unexplained(unexplained(open.to_vec(), made), reused);
            let away = |uidl: &&&[u8]| {
                let uid = format.uid_of(uidl, self.uidvalidity);
                uid.is_some_and(|uid| !here.contains(&uid))
            };
            rule.elsewhere = rest.iter().filter(away).count();
        }
        rule.by_rule = best.entries;
        rule.unexplained = open.len() - rule.by_rule - rule.elsewhere;
        let made = rule.by_rule + rule.elsewhere;
        let most = made >= LEAST && made * 2 > open.len();
        rule.fits = rule.unexplained == 0 || ((strong || best.by_format == 0) && most);
        if best.by_format == 0 {
            // Headers explain it all, and any format would do.
            rule.formats.clear();
        }
        rule
    }
}

/// How often each UIDL is made.
type Times = HashMap<Vec<u8>, usize>;

fn count(uidls: impl Iterator<Item = Vec<u8>>) -> Times {
    let mut times = Times::new();
    for uidl in uidls {
        *times.entry(uidl).or_default() += 1;
    }
    times
}

/// UIDLs that are not made, or not so often: a copy of a message tells `%g` from `%f`.
fn unexplained(mut uidls: Vec<&[u8]>, mut made: Times) -> Vec<&[u8]> {
    uidls.retain(|uidl| match made.get_mut(*uidl) {
        Some(times) if *times > 0 => {
            *times -= 1;
            false
        }
        _ => true,
    });
    uidls
}

/// Whether a format holds more than the UID.
fn is_strong(format: &UidlFormat) -> bool {
    let with = |uidvalidity, name| {
        format.expand(&UidlInputs { uid: 1, uidvalidity, base: name, guid: name })
    };
    with(1, b"a") != with(2, b"b")
}

/// Whether a format holds what a message's file or GUID is called.
fn is_of_names(format: &UidlFormat) -> bool {
    let with = |name| format.expand(&UidlInputs { uid: 1, uidvalidity: 1, base: name, guid: name });
    with(b"a") != with(b"b")
}
