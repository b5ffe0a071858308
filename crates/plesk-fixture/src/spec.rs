//! What a backup shall hold. Every field has a default, so that a test names only what it is about.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod mail_settings;
mod mailbox;
mod packing;
pub use mail_settings::{
    AddressBookSpec, AutoresponderSpec, ContactGroupSpec, DkimSpec, MailingListSpec, NamedFile,
    RecipientSpec, SpamSpec,
};
pub use mailbox::{
    MailboxSource, MailboxSpec, MemoryFile, MemoryKind, PasswordSpec, SyntheticServer, UnlistedSpec,
};
pub use packing::{Compression, MailStore, System, ZipMethod};

/// A whole backup.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// What the backup was asked for: decides the shape of the tree and of the main XML.
    pub level: Level,
    /// `YYMMDDhhmm`, ten digits; part of every file name.
    pub stamp: String,
    /// Stamp of the full backup below an increment: file names then carry `<base>_<stamp>`.
    pub base_stamp: Option<String>,
    /// Where the files of a client or a subscription lie.
    pub root: Root,
    /// First part of every file name. Plesk's default is `backup`.
    pub prefix: String,
    /// Which files there are, and how they are named.
    pub generation: Generation,
    /// Fills the index `cid_*` of each archive, in a form that is guessed; else it is empty.
    pub file_index: bool,
    /// `dump-version`, for example `18.0.58`.
    pub plesk_version: String,
    /// Names below `components-installed`. `dovecot` or `courier-imap` tells the mail server.
    pub components: Vec<String>,
    /// How inner archives are packed.
    pub compression: Compression,
    /// Level of gzip (0 to 9) or zstd (1 to 22); by default 6 and 3.
    pub compression_level: Option<i32>,
    /// Inner archives of more bytes are cut into volumes of so many, `<archive>.001` and so on. How
    /// Plesk itself names them is not known; readers go by the metadata, which list them.
    pub volume_size: Option<u64>,
    /// What stands in `cid/@path`.
    pub content_paths: ContentPaths,
    /// One mail archive for each domain, or one for each mailbox.
    pub mail_layout: MailLayout,
    /// False packs settings only: no content archives, and `content-included="false"`.
    pub content: bool,
    /// Adds the members `dump-header`, `dump-index` and `archive-index` that exports of Plesk
    /// Obsidian carry. What Plesk writes into them is unknown; here they hold a line of text.
    pub export_index: bool,
    /// Name of one directory around the whole tree (outer tar only), as some tools add it.
    pub wrap: Option<String>,
    /// Host name of the Plesk server.
    pub server_name: String,
    /// Address of the Plesk administrator.
    pub admin_email: String,
    /// Login of the client that a client-level backup is of.
    pub client_login: String,
    /// The subscriptions. A backup of subscription level has exactly one.
    pub subscriptions: Vec<SubscriptionSpec>,
    /// What Plesk ran on.
    pub system: System,
    /// Method of an outer zip.
    pub zip_method: ZipMethod,
    /// How the mail of mailboxes is kept.
    pub mail_store: MailStore,
    /// Verbatim XML put before the end of the root element of the main XML.
    pub extra_xml: Option<String>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            level: Level::default(),
            stamp: "2401151030".into(),
            base_stamp: None,
            root: Root::default(),
            prefix: "backup".into(),
            generation: Generation::default(),
            file_index: false,
            plesk_version: "18.0.58".into(),
            components: vec!["dovecot".into(), "postfix".into()],
            compression: Compression::default(),
            compression_level: None,
            volume_size: None,
            content_paths: ContentPaths::default(),
            mail_layout: MailLayout::default(),
            content: true,
            export_index: true,
            wrap: None,
            server_name: "plesk.example.net".into(),
            admin_email: "admin@example.net".into(),
            client_login: "john".into(),
            subscriptions: Vec::new(),
            system: System::default(),
            zip_method: ZipMethod::default(),
            mail_store: MailStore::default(),
            extra_xml: None,
        }
    }
}

impl Spec {
    /// A small backup with a little of everything: a subscription `example.com` with an add-on
    /// domain, an alias, a database, and four addresses of different kinds.
    pub fn sample() -> Self {
        let message = |name: &str, text: &str| {
            MemoryFile::file(format!("Maildir/{name}"), 1_705_310_001, format!("{text}\n"))
        };
        let mut info = MailboxSpec::new("info").with_files(vec![
            message(
                "cur/1705310001.M1P1.plesk.example.net,S=29:2,S",
                "Subject: first\n\nHello, info.",
            ),
            message(
                "cur/1705310002.M2P2.plesk.example.net,S=30:2,RS",
                "Subject: second\n\nHello, info.",
            ),
            message("new/1705310003.M3P3.plesk.example.net,S=29", "Subject: third\n\nHello, info."),
            message(
                "dovecot-uidlist",
                "3 V1705310000 N5 G0123456789abcdef0123456789abcdef\n\
                 1 :1705310001.M1P1.plesk.example.net,S=29\n\
                 3 :1705310002.M2P2.plesk.example.net,S=30",
            ),
        ]);
        info.password = Some(PasswordSpec::plain("PlainPa55"));
        info.quota = Some(104_857_600);
        info.aliases = vec!["contact".into(), "office".into()];
        info.forwards = vec!["copy@example.net".into()];
        info.forwarding_enabled = true;
        let mut sales = MailboxSpec::new("sales").with_files(vec![
            message(
                ".Sent/cur/1705310005.M5P5.plesk.example.net,S=22:2,S",
                "Subject: sent\n\nHello.",
            ),
            message(
                ".Sent/dovecot-uidlist",
                "3 V1705310009 N8\n7 :1705310005.M5P5.plesk.example.net,S=22",
            ),
        ]);
        // SHA-512-crypt of "secret" with the salt "saltsalt".
        sales.password = Some(PasswordSpec::new(
            "encrypted",
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
        ));
        sales.quota = Some(-1);
        let mut forward_only = MailboxSpec::new("forwardonly");
        forward_only.mailbox = false;
        forward_only.forwards = vec!["a@example.net".into(), "b@example.net".into()];
        forward_only.forwarding_enabled = true;

        let mut addon = SiteSpec::new("addon.test");
        addon.mailboxes.push(MailboxSpec::new("hello").with_files(vec![message(
            "cur/1705310006.M6P6.plesk.example.net,S=22:2,",
            "Subject: site\n\nHello.",
        )]));

        let mut subscription = SubscriptionSpec::new("example.com");
        subscription.aliases.push(DomainAliasSpec::new("example.org"));
        subscription.mailboxes = vec![info, sales, MailboxSpec::new("unused"), forward_only];
        subscription.catch_all = Some("reject".into());
        subscription.databases.push(DatabaseSpec { name: "exdb".into(), user: "exuser".into() });
        subscription.limits.insert("mbox_quota".into(), 104_857_600);
        subscription.sites.push(addon);
        Self { subscriptions: vec![subscription], ..Self::default() }
    }
}

/// The object that a backup is of.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole server: `admin` with pointers in the main XML, one XML for each subscription.
    #[default]
    Server,
    /// One client: `client` in the main XML, one XML for each subscription.
    Client,
    /// One subscription, whole in the main XML; its files lie at the root of the tree.
    Subscription,
}

/// What lies at the root of a backup of a client or a subscription.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// Its own files, as in an export.
    #[default]
    Object,
    /// The server's repository, in which the object has its directory.
    Repository,
}

/// Versions of Plesk whose trees differ.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// Plesk 11.5 and later.
    #[default]
    Current,
    /// Plesk 9: file names carry the object, `<prefix>_<object>_<kind>_<stamp>`, and mailboxes and
    /// the hosting have XML files of their own in their directories.
    Plesk9,
    /// Plesk 8 for Windows: `info.xml`, web files and messages as they are. It has neither sites
    /// nor a stamp.
    Plesk8Windows,
}

/// What stands in `cid/@path`.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ContentPaths {
    /// The directory in the server's repository (`domains/example.com`), also in an export of one
    /// subscription, where that directory is the root.
    #[default]
    Repository,
    /// The directory seen from the tree's root.
    Tree,
    /// The directory seen from the XML file that names it.
    Xml,
}

/// Which archives mail is packed into.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum MailLayout {
    /// `backup_domainmail_<stamp>`, entries `<mailbox>/Maildir/...`.
    #[default]
    Domain,
    /// `mailnames/<mailbox>/backup_mdir_<stamp>`, entries are those of the Maildir itself. What
    /// lies beside `Maildir` in a mailbox's directory is not packed.
    Mailbox,
}

/// A `<domain>`: subscription or webspace.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SubscriptionSpec {
    /// Name as displayed, Unicode allowed; directories get the punycode form.
    pub name: String,
    /// By default made from the running number of the domain.
    pub guid: Option<String>,
    /// Login of the webspace's owner on the system.
    pub system_user: String,
    /// Its password.
    pub system_password: Option<PasswordSpec>,
    /// Its shell.
    pub shell: String,
    /// Login of the client that owns it. At server level anything but `admin` puts the
    /// subscription below `clients/<login>/domains/`.
    pub owner: String,
    /// Address of that client.
    pub owner_email: String,
    /// `cr-date`, `YYYY-MM-DD`.
    pub created: String,
    /// `limit` elements; those that Plesk always writes are added as -1 (`max_site` as 1).
    pub limits: BTreeMap<String, i64>,
    /// `ip-address` elements.
    pub ip_addresses: Vec<String>,
    /// Who switched the subscription off; empty means enabled.
    pub disabled_by: Vec<String>,
    /// Domain aliases.
    pub aliases: Vec<DomainAliasSpec>,
    /// Kind of web hosting.
    pub hosting: Hosting,
    /// Document root seen from the webspace's root.
    pub www_root: String,
    /// Mail addresses.
    pub mailboxes: Vec<MailboxSpec>,
    /// Directories in the mail archive of which the XML knows nothing.
    pub unlisted: Vec<UnlistedSpec>,
    /// Text of `catch-all`.
    pub catch_all: Option<String>,
    /// Who switched the mail service off; empty means enabled.
    pub mail_disabled_by: Vec<String>,
    /// `domain-keys`; no value leaves the element out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim: Option<DkimSpec>,
    /// Mailing lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailing_lists: Vec<MailingListSpec>,
    /// Verbatim XML put into `mailsystem/preferences`.
    pub extra_mail_xml: Option<String>,
    /// Databases of the subscription.
    pub databases: Vec<DatabaseSpec>,
    /// Add-on domains and subdomains.
    pub sites: Vec<SiteSpec>,
    /// Verbatim XML put before the end of the `domain` element.
    pub extra_xml: Option<String>,
}

impl Default for SubscriptionSpec {
    fn default() -> Self {
        Self {
            name: "example.com".into(),
            guid: None,
            system_user: "exampleuser".into(),
            system_password: None,
            shell: "/bin/bash".into(),
            owner: "admin".into(),
            owner_email: "john@example.net".into(),
            created: "2020-01-01".into(),
            limits: BTreeMap::new(),
            ip_addresses: vec!["192.0.2.10".into()],
            disabled_by: Vec::new(),
            aliases: Vec::new(),
            hosting: Hosting::default(),
            www_root: "httpdocs".into(),
            mailboxes: Vec::new(),
            unlisted: Vec::new(),
            catch_all: None,
            mail_disabled_by: Vec::new(),
            dkim: None,
            mailing_lists: Vec::new(),
            extra_mail_xml: None,
            databases: Vec::new(),
            sites: Vec::new(),
            extra_xml: None,
        }
    }
}

impl SubscriptionSpec {
    /// A subscription with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// A `<site>`: add-on domain or subdomain.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SiteSpec {
    /// Name as displayed, Unicode allowed.
    pub name: String,
    /// By default made from the running number of the domain.
    pub guid: Option<String>,
    /// `parent-domain-name`: makes it a subdomain.
    pub parent: Option<String>,
    /// `cr-date`, `YYYY-MM-DD`.
    pub created: String,
    /// Who switched it off; empty means enabled.
    pub disabled_by: Vec<String>,
    /// Domain aliases.
    pub aliases: Vec<DomainAliasSpec>,
    /// Kind of web hosting.
    pub hosting: Hosting,
    /// Document root seen from the webspace's root; empty means the site's name.
    pub www_root: String,
    /// False leaves out the whole `mailsystem`.
    pub mail: bool,
    /// Mail addresses.
    pub mailboxes: Vec<MailboxSpec>,
    /// Directories in the mail archive of which the XML knows nothing.
    pub unlisted: Vec<UnlistedSpec>,
    /// Text of `catch-all`.
    pub catch_all: Option<String>,
    /// Who switched the mail service off; empty means enabled.
    pub mail_disabled_by: Vec<String>,
    /// `domain-keys`; no value leaves the element out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim: Option<DkimSpec>,
    /// Mailing lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailing_lists: Vec<MailingListSpec>,
    /// Verbatim XML put into `mailsystem/preferences`.
    pub extra_mail_xml: Option<String>,
    /// Verbatim XML put before the end of the `site` element.
    pub extra_xml: Option<String>,
}

impl Default for SiteSpec {
    fn default() -> Self {
        Self {
            name: "addon.test".into(),
            guid: None,
            parent: None,
            created: "2021-05-05".into(),
            disabled_by: Vec::new(),
            aliases: Vec::new(),
            hosting: Hosting::default(),
            www_root: String::new(),
            mail: true,
            mailboxes: Vec::new(),
            unlisted: Vec::new(),
            catch_all: None,
            mail_disabled_by: Vec::new(),
            dkim: None,
            mailing_lists: Vec::new(),
            extra_mail_xml: None,
            extra_xml: None,
        }
    }
}

impl SiteSpec {
    /// A site with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Web hosting of a domain.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Hosting {
    /// `phosting`, with archives `user-data` and `apache-files`.
    #[default]
    Physical,
    /// `shosting`: the web server redirects to this address.
    Forward(String),
    /// `fhosting`: this address is shown in a frame.
    Frame(String),
    /// No hosting. A subscription with sites still has a small `phosting`, as Plesk writes it.
    None,
}

/// A domain alias.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct DomainAliasSpec {
    /// Name as displayed, Unicode allowed.
    pub name: String,
    /// Mail for the alias reaches the mailboxes of the domain.
    pub mail: bool,
    /// The web site is served under the alias.
    pub web: bool,
    /// The alias's zone follows that of the domain.
    pub dns: bool,
    /// Who switched it off; empty means enabled.
    pub disabled_by: Vec<String>,
}

impl Default for DomainAliasSpec {
    fn default() -> Self {
        Self {
            name: "example.org".into(),
            mail: true,
            web: true,
            dns: true,
            disabled_by: Vec::new(),
        }
    }
}

impl DomainAliasSpec {
    /// An alias with mail, web and DNS.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// A MySQL database with one user; its dump is a line of SQL.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSpec {
    /// Name of the database.
    pub name: String,
    /// Name of its user.
    pub user: String,
}

impl Spec {
    /// Makes relative paths of trees absolute, seen from `base`.
    pub fn resolve_paths(&mut self, base: &std::path::Path) {
        let resolve = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = base.join(&*path);
            }
        };
        for subscription in &mut self.subscriptions {
            let sites = subscription.sites.iter_mut();
            let (mailboxes, unlisted): (Vec<_>, Vec<_>) =
                sites.map(|site| (&mut site.mailboxes, &mut site.unlisted)).unzip();
            let mailboxes = mailboxes.into_iter().flatten().chain(&mut subscription.mailboxes);
            let unlisted = unlisted.into_iter().flatten().chain(&mut subscription.unlisted);
            for mailbox in mailboxes {
                if let Some(path) = &mut mailbox.maildir {
                    resolve(path);
                }
                if let Some(MailboxSource::Tree(path)) = &mut mailbox.source {
                    resolve(path);
                }
            }
            for directory in unlisted {
                if let MailboxSource::Tree(path) = &mut directory.source {
                    resolve(path);
                }
            }
        }
    }
}
