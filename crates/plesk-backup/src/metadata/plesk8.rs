//! What Plesk 8 wrote otherwise than its successors: accounts directly in `mailsystem`, references
//! as attributes `cid`, quotas in KiB.
//!
//! Facts are those that readers of such dumps go by; attributes and child elements of one name are
//! taken for the same.

use std::io::Read;

use super::Problem;
use super::psadump::{Old, cid};
use super::subscription::is_false;
use super::xml::Element;

/// Brings a subscription into the shape of today. `major` is the version of Plesk.
pub(super) fn modernise(element: &mut Element, old: &mut Old<'_>, major: Option<u32>) {
    for (name, place) in [
        ("ip", "properties"),
        ("limit", "limits-and-permissions"),
        ("domain-limit", "limits-and-permissions"),
        ("database", "databases"),
    ] {
        let moved = element.take_all(name);
        if !moved.is_empty() {
            element.child_mut(place).children.extend(moved);
        }
    }
    account_password(element);
    subdomains(element, &old.domain);
    if major.is_none_or(|major| major < 9) {
        quotas_in_bytes(element, old, major);
    }
    for mailuser in mailusers(element) {
        forwards(mailuser);
        mailboxes(mailuser, old);
    }
    let mut elsewhere = Vec::new();
    references(element, Place::Hosting, old, &mut elsewhere);
    if !elsewhere.is_empty() {
        element.child_mut("content").children.extend(elsewhere);
    }
}

/// The account's password is that of the web space, else that of the domain's administrator.
fn account_password(element: &mut Element) {
    let password = element.at(&["domainuser", "password"]).cloned();
    let hosting = element.children.iter_mut().find(|child| child.name == "phosting");
    let user = hosting
        .and_then(|hosting| hosting.children.iter_mut().find(|child| child.name == "sysuser"));
    if let (Some(user), Some(password)) = (user, password)
        && user.child("password").is_none()
    {
        user.children.push(password);
    }
}

/// A subdomain was named by its label, and lay beside the files of its domain.
fn subdomains(element: &mut Element, domain: &str) {
    let Some(hosting) = element.children.iter_mut().find(|child| child.name == "phosting") else {
        return;
    };
    let mut subdomains = hosting.take_all("subdomain");
    for list in hosting.take_all("subdomains") {
        subdomains.extend(list.children.into_iter().filter(|child| child.name == "subdomain"));
    }
    for mut subdomain in subdomains {
        let label = subdomain.take_value("name").unwrap_or_default();
        let label = label.trim();
        let mut site = Element { complete: subdomain.complete, ..Element::new("site") };
        if !label.is_empty() {
            let suffix = format!(".{domain}");
            let name = if label.ends_with(&suffix) {
                label.to_owned()
            } else {
                label.to_owned() + &suffix
            };
            site.set("name", &name);
        }
        site.set("parent-domain-name", domain);
        subdomain.rename("phosting");
        site.children.push(subdomain);
        hosting.child_mut("sites").children.push(site);
    }
}

/// Quotas of mailboxes, and their default, were numbers of KiB.
fn quotas_in_bytes(element: &mut Element, old: &mut Old<'_>, major: Option<u32>) {
    let mut has_quotas = false;
    let mut convert = |text: &str| {
        let number = text.trim().parse::<i128>().ok().filter(|number| *number > 0)?;
        has_quotas = true;
        number.checked_mul(1024).map(|bytes| bytes.to_string())
    };
    for mailuser in mailusers(element) {
        if let Some(bytes) = mailuser.value("mailbox-quota").and_then(&mut convert) {
            mailuser.take_value("mailbox-quota");
            mailuser.set("mailbox-quota", &bytes);
        }
    }
    let limits = element.children.iter_mut().find(|child| child.name == "limits-and-permissions");
    for limit in limits.into_iter().flat_map(|limits| &mut limits.children) {
        if limit.attribute("name") == Some("mbox_quota")
            && let Some(bytes) = limit.trimmed().and_then(&mut convert)
        {
            limit.text = bytes;
        }
    }
    let why = match major {
        Some(8) => return,
        Some(major) => format!("it is not established in which unit Plesk {major} wrote them"),
        None => "the dump does not tell of which version of Plesk it is".to_owned(),
    };
    if has_quotas {
        let (domain, file) = (old.domain.clone(), old.file.to_owned());
        old.problems.push(Problem::AssumedUnit { domain, file, why });
    }
}

/// The accounts, directly in `mailsystem` or in the list of today.
fn mailusers(element: &mut Element) -> impl Iterator<Item = &mut Element> {
    let systems = element.children.iter_mut().filter(|child| child.name == "mailsystem");
    let children = systems.flat_map(|system| &mut system.children);
    let accounts = children.flat_map(|child| match child.name.as_str() {
        "mailusers" => child.children.iter_mut(),
        _ => std::slice::from_mut(child).iter_mut(),
    });
    accounts.filter(|child| child.name == "mailuser")
}

/// A redirection and a mail group had a switch each. Where one is on and the other off, only what
/// is on forwards: today's metadata have one switch for both.
fn forwards(mailuser: &mut Element) {
    const KINDS: [(&str, &[&str]); 2] = [
        ("redirect", &["redirect-enabled"]),
        ("mailgroup-member", &["mailgroup-enabled", "mailgroup"]),
    ];
    let mut off = Vec::new();
    let mut on = Vec::new();
    for (name, switches) in KINDS {
        let says_off = |text: Option<&str>| text.is_some_and(is_false);
        let own = mailuser.attribute(name).map(str::to_owned);
        let is_off = says_off(own.as_deref())
            || switches.iter().any(|switch| says_off(mailuser.value(switch)));
        let as_attribute = own.filter(|text| text.contains('@'));
        let as_attribute = as_attribute.map(|text| Element::of_text(name, &text));
        for target in mailuser.take_all(name).into_iter().chain(as_attribute) {
            let own = ["enabled", "status", "state"].map(|key| target.attribute(key));
            if is_off || own.into_iter().any(says_off) {
                off.push(target);
            } else {
                on.push(target);
            }
        }
        mailuser.attributes.retain(|(key, _)| key != name && !switches.contains(&key.as_str()));
    }
    if on.is_empty() {
        mailuser.set("redirect-enabled", "false");
        mailuser.set("mailgroup-enabled", "false");
        on = off;
    } else {
        for target in off {
            let text = target.trimmed().unwrap_or_default();
            mailuser.children.push(Element::of_text("inactive-forwarding", text));
        }
    }
    mailuser.children.extend(on);
}

/// A mailbox is the tar of a maildir, whose root is that of the archive; or an mbox.
fn mailboxes(mailuser: &mut Element, old: &Old<'_>) {
    let mut own = mailuser.take_value("cid");
    for mailbox in mailuser.children.iter_mut().filter(|child| child.name == "mailbox") {
        for (switch, value) in [("enabled", "true"), ("disabled", "false")] {
            if let [element, ..] = mailbox.take_all(switch).as_slice() {
                let text = element.trimmed().filter(|_| switch == "enabled").unwrap_or(value);
                mailbox.set("enabled", text);
            }
        }
        let Some(reference) = mailbox.take_value("cid").or_else(|| own.take()) else { continue };
        let mut cid = cid(old.tree, "mailbox", &reference);
        let kind = mailbox.take_value("type").unwrap_or_else(|| {
            if begins_as_mbox(old, &cid) { "mbox".to_owned() } else { "mdir".to_owned() }
        });
        if kind == "mdir" {
            cid.set("offset", "");
        }
        mailbox.set("type", &kind);
        mailbox.child_mut("content").children.push(cid);
    }
}

fn begins_as_mbox(old: &Old<'_>, cid: &Element) -> bool {
    let name = cid.value("content-file").unwrap_or_default();
    let reader = old.tree.find(name).and_then(|id| old.tree.open(id).ok());
    let mut head = [0; 5];
    // What cannot be read is told by whoever opens the mailbox.
    reader.is_some_and(|mut reader| reader.read_exact(&mut head).is_ok() && &head == b"From ")
}

/// Where an element stands, as far as it matters for what is found of its references.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// References are found at any depth.
    Hosting,
    MailSystem,
    MailUsers,
    MailUser,
    /// A setting of a mail account: its own references are found.
    Setting,
    /// Nothing is found any more.
    Beyond,
}

/// Turns attributes and elements that refer to parts into `content/cid`. What stands where today's
/// metadata have none is named with the content of the domain.
fn references(element: &mut Element, place: Place, old: &Old<'_>, elsewhere: &mut Vec<Element>) {
    let mut found = Vec::new();
    let name = element.name.clone();
    let mut refer = |key: &str, reference: &str| {
        found.push(cid(old.tree, &kind_of(&name, key), reference));
    };
    element.attributes.retain(|(key, value)| {
        let is_reference = is_reference(key, value);
        if is_reference {
            refer(key, value);
        }
        !is_reference
    });
    element.children.retain(|child| {
        let text = child.trimmed().filter(|_| child.children.is_empty());
        let reference = text.filter(|text| is_reference(&child.name, text));
        if let Some(text) = reference {
            refer(&child.name, text);
        }
        reference.is_none()
    });
    if matches!(place, Place::Beyond | Place::MailUser | Place::MailUsers) {
        elsewhere.append(&mut found);
    } else if !found.is_empty() {
        element.child_mut("content").children.append(&mut found);
    }
    for child in &mut element.children {
        let place = match (place, child.name.as_str()) {
            (_, "content") => continue,
            (Place::Hosting, "mailsystem") => Place::MailSystem,
            (Place::Hosting, _) | (Place::MailSystem, "preferences") => Place::Hosting,
            (Place::MailSystem, "mailusers") => Place::MailUsers,
            (Place::MailSystem | Place::MailUsers, "mailuser") => Place::MailUser,
            (Place::MailUser, _) => Place::Setting,
            _ => Place::Beyond,
        };
        references(child, place, old, elsewhere);
    }
}

/// `cid="..."`, `cid_conf="..."`, and anything that is `cid:...`.
fn is_reference(key: &str, value: &str) -> bool {
    let value = value.trim();
    let is_name = key == "cid" || key.starts_with("cid_") || key.starts_with("cid-");
    (is_name && !value.is_empty()) || value.starts_with("cid:")
}

/// The type of content as today's metadata call it.
fn kind_of(element: &str, key: &str) -> String {
    if let Some(kind) = key.strip_prefix("cid_").or_else(|| key.strip_prefix("cid-")) {
        return kind.to_owned();
    }
    match element {
        "database" => "sqldump",
        // Plesk spells it so.
        "spamassassin" => "spam-assasin",
        "autoresponders" | "autoresponder" | "attach" => "attaches",
        "maillists" | "maillist" => "domainmaillist",
        "domain-keys" => "key",
        "mailsystem" => "domainmail",
        other => other,
    }
    .to_owned()
}
