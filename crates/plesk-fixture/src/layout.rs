//! Where everything lies: directories, file names, running numbers.

use anyhow::{Context, Result, bail};

use crate::archive::extension;
use crate::spec::{
    ContentPaths, DkimSpec, Generation, Level, MailboxSpec, MailingListSpec, Root, SiteSpec, Spec,
    SubscriptionSpec, UnlistedSpec,
};

/// Number and GUID of the administrator, who stands above all.
pub(crate) const ADMIN_GUID: &str = "00000000-0000-4000-8000-000000000001";
/// Number of the first domain.
const FIRST_DOMAIN: u64 = 472;
/// Plesk cuts directory names of domains to this length.
const LONGEST_DOMAIN: usize = 47;
/// Plesk cuts directory names of logins, mailboxes and databases to this length.
const LONGEST_LOGIN: usize = 25;

/// A spec with a place for everything.
pub(crate) struct Layout<'a> {
    pub(crate) spec: &'a Spec,
    /// `[<base>_]<stamp>`
    pub(crate) stamps: String,
    /// Directory of the main XML, `""` is the root.
    pub(crate) root: String,
    /// Stamps of the dumps that an increment needs besides its own.
    pub(crate) related: Vec<String>,
    pub(crate) subscriptions: Vec<Subscription<'a>>,
}

/// A subscription with its place.
pub(crate) struct Subscription<'a> {
    pub(crate) spec: &'a SubscriptionSpec,
    pub(crate) domain: Domain<'a>,
    pub(crate) sites: Vec<Site<'a>>,
}

/// A site with its place.
pub(crate) struct Site<'a> {
    pub(crate) spec: &'a SiteSpec,
    pub(crate) domain: Domain<'a>,
}

/// What subscriptions and sites have in common.
pub(crate) struct Domain<'a> {
    pub(crate) id: u64,
    pub(crate) guid: String,
    pub(crate) ascii_name: String,
    /// Its directory in the tree, `""` is the root.
    pub(crate) directory: String,
    /// Its directory in the server's repository.
    pub(crate) repository: String,
    /// Directory of the XML file that describes it.
    pub(crate) xml_directory: String,
    /// Number of its first mailbox.
    pub(crate) first_mailbox: u64,
    pub(crate) mail: Option<Mail<'a>>,
}

/// What a mail system is made of.
#[derive(Clone, Copy)]
pub(crate) struct Mail<'a> {
    pub(crate) mailboxes: &'a [MailboxSpec],
    pub(crate) unlisted: &'a [UnlistedSpec],
    pub(crate) catch_all: Option<&'a str>,
    pub(crate) disabled_by: &'a [String],
    pub(crate) dkim: Option<&'a DkimSpec>,
    pub(crate) mailing_lists: &'a [MailingListSpec],
    pub(crate) extra_xml: Option<&'a str>,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(spec: &'a Spec) -> Result<Self> {
        if spec.level == Level::Subscription && spec.subscriptions.len() != 1 {
            bail!(
                "a backup of subscription level has one subscription, the spec has {}",
                spec.subscriptions.len()
            );
        }
        let stamps = match &spec.base_stamp {
            Some(base) => format!("{base}_{}", spec.stamp),
            None => spec.stamp.clone(),
        };
        stamp_to_epoch(&spec.stamp)?;
        let mut next_domain = FIRST_DOMAIN;
        let mut next_mailbox = 11;
        let mut subscriptions = Vec::new();
        let mut root = String::new();
        for subscription in &spec.subscriptions {
            let mail = Mail {
                mailboxes: &subscription.mailboxes,
                unlisted: &subscription.unlisted,
                catch_all: subscription.catch_all.as_deref(),
                disabled_by: &subscription.mail_disabled_by,
                dkim: subscription.dkim.as_ref(),
                mailing_lists: &subscription.mailing_lists,
                extra_xml: subscription.extra_mail_xml.as_deref(),
            };
            let (id, first_mailbox) = (next_domain, next_mailbox);
            next_domain += 1;
            next_mailbox += mail.mailboxes.len() as u64;
            let ascii_name = ascii(&subscription.name)?;
            let in_owner = format!("domains/{}", directory_name(&ascii_name, LONGEST_DOMAIN, id));
            let owner = match spec.level {
                Level::Client => &spec.client_login,
                _ => &subscription.owner,
            };
            let repository = match owner.as_str() {
                "admin" => in_owner.clone(),
                login => format!("{}/{in_owner}", client_directory(login)),
            };
            let directory = match spec.level {
                _ if spec.root == Root::Repository => repository.clone(),
                Level::Server => repository.clone(),
                Level::Client => in_owner,
                Level::Subscription => String::new(),
            };
            if spec.root == Root::Repository {
                root = match spec.level {
                    Level::Server => String::new(),
                    Level::Client => client_directory(&spec.client_login),
                    Level::Subscription => repository.clone(),
                };
            }
            let mut sites = Vec::new();
            for site in &subscription.sites {
                if !site.mail && (site.dkim.is_some() || !site.mailing_lists.is_empty()) {
                    bail!("site {} has settings of mail, and no mail", site.name);
                }
                let mail = site.mail.then_some(Mail {
                    mailboxes: &site.mailboxes,
                    unlisted: &site.unlisted,
                    catch_all: site.catch_all.as_deref(),
                    disabled_by: &site.mail_disabled_by,
                    dkim: site.dkim.as_ref(),
                    mailing_lists: &site.mailing_lists,
                    extra_xml: site.extra_mail_xml.as_deref(),
                });
                let (id, first_mailbox) = (next_domain, next_mailbox);
                next_domain += 1;
                next_mailbox += site.mailboxes.len() as u64;
                let ascii_name = ascii(&site.name)?;
                let in_domain =
                    format!("sites/{}", directory_name(&ascii_name, LONGEST_DOMAIN, id));
                sites.push(Site {
                    spec: site,
                    domain: Domain {
                        id,
                        guid: site.guid.clone().unwrap_or_else(|| guid(id)),
                        ascii_name,
                        directory: join(&directory, &in_domain),
                        repository: join(&repository, &in_domain),
                        xml_directory: directory.clone(),
                        first_mailbox,
                        mail,
                    },
                });
            }
            subscriptions.push(Subscription {
                spec: subscription,
                domain: Domain {
                    id,
                    guid: subscription.guid.clone().unwrap_or_else(|| guid(id)),
                    ascii_name,
                    xml_directory: directory.clone(),
                    directory,
                    repository,
                    first_mailbox,
                    mail: Some(mail),
                },
                sites,
            });
        }
        let related = spec.base_stamp.iter().cloned().collect();
        Ok(Self { spec, stamps, root, related, subscriptions })
    }

    /// File name of an inner archive in `directory`.
    pub(crate) fn archive_name(&self, directory: &str, kind: &str) -> String {
        format!("{}.{}", self.stem(directory, kind), extension(self.spec.compression))
    }

    /// Name and size of each volume of an archive: the archive itself unless it is cut.
    pub(crate) fn volumes(&self, name: &str, size: u64) -> Vec<(String, u64)> {
        match self.spec.volume_size.filter(|volume| *volume > 0 && size > *volume) {
            None => vec![(name.to_owned(), size)],
            Some(volume) => (1..=size.div_ceil(volume))
                .map(|number| {
                    (format!("{name}.{number:03}"), volume.min(size - (number - 1) * volume))
                })
                .collect(),
        }
    }

    /// File name without extension: `backup_<kind>_<stamp>`.
    pub(crate) fn stem(&self, directory: &str, kind: &str) -> String {
        let (prefix, stamps) = (&self.spec.prefix, &self.stamps);
        match object_of(directory).filter(|_| self.spec.generation == Generation::Plesk9) {
            Some(object) => format!("{prefix}_{object}_{kind}_{stamps}"),
            None => format!("{prefix}_{kind}_{stamps}"),
        }
    }

    /// Text of `cid/@path` for a file in `inside`, a directory below that of the domain.
    pub(crate) fn content_path(&self, domain: &Domain<'_>, inside: &str) -> String {
        let directory = join(&domain.directory, inside);
        match self.spec.content_paths {
            ContentPaths::Repository => join(&domain.repository, inside),
            ContentPaths::Tree => directory,
            ContentPaths::Xml => directory
                .strip_prefix(&domain.xml_directory)
                .map_or_else(|| directory.clone(), |rest| rest.trim_start_matches('/').to_owned()),
        }
    }

    /// Logins of the clients whose subscriptions are in a server's backup, each once, sorted.
    pub(crate) fn clients(&self) -> Vec<&'a str> {
        let mut logins: Vec<&str> = self
            .subscriptions
            .iter()
            .map(|subscription| subscription.spec.owner.as_str())
            .filter(|login| *login != "admin")
            .collect();
        logins.sort_unstable();
        logins.dedup();
        logins
    }
}

/// The name of the object whose directory this is; the root and the hosting have none.
fn object_of(directory: &str) -> Option<&str> {
    let (above, name) = directory.rsplit_once('/')?;
    let group = above.rsplit('/').next()?;
    let is_group = matches!(group, "clients" | "domains" | "sites" | "mailnames" | "databases");
    is_group.then_some(name)
}

/// Directory of a client in the repository.
pub(crate) fn client_directory(login: &str) -> String {
    format!("clients/{}", directory_name(login, LONGEST_LOGIN, client_number(login)))
}

/// Directory of a mailbox below that of its domain, for archives of single mailboxes.
pub(crate) fn mailbox_directory(name: &str, id: u64) -> String {
    format!("mailnames/{}", directory_name(name, LONGEST_LOGIN, id))
}

/// Directory of a database below that of its subscription; 1 is the local database server.
pub(crate) fn database_directory(name: &str, id: u64) -> String {
    format!("databases/{}_1", directory_name(name, LONGEST_LOGIN, id))
}

/// A number made from the login, so that it does not depend on the order of subscriptions.
fn client_number(login: &str) -> u64 {
    login.bytes().fold(7, |number, byte| (number * 31 + u64::from(byte)) % 100_000)
}

/// GUID of a client.
pub(crate) fn client_guid(login: &str) -> String {
    if login == "admin" { ADMIN_GUID.into() } else { guid(1_000_000 + client_number(login)) }
}

/// GUID of the object with this number.
pub(crate) fn guid(id: u64) -> String {
    format!("00000000-0000-4000-8000-{id:012}")
}

/// `directory/rest`, where both may be empty.
pub(crate) fn join(directory: &str, rest: &str) -> String {
    match (directory, rest) {
        ("", rest) => rest.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, rest) => format!("{directory}/{rest}"),
    }
}

fn ascii(name: &str) -> Result<String> {
    idna::domain_to_ascii(name).ok().with_context(|| format!("{name} is no name of a domain"))
}

/// The form of a name that Plesk uses for directories: some characters replaced, long names cut,
/// and the number appended when either happened or the name ends like a stamp.
fn directory_name(name: &str, longest: usize, id: u64) -> String {
    let mut plain = String::new();
    for character in name.chars() {
        match character {
            ' ' | '<' | '|' | '!' | '\\' | '/' => plain.push('_'),
            ':' => plain.push('-'),
            '>' => plain.push_str("-gt-"),
            '&' => plain.push_str("-and-"),
            other => plain.push(other),
        }
    }
    let like_stamp = plain.len() >= 10 && plain.bytes().rev().take(10).all(|b| b.is_ascii_digit());
    let cut: String = plain.chars().take(longest).collect();
    if cut != name || like_stamp { format!("{cut}_{id}") } else { cut }
}

/// Seconds since 1970 of a stamp `YYMMDDhhmm`, as if it were UTC.
pub(crate) fn stamp_to_epoch(stamp: &str) -> Result<i64> {
    if stamp.len() != 10 || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!("stamp {stamp:?} is not ten digits YYMMDDhhmm");
    }
    let two = |at: usize| stamp[at..at + 2].parse::<i64>();
    let (year, month, day) = (2000 + two(0)?, two(2)?, two(4)?);
    // Days since 1970 by counting years from March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Ok((days - 719_469) * 86_400 + two(6)? * 3600 + two(8)? * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_become_seconds() {
        // `date -ud '2024-01-15 10:30' +%s` and `date -ud '2024-02-29 00:00' +%s`
        assert_eq!(stamp_to_epoch("2401151030").unwrap(), 1_705_314_600);
        assert_eq!(stamp_to_epoch("2402290000").unwrap(), 1_709_164_800);
        assert!(stamp_to_epoch("24011510").is_err());
    }

    #[test]
    fn directory_names_are_cut_and_numbered() {
        assert_eq!(directory_name("example.com", 47, 3), "example.com");
        assert_eq!(directory_name("a b", 25, 3), "a_b_3");
        assert_eq!(directory_name("x&y", 25, 3), "x-and-y_3");
        assert_eq!(directory_name("shop1234567890", 25, 3), "shop1234567890_3");
        assert_eq!(directory_name(&"n".repeat(26), 25, 3), format!("{}_3", "n".repeat(25)));
    }
}
