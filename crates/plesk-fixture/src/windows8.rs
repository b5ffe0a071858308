//! A backup of Plesk 8 for Windows: one zip with `info.xml`, web files and mailboxes as they are.
//!
//! What is known of the form comes from a program that reads it; whether `info.xml` has attributes
//! or children is not, so that some are written as the one and some as the other. The rest of what
//! such a backup holds is left out.

use std::io;

use anyhow::{Context, Result};

use crate::layout::{Domain, Layout, Mail, Subscription, stamp_to_epoch};
use crate::mail_enable;
use crate::sink::Sink;
use crate::spec::{Hosting, MailboxSpec, MemoryFile, MemoryKind, PasswordSpec, Spec};
use crate::xml::Xml;

/// Packs the whole tree.
pub(crate) fn pack(spec: &Spec, sink: &mut dyn Sink) -> Result<()> {
    let layout = Layout::new(spec)?;
    let mut xml = Xml::new();
    xml.open("dump", &[("version", &spec.plesk_version)]);
    xml.open("clients", &[]);
    for subscription in &layout.subscriptions {
        let login = subscription.spec.owner.as_str();
        xml.open("client", &[("login", login)]);
        for place in places(subscription) {
            domain(&mut xml, &place);
            contents(spec, &place, sink).with_context(|| format!("domain {}", place.name))?;
        }
        xml.close();
    }
    xml.close();
    xml.close();
    let text = xml.finish();
    sink.file("info.xml", &mut |out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// What the form cannot hold, or is not known to.
pub(crate) fn lost(spec: &Spec) -> Vec<String> {
    let mut lost = Vec::new();
    let mut of = |domain: &str, mailboxes: &[MailboxSpec], has: [(bool, &str); 4]| {
        for (_, what) in has.iter().filter(|(is_there, _)| *is_there) {
            lost.push(format!("{domain}: {what}"));
        }
        for mailbox in mailboxes {
            let name = &mailbox.name;
            for (is_there, what) in [
                (!mailbox.aliases.is_empty(), "aliases"),
                (!mailbox.autoresponders.is_empty(), "automatic answers"),
                (mailbox.address_book.is_some(), "the address book"),
                (mailbox.spam.is_some(), "all but the being of the spam filter"),
                (
                    mailbox.quota.is_some_and(|quota| quota > 0 && quota % 1024 != 0),
                    "the quota in bytes",
                ),
            ] {
                if is_there {
                    lost.push(format!("{domain}: {what} of {name}"));
                }
            }
        }
    };
    for it in &spec.subscriptions {
        let has = [
            (!it.aliases.is_empty(), "other names of the domain"),
            (it.catch_all.is_some(), "the address for all others"),
            (it.dkim.is_some(), "DKIM"),
            (!it.mailing_lists.is_empty(), "mailing lists"),
        ];
        of(&it.name, &it.mailboxes, has);
        for site in &it.sites {
            let has = [
                (!site.aliases.is_empty(), "other names of the domain"),
                (site.catch_all.is_some(), "the address for all others"),
                (site.dkim.is_some(), "DKIM"),
                (!site.mailing_lists.is_empty(), "mailing lists"),
            ];
            of(&site.name, &site.mailboxes, has);
        }
    }
    for it in &spec.subscriptions {
        for site in &it.sites {
            lost.push(format!(
                "{}: as a site of {}; it is a domain of its own",
                site.name, it.name
            ));
        }
    }
    lost
}

/// A domain: what later versions have as sites are domains like the others.
struct Place<'a> {
    name: &'a str,
    domain: &'a Domain<'a>,
    hosting: &'a Hosting,
    disabled_by: &'a [String],
    /// Login and password.
    system_user: (&'a str, Option<&'a PasswordSpec>),
}

fn places<'a>(subscription: &'a Subscription<'a>) -> Vec<Place<'a>> {
    let spec = subscription.spec;
    let system_user = (spec.system_user.as_str(), spec.system_password.as_ref());
    let main = Place {
        name: &spec.name,
        domain: &subscription.domain,
        hosting: &spec.hosting,
        disabled_by: &spec.disabled_by,
        system_user,
    };
    let sites = subscription.sites.iter().map(|site| Place {
        name: &site.spec.name,
        domain: &site.domain,
        hosting: &site.spec.hosting,
        disabled_by: &site.spec.disabled_by,
        system_user,
    });
    std::iter::once(main).chain(sites).collect()
}

fn domain(xml: &mut Xml, place: &Place<'_>) {
    let id = place.domain.id.to_string();
    let name = &place.domain.ascii_name;
    let status = if place.disabled_by.is_empty() { "0" } else { "16" };
    xml.open("domain", &[("id", &id), ("name", name), ("status", status)]);
    if *place.hosting == Hosting::Physical {
        let (login, password) = place.system_user;
        xml.open("hosting", &[]);
        xml.open("sys_user", &[]);
        xml.text("login", &[], login);
        account(xml, password);
        xml.close();
        xml.close();
    }
    xml.empty("dns_zone", &[("name", name)]);
    if let Some(mail) = &place.domain.mail {
        for (id, mailbox) in (place.domain.first_mailbox..).zip(mail.mailboxes) {
            mail_user(xml, id, name, mailbox);
        }
    }
    xml.close();
}

fn mail_user(xml: &mut Xml, id: u64, domain: &str, mailbox: &MailboxSpec) {
    let id = id.to_string();
    xml.open("mail", &[("id", &id), ("mail_name", &mailbox.name)]);
    let is_group = !mailbox.mailbox && mailbox.forwarding_enabled;
    xml.text("mail_group", &[], if is_group { "true" } else { "false" });
    xml.text("postbox", &[], if mailbox.mailbox && mailbox.enabled { "true" } else { "false" });
    // In KiB, where later versions have bytes.
    let quota = mailbox.quota.map(|bytes| if bytes < 0 { -1 } else { (bytes + 1023) / 1024 });
    if let Some(quota) = quota {
        xml.text("mbox_quota", &[], &quota.to_string());
    }
    account(xml, mailbox.password.as_ref());
    let redirect = if mailbox.forwarding_enabled { "true" } else { "false" };
    xml.text("redirect", &[], redirect);
    for (number, target) in (1_u64..).zip(&mailbox.forwards) {
        xml.empty("mail_redir", &[("id", &number.to_string()), ("address", target)]);
    }
    if mailbox.spam.is_some() {
        xml.empty("sa_conf", &[("enabled", "true")]);
    }
    if mailbox.mail().is_some() {
        xml.empty("dump", &[("arcname", &directory(domain, mailbox).replace('/', "\\"))]);
    }
    xml.close();
}

fn account(xml: &mut Xml, password: Option<&PasswordSpec>) {
    if let Some(password) = password {
        xml.empty("account", &[("type", &password.kind), ("password", &password.text)]);
    }
}

fn directory(domain: &str, mailbox: &MailboxSpec) -> String {
    format!("{domain}/mail/{}", mailbox.name.to_lowercase())
}

fn contents(spec: &Spec, place: &Place<'_>, sink: &mut dyn Sink) -> Result<()> {
    let name = &place.domain.ascii_name;
    if *place.hosting == Hosting::Physical {
        let page = format!("<h1>{}</h1>\r\n", place.name);
        let path = format!("{name}/httpdocs/index.html");
        sink.file(&path, &mut |out| out.write_all(page.as_bytes()))?;
    }
    let Some(Mail { mailboxes, .. }) = &place.domain.mail else { return Ok(()) };
    let mtime = stamp_to_epoch(&spec.stamp)?;
    for mailbox in *mailboxes {
        let Some(source) = mailbox.mail() else { continue };
        for file in mail_enable::mailbox(&source)? {
            let MemoryFile { path, kind: MemoryKind::File(content), .. } = &file else { continue };
            let path = std::str::from_utf8(path).map_err(io::Error::other)?;
            // The program that reads such backups finds messages in the directory itself.
            let path = path.strip_prefix("Inbox/").unwrap_or(path);
            let path = format!("{}/{path}", directory(name, mailbox));
            let time = if file.mtime == 0 { mtime } else { file.mtime };
            sink.file_of(&path, time, &mut |out| out.write_all(content))?;
        }
    }
    Ok(())
}
