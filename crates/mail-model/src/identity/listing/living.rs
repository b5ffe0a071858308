//! Which of two servers made a listing.

use crate::courier::Pop3SizeList;
use crate::dovecot::UidList;
use crate::identity::{OldServer, RawListing, Rules, ServerKind};
use crate::uidl::{UidlFormat, UidlInputs, known_formats};
use std::collections::HashSet;

/// The server whose state explains more of a listing. None when neither does, or both the same:
/// a list that was made of the other server's has its names, too.
pub(in crate::identity) fn living(
    listing: &RawListing,
    uidlist: Option<&UidList>,
    sizelist: Option<&Pop3SizeList>,
    rules: &Rules,
) -> Option<ServerKind> {
    let met = |known: &HashSet<Vec<u8>>| {
        listing.entries.iter().filter(|listed| known.contains(&listed.uidl)).count()
    };
    let courier = sizelist
        .map_or(0, |list| met(&list.entries.iter().map(crate::courier::Pop3Entry::uidl).collect()));
    let dovecot = uidlist.map_or(0, |list| {
        let known = known_formats().iter().filter_map(|text| UidlFormat::parse(text).ok());
        let stated = match &rules.old_server {
            OldServer::Dovecot(format) => Some(format.clone()),
            _ => None,
        };
        known.chain(stated).map(|format| met(&names(list, &format))).max().unwrap_or(0)
    });
    match dovecot.cmp(&courier) {
        std::cmp::Ordering::Greater => Some(ServerKind::Dovecot),
        std::cmp::Ordering::Less => Some(ServerKind::Courier),
        std::cmp::Ordering::Equal => None,
    }
}

/// What a Dovecot of this format called the messages of its list.
fn names(list: &UidList, format: &UidlFormat) -> HashSet<Vec<u8>> {
    let name = |record: &crate::dovecot::UidRecord| match record.get(b'P') {
        Some(b"") => record.base.clone(),
        Some(uidl) => uidl.to_vec(),
        None => {
            let base = record.base.as_slice();
            let guid = record.get(b'G').filter(|guid| !guid.is_empty()).unwrap_or(base);
            let (uid, uidvalidity) = (record.uid, list.uidvalidity);
            format.expand(&UidlInputs { uid, uidvalidity, base, guid })
        }
    };
    list.records.iter().map(name).collect()
}
