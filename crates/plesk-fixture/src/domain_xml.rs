//! The elements `domain` and `site`.

use std::collections::BTreeMap;

use crate::layout::{
    ADMIN_GUID, Domain, Layout, Mail, Site, Subscription, client_guid, database_directory, join,
    mailbox_directory,
};
use crate::spec::{
    DkimSpec, DomainAliasSpec, Generation, Hosting, MailLayout, MailStore, MailboxSpec,
    PasswordSpec, System,
};
use crate::xml::Xml;

/// Limits that Plesk writes for every subscription.
const LIMITS: [&str; 11] = [
    "max_subdom",
    "max_dom_aliases",
    "disk_space",
    "max_traffic",
    "max_wu",
    "max_db",
    "max_box",
    "mbox_quota",
    "max_maillists",
    "expiration",
    "max_site",
];

/// Archives that were packed: path in the tree to size.
pub(crate) type Contents = BTreeMap<String, u64>;

/// Writes a `domain` with everything in it.
pub(crate) fn write_subscription(
    xml: &mut Xml,
    layout: &Layout<'_>,
    contents: &Contents,
    subscription: &Subscription<'_>,
) {
    let (spec, domain) = (subscription.spec, &subscription.domain);
    let writer = Writer { layout, contents, domain };
    let owner = match layout.spec.level {
        crate::spec::Level::Client => &layout.spec.client_login,
        _ => &spec.owner,
    };
    xml.open(
        "domain",
        &[
            ("name", &spec.name),
            ("id", &domain.id.to_string()),
            ("guid", &domain.guid),
            ("cr-date", &spec.created),
            ("owner-guid", &client_guid(owner)),
            ("owner-name", owner),
            ("vendor-guid", ADMIN_GUID),
            ("vendor-login", "admin"),
            ("www", "true"),
        ],
    );
    write_aliases(xml, &spec.aliases);
    xml.open("properties", &[]);
    write_addresses(xml, &spec.ip_addresses);
    write_status(xml, "webspace-status", &[]);
    write_status(xml, "status", &spec.disabled_by);
    write_zone(xml, &domain.ascii_name, spec.dkim.as_ref());
    xml.close();
    xml.open("limits-and-permissions", &[]);
    let mut limits = spec.limits.clone();
    for name in LIMITS {
        limits.entry(name.into()).or_insert(if name == "max_site" { 1 } else { -1 });
    }
    for (name, value) in &limits {
        xml.text("limit", &[("name", name)], &value.to_string());
    }
    xml.close();
    if let Some(mail) = &domain.mail {
        writer.mail_system(xml, mail, &spec.ip_addresses);
    }
    if !spec.databases.is_empty() {
        xml.open("databases", &[]);
        for (id, database) in (1..).zip(&spec.databases) {
            let guid = format!("{}_db_{id}", domain.guid);
            let attributes = [
                ("name", database.name.as_str()),
                ("type", "mysql"),
                ("id", &id.to_string()),
                ("version", "10.6"),
                ("charset", "utf8mb4"),
                ("guid", &guid),
                ("owner-guid", &domain.guid),
            ];
            xml.open("database", &attributes);
            xml.open("db-server", &[("type", "mysql")]);
            xml.text("host", &[], "localhost");
            xml.text("port", &[], "3306");
            xml.close();
            xml.open("dbuser", &[("name", &database.user), ("id", "7"), ("default", "true")]);
            write_password(xml, &PasswordSpec::plain("DbPa55"));
            xml.close();
            let directory = database_directory(&database.name, id);
            writer.content(xml, &[Cid::own("sqldump", "sqldump", &directory)]);
            xml.close();
        }
        xml.close();
    }
    if let Some(mail) = &domain.mail {
        writer.mailing_lists(xml, mail, &spec.ip_addresses);
    }
    if layout.spec.generation != Generation::Plesk9 {
        writer.hosting(xml, &spec.hosting, &spec.www_root, Some(subscription));
    }
    if let Some(extra) = &spec.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

/// The hosting of a subscription, for an XML file of its own.
pub(crate) fn write_hosting(
    xml: &mut Xml,
    layout: &Layout<'_>,
    contents: &Contents,
    subscription: &Subscription<'_>,
) {
    let (spec, domain) = (subscription.spec, &subscription.domain);
    let writer = Writer { layout, contents, domain };
    writer.hosting(xml, &spec.hosting, &spec.www_root, Some(subscription));
}

/// A mail account, for an XML file of its own.
pub(crate) fn write_mail_user(
    xml: &mut Xml,
    layout: &Layout<'_>,
    contents: &Contents,
    domain: &Domain<'_>,
    (id, mailbox): (u64, &MailboxSpec),
) {
    Writer { layout, contents, domain }.mail_user(xml, id, mailbox);
}

fn write_site(
    xml: &mut Xml,
    layout: &Layout<'_>,
    contents: &Contents,
    subscription: &Subscription<'_>,
    site: &Site<'_>,
) {
    let (spec, domain) = (site.spec, &site.domain);
    let writer = Writer { layout, contents, domain };
    let id = domain.id.to_string();
    let mut attributes = vec![
        ("name", spec.name.as_str()),
        ("id", &id),
        ("guid", &domain.guid),
        ("cr-date", &spec.created),
        ("www", "true"),
    ];
    if let Some(parent) = &spec.parent {
        attributes.push(("parent-domain-name", parent));
    }
    xml.open("site", &attributes);
    write_aliases(xml, &spec.aliases);
    xml.open("properties", &[]);
    write_status(xml, "status", &spec.disabled_by);
    write_zone(xml, &domain.ascii_name, spec.dkim.as_ref());
    xml.close();
    if let Some(mail) = &domain.mail {
        writer.mail_system(xml, mail, &subscription.spec.ip_addresses);
        writer.mailing_lists(xml, mail, &subscription.spec.ip_addresses);
    }
    let www_root = if spec.www_root.is_empty() { &domain.ascii_name } else { &spec.www_root };
    writer.hosting(xml, &spec.hosting, www_root, None);
    if let Some(extra) = &spec.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

/// A pointer to an archive.
pub(crate) struct Cid<'a> {
    kind: &'a str,
    file: String,
    /// Directory below that of the domain.
    inside: String,
    /// Set for a pointer into an archive that another element owns.
    offset: Option<String>,
}

impl<'a> Cid<'a> {
    pub(crate) fn own(kind: &'a str, file: &str, inside: &str) -> Self {
        Self { kind, file: file.to_owned(), inside: inside.to_owned(), offset: None }
    }

    /// A directory in the mail archive of the domain.
    pub(crate) fn in_mail(kind: &'a str, offset: String) -> Self {
        Self { offset: Some(offset), ..Self::own(kind, "domainmail", "") }
    }
}

/// Writes the parts that domains and sites share.
pub(crate) struct Writer<'a> {
    pub(crate) layout: &'a Layout<'a>,
    contents: &'a Contents,
    domain: &'a Domain<'a>,
}

impl Writer<'_> {
    /// A `content` with those archives that were packed; none, no element.
    pub(crate) fn content(&self, xml: &mut Xml, cids: &[Cid<'_>]) {
        let packed: Vec<_> = cids
            .iter()
            .filter_map(|cid| {
                let directory = join(&self.domain.directory, &cid.inside);
                let name = self.layout.archive_name(&directory, &cid.file);
                let size = self.contents.get(&join(&directory, &name))?;
                Some((cid, name, *size))
            })
            .collect();
        if packed.is_empty() {
            return;
        }
        xml.open("content", &[]);
        for (cid, name, size) in packed {
            let separated = |path: String| match self.layout.spec.system {
                System::Unix => path,
                System::Windows => path.replace('/', "\\"),
            };
            let path = separated(self.layout.content_path(self.domain, &cid.inside));
            let offset = cid.offset.clone().map(separated);
            let mut attributes = vec![("type", cid.kind), ("path", &path)];
            if let Some(offset) = &offset {
                attributes.extend([("offset", offset.as_str()), ("referrer", "true")]);
            }
            xml.open("cid", &attributes);
            for (volume, size) in self.layout.volumes(&name, size) {
                xml.text("content-file", &[("size", &size.to_string())], &volume);
            }
            xml.close();
        }
        xml.close();
    }

    fn mail_system(&self, xml: &mut Xml, mail: &Mail<'_>, ip_addresses: &[String]) {
        xml.open("mailsystem", &[]);
        xml.open("properties", &[]);
        write_status(xml, "status", mail.disabled_by);
        write_addresses(xml, ip_addresses);
        xml.close();
        self.content(xml, &[Cid::own("domainmail", "domainmail", "")]);
        xml.open("mailusers", &[]);
        if self.layout.spec.generation != Generation::Plesk9 {
            for (id, mailbox) in (self.domain.first_mailbox..).zip(mail.mailboxes) {
                self.mail_user(xml, id, mailbox);
            }
        }
        xml.close();
        xml.open("preferences", &[]);
        if let Some(catch_all) = mail.catch_all {
            xml.text("catch-all", &[], catch_all);
        }
        if let Some(dkim) = mail.dkim {
            self.domain_keys(xml, dkim);
        }
        xml.text("web-mail", &[], "roundcube");
        xml.text("grey-listing", &[], "on");
        if let Some(extra) = mail.extra_xml {
            xml.verbatim(extra);
        }
        xml.close();
        xml.close();
    }

    fn mail_user(&self, xml: &mut Xml, id: u64, mailbox: &MailboxSpec) {
        let quota = mailbox.quota.map(|quota| quota.to_string());
        let guid = format!("{}_mn_{id}", self.domain.guid);
        let id_text = id.to_string();
        let mut attributes = vec![
            ("id", id_text.as_str()),
            ("name", &mailbox.name),
            ("guid", &guid),
            ("owner-guid", &self.domain.guid),
            ("cp-access-default", "true"),
        ];
        if let Some(quota) = &quota {
            attributes.push(("mailbox-quota", quota));
        }
        let forwarding = if mailbox.forwarding_enabled { "true" } else { "false" };
        attributes.push(("forwarding-enabled", forwarding));
        xml.open("mailuser", &attributes);
        xml.open("properties", &[]);
        if let Some(password) = &mailbox.password {
            write_password(xml, password);
        }
        xml.close();
        xml.open("preferences", &[]);
        if mailbox.mailbox {
            let enabled = if mailbox.enabled { "true" } else { "false" };
            xml.open("mailbox", &[("type", "mdir"), ("enabled", enabled)]);
            if mailbox.mail().is_some() {
                let name = mailbox.name.to_lowercase();
                let cid = match self.layout.spec.mail_layout {
                    MailLayout::Domain => {
                        let offset = match self.layout.spec.mail_store {
                            MailStore::Maildir => format!("{name}/Maildir"),
                            MailStore::MailEnable => name.clone(),
                        };
                        Cid::in_mail("mailbox", offset)
                    }
                    MailLayout::Mailbox => {
                        Cid::own("mailbox", "mdir", &mailbox_directory(&name, id))
                    }
                };
                self.content(xml, &[cid]);
            }
            xml.close();
        }
        for alias in &mailbox.aliases {
            xml.text("alias", &[], alias);
        }
        for target in &mailbox.forwards {
            xml.text("forwarding", &[], target);
        }
        self.account_settings(xml, id, mailbox);
        xml.empty("virusfilter", &[("state", "none")]);
        if let Some(extra) = &mailbox.extra_xml {
            xml.verbatim(extra);
        }
        xml.close();
        xml.close();
    }

    /// The hosting of a subscription, with its sites; or that of a site.
    fn hosting(
        &self,
        xml: &mut Xml,
        hosting: &Hosting,
        www_root: &str,
        subscription: Option<&Subscription<'_>>,
    ) {
        let sites = subscription.map_or(&[][..], |subscription| &subscription.sites);
        match hosting {
            Hosting::Physical => {
                let guid = format!("{}_ph_{}", self.domain.guid, self.domain.id);
                let attributes = [
                    ("guid", guid.as_str()),
                    ("owner-guid", &self.domain.guid),
                    ("https", "true"),
                    ("webstat", "awstats"),
                    ("errdocs", "true"),
                    ("www-root", www_root),
                    ("cgi_bin_mode", "www-root"),
                ];
                xml.open("phosting", &attributes);
            }
            Hosting::None if !sites.is_empty() => xml.open("phosting", &[]),
            Hosting::None => return,
            Hosting::Forward(url) => {
                xml.open("shosting", &[]);
                xml.text("url", &[], url);
                xml.text("httpcode", &[], "301");
                return xml.close();
            }
            Hosting::Frame(url) => {
                xml.open("fhosting", &[]);
                xml.text("url", &[], url);
                return xml.close();
            }
        }
        xml.open("preferences", &[]);
        if let Some(subscription) = subscription {
            let spec = subscription.spec;
            let attributes = [
                ("name", spec.system_user.as_str()),
                ("shell", &spec.shell),
                ("quota", "0"),
                ("home", "/"),
            ];
            xml.open("sysuser", &attributes);
            if let Some(password) = &spec.system_password {
                write_password(xml, password);
            }
            xml.close();
        }
        xml.close();
        if subscription.is_some() {
            let cids = ["user-data", "apache-files"].map(|kind| Cid::own(kind, kind, ""));
            self.content(xml, &cids);
        }
        if let Some(subscription) = subscription
            && !sites.is_empty()
        {
            xml.open("sites", &[]);
            for site in sites {
                write_site(xml, self.layout, self.contents, subscription, site);
            }
            xml.close();
        }
        xml.close();
    }
}

fn write_aliases(xml: &mut Xml, aliases: &[DomainAliasSpec]) {
    let boolean = |value| if value { "true" } else { "false" };
    xml.open("preferences", &[]);
    for alias in aliases {
        let attributes = [
            ("name", alias.name.as_str()),
            ("mail", boolean(alias.mail)),
            ("web", boolean(alias.web)),
            ("dns", boolean(alias.dns)),
            ("seo-redirect", "true"),
        ];
        xml.open("domain-alias", &attributes);
        write_status(xml, "status", &alias.disabled_by);
        xml.close();
    }
    xml.close();
}

pub(crate) fn write_addresses(xml: &mut Xml, addresses: &[String]) {
    for address in addresses {
        xml.open("ip", &[]);
        xml.text("ip-type", &[], "shared");
        xml.text("ip-address", &[], address);
        xml.close();
    }
}

/// Writes `<status>` or its like; nobody who switched it off means enabled.
pub(crate) fn write_status(xml: &mut Xml, name: &'static str, disabled_by: &[String]) {
    xml.open(name, &[]);
    if disabled_by.is_empty() {
        xml.empty("enabled", &[]);
    }
    for by in disabled_by {
        xml.empty("disabled-by", &[("name", by)]);
    }
    xml.close();
}

pub(crate) fn write_password(xml: &mut Xml, password: &PasswordSpec) {
    let mut attributes = vec![("type", password.kind.as_str())];
    if let Some(encoding) = &password.encoding {
        attributes.push(("encoding", encoding));
    }
    xml.text("password", &attributes, &password.text);
}

fn write_zone(xml: &mut Xml, domain: &str, dkim: Option<&DkimSpec>) {
    let email = format!("root@{domain}");
    let attributes =
        [("email", email.as_str()), ("type", "master"), ("serial-format", "UNIXTIMESTAMP")];
    xml.open("dns-zone", &attributes);
    write_status(xml, "status", &[]);
    for (name, value, unit) in [("ttl", "86400", "days"), ("refresh", "10800", "hours")] {
        xml.empty("dns-zone-param", &[("name", name), ("value", value), ("unit", unit)]);
    }
    let (name, mail) = (format!("{domain}."), format!("mail.{domain}."));
    for (kind, source, target, option) in [
        ("A", &name, "192.0.2.10", ""),
        ("A", &mail, "192.0.2.10", ""),
        ("MX", &name, mail.as_str(), "10"),
    ] {
        let attributes = [("type", kind), ("src", source), ("dst", target), ("opt", option)];
        xml.empty("dnsrec", &attributes);
    }
    if let Some(dkim) = dkim.filter(|dkim| dkim.enabled) {
        let source = format!("default._domainkey.{name}");
        let record = format!("v=DKIM1; p={};", dkim.public_key);
        xml.empty("dnsrec", &[("type", "TXT"), ("src", &source), ("dst", &record), ("opt", "")]);
    }
    xml.close();
}
