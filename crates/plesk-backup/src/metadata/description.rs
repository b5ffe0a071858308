//! What a backup says of itself, as plain values.

use std::collections::BTreeMap;
use std::fmt;

use super::calendar::days_since_1970;
use super::{AddressBook, Autoresponders, Dkim, Dump, MailingList, Problem, SpamFilter};
use crate::password::Password;
use crate::tree::EntryId;

/// Everything that the metadata of the chosen dumps tell.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The newest stamp that was chosen for any subscription: that of the metadata files, or, where
    /// all of those are lost, the newest of the content archives.
    pub stamp: Option<Stamp>,
    /// The dumps of the tree, the oldest first, also those that were chosen for nothing.
    pub dumps: Vec<Dump>,
    /// `dump-version`, else `dump-original-version`, e.g. `18.0.58`; of a psadump what its head
    /// says in `Dumped-Psa-Version`.
    pub plesk_version: Option<String>,
    /// `os-description/@type`, `unix` or `windows`; also `windows` for a backup of Plesk 8 for
    /// Windows, which does not say it.
    pub operating_system: Option<String>,
    /// Names under `components-installed`, in the order of the file, each once. Plesk 8 and older
    /// list none, and shipped no other server for IMAP and POP3 than Courier: for them
    /// `courier-imap`.
    pub components: Vec<String>,
    /// Host name of the server, from `admin/@name` of a server-level dump.
    pub server_name: Option<String>,
    /// Sorted by the ASCII name of the main domain.
    pub subscriptions: Vec<Subscription>,
    /// Elements that this reader does not know, by path below the subscription, with how many of
    /// them there were, e.g. `domain/mailsystem/mailusers/mailuser/preferences/foo`. Only the
    /// topmost unknown element is counted, not what lies below it. Of elements that are read as
    /// mail settings the unknown attributes are counted as well, e.g. `.../spamassassin/@foo`.
    pub unknown_elements: BTreeMap<String, u64>,
    /// Whatever was damaged, missing or contradictory.
    pub problems: Vec<Problem>,
    /// Content archives that no metadata name, but for those of dumps that were not chosen; of a
    /// psadump all such parts. Also mail archives that only metadata name which were not taken, as
    /// others describe the same.
    pub unreferenced: Vec<EntryId>,
    /// Of a backup of Plesk 8 for Windows, whose mail lies in it as single files: the files that no
    /// metadata name.
    pub unnamed: Vec<UnnamedFiles>,
}

/// Files of one directory that no metadata name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnnamedFiles {
    /// Path in the tree, printable; of a deeper directory the first three parts.
    pub directory: String,
    /// How many files there are in it and below it.
    pub count: usize,
}

impl Description {
    /// The IMAP and POP3 server that the backup's component list names.
    ///
    /// `None` when it names neither, or both: then only the mailboxes can tell.
    pub fn installed_mail_server(&self) -> Option<MailServer> {
        let has = |word: &str| {
            self.components.iter().any(|name| name.to_ascii_lowercase().contains(word))
        };
        match (has("dovecot"), has("courier")) {
            (true, false) => Some(MailServer::Dovecot),
            (false, true) => Some(MailServer::Courier),
            _ => None,
        }
    }
}

/// The two IMAP and POP3 servers that Plesk for Linux ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailServer {
    /// Dovecot, the default since Plesk 12.
    Dovecot,
    /// Courier IMAP.
    Courier,
}

/// The time of a backup as it stands in file names: `YYMMDDhhmm`, local time of the server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(String);

impl Stamp {
    /// Takes ten digits that are a date and a time; anything else is no stamp.
    pub fn parse(text: &str) -> Option<Stamp> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let stamp = Stamp(text.to_owned());
        let [_, month, day, hour, minute] = stamp.parts();
        ((1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60)
            .then_some(stamp)
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Seconds since 1970 as if the stamp were UTC: the server's time zone is not recorded.
    pub fn epoch(&self) -> i64 {
        let [year, month, day, hour, minute] = self.parts();
        let days = days_since_1970(2000 + year, month, day);
        days * 86_400 + hour * 3600 + minute * 60
    }

    fn parts(&self) -> [i64; 5] {
        let mut parts = [0_i64; 5];
        for (part, pair) in parts.iter_mut().zip(self.0.as_bytes().chunks(2)) {
            *part = pair.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        }
        parts
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Stamp({})", self.0)
    }
}

/// A subscription (webspace): the element `domain`.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Plesk's identifier, the same in every XML that describes this subscription.
    pub guid: Option<String>,
    /// Stamp of the dump that was chosen for it; of the archives when it was salvaged from file
    /// names; absent when these carry none.
    pub dump: Option<Stamp>,
    /// Stamps of dumps that hold files of it and that the tree does not hold, when the chosen dump is
    /// an increment; ascending.
    pub missing_dumps: Vec<Stamp>,
    /// The main domain.
    pub domain: Domain,
    /// Add-on domains and subdomains, in the order of the file.
    pub sites: Vec<Domain>,
    /// The system user that owns the webspace; absent for forwarding domains.
    pub system_user: Option<SystemUser>,
    /// Login of the client or reseller who owns it.
    pub owner_login: Option<String>,
    /// Mail address of the owner, where a metadata file of the same stamp tells it.
    pub owner_email: Option<String>,
    /// `YYYY-MM-DD`.
    pub created: Option<String>,
    /// `limit` elements; -1 means unlimited, sizes are bytes.
    pub limits: BTreeMap<String, i64>,
    /// IPv4 and IPv6 addresses, each once.
    pub ip_addresses: Vec<String>,
    /// State of the webspace.
    pub status: Status,
    /// Path in the tree of the XML that it was read from; of the first archive when it was
    /// salvaged from file names.
    pub metadata: String,
    /// False when the element was not closed in its XML, or when the subscription was salvaged
    /// from file names: there may have been more.
    pub complete: bool,
    /// Content besides mailboxes: web files, databases, keys, logs.
    pub other_content: Vec<ContentRef>,
    /// Settings that are present and that nobody carries so far: a word such as `databases` or
    /// `certificates`, and how many. Never zero.
    pub counts: Vec<(String, u64)>,
}

impl Subscription {
    /// The main domain, then the sites.
    pub fn domains(&self) -> impl Iterator<Item = &Domain> {
        std::iter::once(&self.domain).chain(&self.sites)
    }
}

/// The owner of a webspace on the old system.
#[derive(Debug, Clone)]
pub struct SystemUser {
    /// Login.
    pub name: String,
    /// Absent when the XML has none.
    pub password: Option<Password>,
    /// Absent when it is `/bin/false`, which Plesk does not write.
    pub shell: Option<String>,
}

/// Whether a thing was switched on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Status {
    /// On, or not said.
    #[default]
    Enabled,
    /// Off.
    Disabled {
        /// Who switched it off: `admin`, `parent`, `client` and so on, verbatim. May be empty.
        by: Vec<String>,
    },
}

impl Status {
    /// True when the thing itself is on: also when only its parent is suspended.
    pub fn is_enabled_itself(&self) -> bool {
        match self {
            Status::Enabled => true,
            Status::Disabled { by } => !by.is_empty() && by.iter().all(|who| who == "parent"),
        }
    }
}

/// What a domain is to its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainKind {
    /// The subscription's own domain.
    Main,
    /// A further domain of the same webspace.
    Addon,
    /// A subdomain of one of its domains.
    Subdomain {
        /// Name of the parent domain, verbatim.
        parent: String,
    },
}

/// A domain of a subscription: the element `domain` or `site`.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Plesk's identifier.
    pub guid: Option<String>,
    /// As displayed, in Unicode; a wildcard subdomain has `_` for `*`.
    pub name: String,
    /// Lower-case, punycode: as mail addresses and directories are spelled.
    pub ascii_name: String,
    /// Main, add-on or subdomain.
    pub kind: DomainKind,
    /// Document root relative to the webspace.
    pub www_root: Option<String>,
    /// Whether it has files.
    pub hosting: Hosting,
    /// State of the domain.
    pub status: Status,
    /// Further names of the same domain.
    pub aliases: Vec<DomainAlias>,
    /// Absent when the XML has neither `mailsystem` nor mailing lists.
    pub mail: Option<MailSystem>,
}

/// What a domain serves on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// Files of the webspace.
    Physical,
    /// A redirect, standard or by frame.
    Forward {
        /// Where to; empty when the XML does not tell.
        url: String,
    },
    /// Nothing.
    None,
}

/// Another name of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainAlias {
    /// As displayed.
    pub name: String,
    /// Lower-case, punycode.
    pub ascii_name: String,
    /// Every mailbox of the domain is reachable here, too.
    pub mail: bool,
    /// The web site is served here, too.
    pub web: bool,
    /// The DNS zone follows that of the domain.
    pub dns: bool,
    /// State of the alias.
    pub status: Status,
}

/// Mail of one domain.
#[derive(Debug, Clone, Default)]
pub struct MailSystem {
    /// State of the mail service.
    pub status: Status,
    /// The `domainmail` archives: all mailboxes of the domain; of an increment, what changed.
    pub content: Vec<ContentRef>,
    /// The same of all earlier dumps of the chain, when the chosen dump is an increment: the oldest
    /// first. A file of a later one replaces that of the same path of an earlier one; what was
    /// deleted since is not marked, but see `file_index`.
    pub earlier: Vec<EarlierContent>,
    /// Plesk's list of all files that the domain's mail had at the time of the chosen dump, for
    /// [`Backup::read_file_index`](crate::Backup::read_file_index); absent when it is empty or not
    /// there.
    pub file_index: Option<EntryId>,
    /// In the order of the file.
    pub mailusers: Vec<MailUser>,
    /// Verbatim: `reject`, `bounce:TEXT`, or an address.
    pub catch_all: Option<String>,
    /// DKIM signing; absent when the XML does not mention it.
    pub dkim: Option<Dkim>,
    /// Grey-listing of the domain; absent when the XML does not tell.
    pub grey_listing: Option<bool>,
    /// `roundcube`, `horde`, `none` and so on, verbatim.
    pub web_mail: Option<String>,
    /// Mailing lists, in the order of the file.
    pub mailing_lists: Vec<MailingList>,
    /// State of the list service of the domain, beside that of each list.
    pub mailing_list_status: Status,
    /// Mailman's `archives/private` of all lists of the domain: directories `LIST` and
    /// `LIST.mbox`.
    pub mailing_list_content: Vec<ContentRef>,
    /// Everything else below `mailsystem/preferences`, verbatim and without secrets; what is also
    /// typed above stands here, too, so that a report can name each.
    pub settings: Vec<Setting>,
}

/// A setting that is named for a report, as it stands in the XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The element, e.g. `grey-listing`.
    pub name: String,
    /// Attributes and text, verbatim; empty when it has none.
    pub value: String,
}

/// One mail account of a domain.
#[derive(Debug, Clone)]
pub struct MailUser {
    /// Local part as written.
    pub name: String,
    /// Local part in lower case, as directories are spelled.
    pub local_part: String,
    /// Plesk's identifier.
    pub guid: Option<String>,
    /// Absent when the XML has none.
    pub password: Option<Password>,
    /// Quota.
    pub quota: MailQuota,
    /// Absent when the account has no mailbox (forward or autoresponder only).
    pub mailbox: Option<MailboxSettings>,
    /// Local parts.
    pub aliases: Vec<String>,
    /// Forwarding.
    pub forwarding: Forwarding,
    /// Automatic answers; absent when the XML has none.
    pub autoresponders: Option<Autoresponders>,
    /// The spam filter; absent when the XML does not mention it.
    pub spam: Option<SpamFilter>,
    /// The webmail's address book; absent when the XML has none.
    pub address_book: Option<AddressBook>,
    /// Everything else that is present: autoresponders, spam filter, address book and so on, also
    /// what is typed above, so that a report can name each.
    pub settings: Vec<Setting>,
}

impl MailUser {
    /// Whether mail for the address is forwarded.
    pub fn forwards(&self) -> bool {
        self.forwarding.enabled && !self.forwarding.targets.is_empty()
    }

    /// Whether an autoresponder of the address is on.
    pub fn answers(&self) -> bool {
        self.autoresponders
            .as_ref()
            .is_some_and(|answers| answers.items.iter().any(|item| item.enabled))
    }
}

/// Quota of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailQuota {
    /// A negative number in the XML.
    Unlimited,
    /// Bytes.
    Bytes(u64),
    /// Not set: the subscription's limit `mbox_quota` holds.
    Default,
}

/// The mailbox of a mail account.
#[derive(Debug, Clone)]
pub struct MailboxSettings {
    /// Whether mail is stored.
    pub enabled: bool,
    /// `mdir`, or `mbox` in very old dumps.
    pub kind: String,
    /// Its archives: usually a reference into the domain's one.
    pub content: Vec<ContentRef>,
    /// Its own archives of earlier dumps of the chain, the oldest first; none where those dumps
    /// refer into the domain's.
    pub earlier: Vec<EarlierContent>,
}

/// Archives of an earlier dump of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierContent {
    /// Stamp of that dump.
    pub stamp: Stamp,
    /// False when the metadata of the chosen dump list those that it needs, and this is none of
    /// them: no file in it was still there, unless it changed since. It still tells of what was
    /// deleted in between.
    pub needed: bool,
    /// Its archives; never empty.
    pub content: Vec<ContentRef>,
}

/// Forwarding of a mail account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// Targets may be stored and inactive.
    pub enabled: bool,
    /// Addresses, verbatim.
    pub targets: Vec<String>,
}

/// The element `cid`: content that lies in one archive, possibly split into volumes, or below a
/// directory of the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRef {
    /// `domainmail`, `mailbox`, `user-data`, `sqldump` and so on.
    pub kind: String,
    /// Directory of the archive in the repository; may be empty.
    pub path: String,
    /// Directory inside the archive where this content begins.
    pub offset: Option<String>,
    /// True when the archive belongs to another element and is only referred to.
    pub referrer: bool,
    /// Volumes in order; one for nearly every archive.
    pub files: Vec<ContentFile>,
    /// Set for content without an archive: the files are those of the tree below this directory,
    /// which is spelled as in [`Entry::path`](crate::Entry::path) and ends without a slash. There
    /// are no `files` then. Plesk 8 for Windows keeps mailboxes so.
    pub directory: Option<Vec<u8>>,
}

/// The element `content-file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFile {
    /// File name.
    pub name: String,
    /// Bytes, when the XML tells; those of a psadump do not, and it is the part's own size.
    pub size: Option<u64>,
    /// Where it lies in the tree; absent when it is not there.
    pub entry: Option<EntryId>,
}

#[cfg(test)]
mod tests {
    use super::{Stamp, Status};

    #[test]
    fn stamp_is_a_date() {
        let stamp = Stamp::parse("2401151030").unwrap();
        // date -u -d '2024-01-15 10:30' +%s
        assert_eq!(stamp.epoch(), 1_705_314_600);
        // date -u -d '2000-02-29 23:59' +%s
        assert_eq!(Stamp::parse("0002292359").unwrap().epoch(), 951_868_740);
        assert_eq!(Stamp::parse("2413151030"), None);
        assert_eq!(Stamp::parse("240115103"), None);
        assert_eq!(Stamp::parse("240115103x"), None);
    }

    #[test]
    fn parent_alone_leaves_the_child_enabled() {
        let by =
            |who: &[&str]| Status::Disabled { by: who.iter().map(ToString::to_string).collect() };
        assert!(Status::Enabled.is_enabled_itself());
        assert!(by(&["parent"]).is_enabled_itself());
        assert!(!by(&["parent", "admin"]).is_enabled_itself());
        assert!(!by(&[]).is_enabled_itself());
    }
}
