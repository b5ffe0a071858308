//! Plesk 8: `dump.xml`, and parts whose file names the attributes `cid` name.
//!
//! How Plesk called the parts of mailboxes and databases is not known: the names here are made up.

use std::io;

use super::flat::OldDomain;
use super::{Out, Packer, kib, note_what_is_lost};
use crate::domain_xml::{write_password, write_status};
use crate::mail_content::add_maildir;
use crate::mail_settings_xml::{on_or_off, write_autoresponder};
use crate::spec::{Hosting, MailboxSource, MailboxSpec, MemoryFile, SpamSpec};
use crate::tar_format::WEBSPACE;
use crate::walk::add_memory;
use crate::xml::Xml;

pub(super) fn write(
    packer: &Packer<'_>,
    domains: &[OldDomain<'_>],
    out: &mut Out,
    lost: &mut Vec<String>,
) -> io::Result<()> {
    for domain in domains {
        note_what_is_lost(domain, lost);
        for mailbox in domain.mail.iter().flat_map(|mail| mail.mailboxes) {
            let name = &mailbox.name;
            if has_files_beside(mailbox) {
                lost.push(format!("{}: files beside the Maildir of {name}", domain.name));
            }
            // Only the element `mailbox` names its part.
            if !mailbox.mailbox && mailbox.mail().is_some() {
                lost.push(format!("{}: the mailbox that {name} had once", domain.name));
            }
        }
    }
    let xml = dump_xml(packer, domains);
    let mut value = String::new();
    let header = [("Content-Type", "text/xml"), named("dump.xml", &mut value)];
    packer.in_order(out, &xml, &header, &mut |out| {
        if packer.spec.content {
            domains.iter().try_for_each(|domain| contents(packer, domain, out))
        } else {
            Ok(())
        }
    })
}

fn has_files_beside(mailbox: &MailboxSpec) -> bool {
    let in_memory = match mailbox.mail() {
        Some(MailboxSource::Files(files)) => files,
        _ => Vec::new(),
    };
    let is_beside = |file: &MemoryFile| !file.path.starts_with(b"Maildir/");
    !mailbox.beside().is_empty() || in_memory.iter().any(is_beside)
}

/// The field that names a part.
fn named<'a>(name: &str, value: &'a mut String) -> (&'static str, &'a str) {
    *value = format!("attachment; filename=\"{name}\"");
    ("Content-Disposition", value)
}

fn contents(packer: &Packer<'_>, domain: &OldDomain<'_>, out: &mut Out) -> io::Result<()> {
    let octets = ("Content-Type", "application/octet-stream");
    let mut value = String::new();
    if *domain.hosting == Hosting::Physical {
        let page = format!("<h1>{}</h1>\n", domain.name);
        let page = MemoryFile::file("index.html", packer.mtime, page);
        let name = format!("{}.httpdocs", domain.ascii_name);
        packer.archive(out, &[octets, named(&name, &mut value)], &mut |archive| {
            add_memory(archive, &WEBSPACE, &[&page], b"")
        })?;
    }
    for database in domain.databases {
        let name = database_part(&database.name);
        let sql = format!("CREATE TABLE `t` (`id` int); -- {}\n", database.name);
        out.part(&[octets, named(&name, &mut value)], &mut |part| part.write_all(sql.as_bytes()))?;
    }
    let Some(mail) = &domain.mail else { return Ok(()) };
    let listed = mail.mailboxes.iter().map(|mailbox| (&mailbox.name, mailbox.mail()));
    let unlisted =
        mail.unlisted.iter().map(|unlisted| (&unlisted.name, Some(unlisted.source.clone())));
    for (name, source) in listed.chain(unlisted) {
        let Some(source) = source else { continue };
        let name = mailbox_part(domain, name);
        packer.archive(out, &[octets, named(&name, &mut value)], &mut |archive| {
            add_maildir(archive, &source)
        })?;
    }
    Ok(())
}

fn mailbox_part(domain: &OldDomain<'_>, name: &str) -> String {
    format!("{}@{}.mdir", name.to_lowercase(), domain.ascii_name)
}

fn database_part(name: &str) -> String {
    format!("{name}.sql")
}

fn dump_xml(packer: &Packer<'_>, domains: &[OldDomain<'_>]) -> String {
    let mut xml = Xml::new();
    let version = packer.options.dump_version.as_str();
    xml.open("migration-dump", &[("agent-name", "PleskX"), ("dump-version", version)]);
    for domain in domains {
        if let Some((login, email)) = domain.client {
            xml.open("client", &[("name", login)]);
            xml.text("pinfo", &[("name", "email")], email);
        }
        domain_xml(packer, &mut xml, domain);
        if domain.client.is_some() {
            xml.close();
        }
    }
    if let Some(extra) = &packer.spec.extra_xml {
        xml.verbatim(extra);
    }
    xml.finish()
}

fn domain_xml(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>) {
    let boolean = |value| if value { "true" } else { "false" };
    let has_web = *domain.hosting == Hosting::Physical;
    xml.open("domain", &[("name", domain.name), ("www", boolean(has_web))]);
    for address in domain.ip_addresses {
        xml.open("ip", &[]);
        xml.text("ip-type", &[], "shared");
        xml.text("ip-address", &[], address);
        xml.close();
    }
    write_status(xml, "status", domain.disabled_by);
    for (name, value) in &domain.limits {
        let value = if *name == "mbox_quota" { kib(*value) } else { value.to_string() };
        xml.text("limit", &[("name", name)], &value);
    }
    for alias in domain.aliases {
        let attributes = [
            ("name", alias.name.as_str()),
            ("mail", boolean(alias.mail)),
            ("web", boolean(alias.web)),
            ("dns", boolean(alias.dns)),
        ];
        xml.open("domain-alias", &attributes);
        write_status(xml, "status", &alias.disabled_by);
        xml.close();
    }
    for database in domain.databases {
        let part = database_part(&database.name);
        let mut attributes = vec![("name", database.name.as_str()), ("type", "mysql")];
        attributes.push(("version", "4.1"));
        if packer.spec.content {
            attributes.push(("cid", &part));
        }
        xml.open("database", &attributes);
        xml.empty("dbuser", &[("name", &database.user)]);
        xml.close();
    }
    mail_system(packer, xml, domain);
    if has_web {
        xml.open("phosting", &[]);
        xml.open("sysuser", &[("name", &domain.system_user), ("shell", domain.shell)]);
        if let Some(password) = domain.system_password {
            write_password(xml, password);
        }
        xml.close();
        for subdomain in &domain.subdomains {
            let suffix = format!(".{}", domain.name);
            let label = subdomain.name.strip_suffix(&suffix).unwrap_or(&subdomain.name);
            xml.empty("subdomain", &[("name", label)]);
        }
        xml.close();
    }
    if let Some(extra) = domain.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

fn mail_system(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>) {
    let Some(mail) = &domain.mail else { return };
    xml.open("mailsystem", &[]);
    write_status(xml, "status", mail.disabled_by);
    for mailbox in mail.mailboxes {
        mail_user(packer, xml, domain, mailbox);
    }
    if let Some(catch_all) = mail.catch_all {
        xml.text("catch-all", &[], catch_all);
    }
    if let Some(extra) = mail.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

fn mail_user(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>, mailbox: &MailboxSpec) {
    let quota = mailbox.quota.map(kib);
    // One address is a redirection, several are a mail group. How their switches were called is
    // not known.
    let (target, switch) = match mailbox.forwards.as_slice() {
        [_] => ("redirect", "redirect-enabled"),
        _ => ("mailgroup-member", "mailgroup-enabled"),
    };
    let mut attributes = vec![("name", mailbox.name.as_str())];
    attributes.extend(quota.as_deref().map(|quota| ("mailbox-quota", quota)));
    if !mailbox.forwarding_enabled {
        attributes.push((switch, "false"));
    }
    xml.open("mailuser", &attributes);
    if let Some(password) = &mailbox.password {
        write_password(xml, password);
    }
    if mailbox.mailbox {
        let enabled = if mailbox.enabled { "true" } else { "false" };
        let part = mailbox_part(domain, &mailbox.name);
        let mut attributes = vec![("type", "mdir"), ("enabled", enabled)];
        if packer.spec.content && mailbox.mail().is_some() {
            attributes.push(("cid", &part));
        }
        xml.empty("mailbox", &attributes);
    }
    for alias in &mailbox.aliases {
        xml.text("alias", &[], alias);
    }
    for address in &mailbox.forwards {
        xml.text(target, &[], address);
    }
    if !mailbox.autoresponders.is_empty() {
        xml.open("autoresponders", &[]);
        for answer in &mailbox.autoresponders {
            write_autoresponder(xml, answer);
        }
        xml.close();
    }
    if let Some(spam) = &mailbox.spam {
        spam_filter(xml, spam);
    }
    xml.empty("virusfilter", &[("state", "none")]);
    if let Some(extra) = &mailbox.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

pub(super) fn spam_filter(xml: &mut Xml, spam: &SpamSpec) {
    let mut attributes = vec![
        ("status", on_or_off(spam.enabled)),
        ("action", spam.action.as_str()),
        ("hits", &spam.hits),
    ];
    for (key, value) in [("modify-subj", &spam.modify_subject), ("subj-text", &spam.subject_text)] {
        attributes.extend(value.as_deref().map(|value| (key, value)));
    }
    xml.open("spamassassin", &attributes);
    for (tag, members) in [
        ("blacklist-member", &spam.black_list),
        ("whitelist-member", &spam.white_list),
        ("unblacklist-member", &spam.un_black_list),
        ("unwhitelist-member", &spam.un_white_list),
    ] {
        for member in members {
            xml.text(tag, &[], member);
        }
    }
    xml.close();
}
