//! Plesk 7: everybody is a `user`, and the parts are their homes.
//!
//! The root element's name is not known, and neither are content identifiers, and where aliases and
//! the catch-all stood.

use std::io;

use super::flat::OldDomain;
use super::{Out, Packer, kib, note_what_is_lost};
use crate::mail_content::{add_home, named_files};
use crate::mail_settings_xml::write_autoresponder;
use crate::spec::{Hosting, MailboxSource, MailboxSpec, MemoryFile, PasswordSpec};
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
        let mut note = |is_there: bool, what: String| {
            if is_there {
                lost.push(format!("{}: {what}", domain.name));
            }
        };
        note(domain.client.is_some(), "the client that owns it".to_owned());
        note(!domain.disabled_by.is_empty(), "who switched it off".to_owned());
        note(!domain.ip_addresses.is_empty(), "IP addresses".to_owned());
        note(!domain.subdomains.is_empty(), "subdomains".to_owned());
        let switched = |alias: &crate::spec::DomainAliasSpec| !alias.disabled_by.is_empty();
        note(domain.aliases.iter().any(switched), "aliases that are off".to_owned());
        let Some(mail) = &domain.mail else { continue };
        note(!mail.disabled_by.is_empty(), "who switched its mail off".to_owned());
        for mailbox in mail.mailboxes {
            // The switch is one of the addresses that are written here.
            let is_off = !mailbox.forwarding_enabled && mailbox.forwards.is_empty();
            let extra = mailbox.extra_xml.as_deref().unwrap_or_default();
            let forwards = ["<redirect>", "<mailgroup-member>"].iter().any(|it| extra.contains(it));
            let what = format!("that forwarding in XML of its own is off for {}", mailbox.name);
            note(is_off && forwards, what);
        }
    }
    let xml = dump_xml(packer, domains);
    let header = [("Content-Type", "text/xml; charset=UTF-8")];
    packer.in_order(out, &xml, &header, &mut |out| {
        if packer.spec.content {
            domains.iter().try_for_each(|domain| contents(packer, domain, out))
        } else {
            Ok(())
        }
    })
}

/// Identifiers are shaped like those of mail.
fn identifier(domain: &OldDomain<'_>, kind: &str, name: &str) -> String {
    format!("{kind}.{}@{}", name.to_lowercase(), domain.ascii_name)
}

fn contents(packer: &Packer<'_>, domain: &OldDomain<'_>, out: &mut Out) -> io::Result<()> {
    let archive = ("Content-Type", "application/x-tar");
    if *domain.hosting == Hosting::Physical {
        let page = format!("<h1>{}</h1>\n", domain.name);
        let page = MemoryFile::file("httpdocs/index.html", packer.mtime, page);
        let id = format!("<{}>", identifier(domain, "home", &domain.system_user));
        packer.archive(out, &[archive, ("Content-ID", &id)], &mut |archive| {
            add_memory(archive, &WEBSPACE, &[&page], b"")
        })?;
    }
    for database in domain.databases {
        let id = format!("<{}>", identifier(domain, "database", &database.name));
        let sql = format!("CREATE TABLE `t` (`id` int); -- {}\n", database.name);
        let header = [("Content-Type", "application/octet-stream"), ("Content-ID", id.as_str())];
        out.part(&header, &mut |part| part.write_all(sql.as_bytes()))?;
    }
    let Some(mail) = &domain.mail else { return Ok(()) };
    for mailbox in mail.mailboxes.iter().filter(|mailbox| has_home(mailbox)) {
        let beside: Vec<MemoryFile> = mailbox
            .beside()
            .into_iter()
            .flat_map(|(directory, files)| named_files(directory, files, packer.mtime))
            .collect();
        let source = mailbox.mail().unwrap_or(MailboxSource::Files(Vec::new()));
        let id = format!("<{}>", identifier(domain, "mail", &mailbox.name));
        packer.archive(out, &[archive, ("Content-ID", &id)], &mut |archive| {
            add_home(archive, &source, &beside)
        })?;
    }
    for unlisted in mail.unlisted {
        let id = format!("<{}>", identifier(domain, "mail", &unlisted.name));
        packer.archive(out, &[archive, ("Content-ID", &id)], &mut |archive| {
            add_home(archive, &unlisted.source, &[])
        })?;
    }
    Ok(())
}

fn has_home(mailbox: &MailboxSpec) -> bool {
    mailbox.mail().is_some() || !mailbox.beside().is_empty()
}

fn dump_xml(packer: &Packer<'_>, domains: &[OldDomain<'_>]) -> String {
    let mut xml = Xml::new();
    xml.open("psadump", &[]);
    xml.open("sites", &[]);
    for domain in domains {
        domain_xml(packer, &mut xml, domain);
    }
    xml.close();
    if let Some(extra) = &packer.spec.extra_xml {
        xml.verbatim(extra);
    }
    xml.finish()
}

fn domain_xml(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>) {
    xml.open("domain", &[("name", domain.name)]);
    let limits: Vec<(&str, String)> = domain
        .limits
        .iter()
        .map(|(name, value)| {
            let is_quota = *name == "mbox_quota";
            (*name, if is_quota { kib(*value) } else { value.to_string() })
        })
        .collect();
    let limits: Vec<(&str, &str)> =
        limits.iter().map(|(name, value)| (*name, value.as_str())).collect();
    xml.empty("limits", &limits);
    for alias in domain.aliases {
        let boolean = |value| if value { "true" } else { "false" };
        let attributes = [
            ("name", alias.name.as_str()),
            ("mail", boolean(alias.mail)),
            ("web", boolean(alias.web)),
            ("dns", boolean(alias.dns)),
        ];
        xml.empty("domain-alias", &attributes);
    }
    for database in domain.databases {
        let source = format!("cid:{}", identifier(domain, "database", &database.name));
        let mut attributes = vec![("name", database.name.as_str()), ("type", "mysql")];
        if packer.spec.content {
            attributes.push(("src", &source));
        }
        xml.open("data_bases", &attributes);
        xml.open("user", &[]);
        xml.empty("login", &[("name", &database.user)]);
        xml.close();
        xml.close();
    }
    owner(packer, xml, domain);
    if let Some(mail) = &domain.mail {
        for mailbox in mail.mailboxes {
            mail_user(packer, xml, domain, mailbox);
        }
        if let Some(catch_all) = mail.catch_all {
            xml.text("catch-all", &[], catch_all);
        }
    }
    if let Some(extra) = domain.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}

fn owner(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>) {
    let has_web = *domain.hosting == Hosting::Physical;
    let source = format!("cid:{}", identifier(domain, "home", &domain.system_user));
    let mut attributes = vec![("type", "domain_level")];
    if has_web && packer.spec.content {
        attributes.push(("src", &source));
    }
    xml.open("user", &attributes);
    login(xml, &domain.system_user, domain.system_password, None);
    xml.open("services", &[]);
    xml.text("webstat", &[], "true");
    xml.close();
    xml.close();
}

fn login(xml: &mut Xml, name: &str, password: Option<&PasswordSpec>, quota: Option<&str>) {
    let kind = password.map(|password| ("PW_TYPE", password.kind.as_str()));
    xml.open("login", kind.as_slice());
    xml.text("name", &[], name);
    if let Some(password) = password {
        xml.text("password", &[], &password.text);
    }
    if let Some(quota) = quota {
        xml.text("quota", &[], quota);
    }
    xml.close();
}

fn mail_user(packer: &Packer<'_>, xml: &mut Xml, domain: &OldDomain<'_>, mailbox: &MailboxSpec) {
    let source = format!("cid:{}", identifier(domain, "mail", &mailbox.name));
    let source = (packer.spec.content && has_home(mailbox)).then_some(("src", source.as_str()));
    xml.open("user", source.as_slice());
    let quota = mailbox.quota.map(kib);
    login(xml, &mailbox.name, mailbox.password.as_ref(), quota.as_deref());
    xml.open("services", &[]);
    xml.text("postbox", &[], if mailbox.mailbox && mailbox.enabled { "true" } else { "false" });
    if !mailbox.forwards.is_empty() {
        let off = (!mailbox.forwarding_enabled).then_some(("enabled", "false"));
        xml.open("forwarding", off.as_slice());
        for address in &mailbox.forwards {
            xml.text("email", &[], address);
        }
        xml.close();
    }
    xml.close();
    for alias in &mailbox.aliases {
        xml.text("alias", &[], alias);
    }
    for answer in &mailbox.autoresponders {
        write_autoresponder(xml, answer);
    }
    if let Some(spam) = &mailbox.spam {
        super::plesk8::spam_filter(xml, spam);
    }
    if let Some(extra) = &mailbox.extra_xml {
        xml.verbatim(extra);
    }
    xml.close();
}
