//! The archives of a mail domain by dump: an increment's hold what changed, and those of the dumps
//! below it hold the rest.

use std::collections::BTreeMap;

use plesk_backup::{ContentRef, MailSystem, Stamp};

use super::archives::{ArchiveToScan, archives_of, place};

/// The archives of one dump.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// Its stamp; absent when nothing tells it.
    pub stamp: Option<Stamp>,
    /// False when the newest dump does not need it: no file of it was there any more.
    pub needed: bool,
    /// The archives, each once.
    pub archives: Vec<ArchiveToScan>,
}

/// The dumps that hold a domain's mail, the oldest first and the chosen one last.
pub(crate) fn layers_of(mail: &MailSystem, stamp: Option<&Stamp>) -> Vec<Layer> {
    let own = mail.mailusers.iter().filter_map(|user| user.mailbox.as_ref());
    let earlier = mail.earlier.iter().chain(own.flat_map(|mailbox| &mailbox.earlier));
    let stamps: BTreeMap<&Stamp, bool> =
        earlier.map(|earlier| (&earlier.stamp, earlier.needed)).collect();
    let mut layers: Vec<Layer> = stamps
        .into_iter()
        .map(|(stamp, needed)| Layer {
            stamp: Some(stamp.clone()),
            needed,
            archives: earlier_archives(mail, stamp),
        })
        .collect();
    layers.push(Layer { stamp: stamp.cloned(), needed: true, archives: archives_of(mail) });
    layers
}

/// What an earlier dump holds of mailboxes. Everything else is whole in every dump.
fn earlier_archives(mail: &MailSystem, stamp: &Stamp) -> Vec<ArchiveToScan> {
    let mut archives: Vec<ArchiveToScan> = Vec::new();
    let mut add = |content: &ContentRef, mailbox: Option<&str>| {
        let is_new = place(content).is_some_and(|found| {
            archives.iter().all(|known| place(&known.content).as_ref() != Some(&found))
        });
        if is_new {
            let offset = mailbox.and(content.offset.clone());
            archives.push(ArchiveToScan {
                content: ContentRef { offset, ..content.clone() },
                mailbox: mailbox.map(|name| name.as_bytes().to_vec()),
                lists: false,
                beside: None,
            });
        }
    };
    for earlier in mail.earlier.iter().filter(|earlier| earlier.stamp == *stamp) {
        for content in &earlier.content {
            add(content, None);
        }
    }
    for user in &mail.mailusers {
        let of_user = user.mailbox.iter().flat_map(|mailbox| &mailbox.earlier);
        for earlier in of_user.filter(|earlier| earlier.stamp == *stamp) {
            for content in &earlier.content {
                add(content, Some(&user.local_part));
            }
        }
    }
    archives
}
