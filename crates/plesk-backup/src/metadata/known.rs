//! Which elements and attributes are known, so that the others can be counted.

use std::collections::BTreeMap;

use super::xml::Element;

/// Known children by parent. What is below a parent that is not listed here is not looked at.
const KNOWN: [(&str, &[&str]); 29] = [
    (
        "domain",
        &[
            "preferences",
            "properties",
            "limits-and-permissions",
            "mailsystem",
            "databases",
            "maillists",
            "traffic",
            "certificates",
            "phosting",
            "shosting",
            "fhosting",
            "composer-instances",
            "extensions",
            "domain-alias",
            "dns-zone",
            "status",
            "certificate",
            "domainuser",
            "content",
            "subdomains",
            "cr-date",
        ],
    ),
    (
        "site",
        &[
            "preferences",
            "properties",
            "mailsystem",
            "databases",
            "maillists",
            "traffic",
            "certificates",
            "phosting",
            "shosting",
            "fhosting",
            "composer-instances",
            "extensions",
            "domain-alias",
            "limits-and-permissions",
            "content",
        ],
    ),
    (
        "limits-and-permissions",
        &["limit", "permission", "domain-limit", "domain-permission", "scripting"],
    ),
    (
        "mailsystem",
        &["properties", "content", "mailusers", "preferences", "mailuser", "status", "catch-all"],
    ),
    ("mailusers", &["mailuser"]),
    (
        "mailuser",
        &[
            "properties",
            "preferences",
            "limits-and-permissions",
            "password",
            "mailbox",
            "alias",
            "redirect",
            "mailgroup-member",
            "forwarding",
            "autoresponders",
            "spamassassin",
            "virusfilter",
            "addressbook",
            // Old versions have as children what others have as attributes.
            "mailbox-quota",
            "forwarding-enabled",
            "redirect-enabled",
            "mailgroup-enabled",
            "inactive-forwarding",
        ],
    ),
    ("autoresponders", &["content", "attach", "autoresponder", "status"]),
    (
        "autoresponder",
        &[
            "text",
            "autoresponder-limit",
            "attach",
            "redirect",
            "name",
            "status",
            "subject",
            "content-type",
            "charset",
        ],
    ),
    ("text", &[]),
    ("autoresponder-limit", &[]),
    ("attach", &[]),
    (
        "spamassassin",
        &[
            "content",
            "blacklist-member",
            "whitelist-member",
            "unblacklist-member",
            "unwhitelist-member",
            "status",
            "action",
            "hits",
            "modify-subj",
            "subj-text",
            "server-conf",
        ],
    ),
    ("addressbook", &["addressbook-contact", "addressbook-group"]),
    ("addressbook-contact", &CONTACT),
    ("addressbook-group", &["addressbook-member", "id", "name"]),
    ("addressbook-member", &[]),
    ("domain-keys", &["content", "state", "public-key"]),
    ("maillist", &["name", "status", "owner", "password", "recipient", "content"]),
    ("owner", &[]),
    ("recipient", &[]),
    ("mailbox", &["content"]),
    ("cid", &["content-file"]),
    ("content", &["cid"]),
    ("sites", &["site"]),
    ("databases", &["database", "dbusers"]),
    ("maillists", &["properties", "content", "maillist", "status"]),
    ("virusfilter", &["state"]),
    ("certificates", &["certificate"]),
    (
        "phosting",
        &[
            "properties",
            "preferences",
            "limits-and-permissions",
            "php-settings",
            "web-settings",
            "content",
            "ftpusers",
            "webusers",
            "subdomains",
            "sites",
            "applications",
            "sysuser",
            "pdir",
            "logrotation",
            "sapp-installed",
            "extensions",
            "scripting",
        ],
    ),
];

/// Fields of a contact.
const CONTACT: [&str; 14] = [
    "id",
    "name",
    "first-name",
    "email",
    "alias",
    "company",
    "title",
    "home-phone",
    "work-phone",
    "mobile-phone",
    "fax",
    "home-address",
    "work-address",
    "notes",
];

/// Known attributes, of elements that are read as mail settings. Those of others are not looked at.
const KNOWN_ATTRIBUTES: [(&str, &[&str]); 19] = [
    ("autoresponders", &["status"]),
    ("autoresponder", &["name", "id", "status", "subject", "redirect", "content-type", "charset"]),
    ("text", &["charset"]),
    ("autoresponder-limit", &["name"]),
    ("attach", &["file"]),
    ("spamassassin", &["status", "action", "hits", "modify-subj", "subj-text", "server-conf"]),
    ("blacklist-member", &[]),
    ("whitelist-member", &[]),
    ("unblacklist-member", &[]),
    ("unwhitelist-member", &[]),
    ("addressbook", &[]),
    ("addressbook-contact", &CONTACT),
    ("addressbook-group", &["id", "name"]),
    ("addressbook-member", &["id"]),
    ("domain-keys", &["state", "public-key"]),
    ("maillists", &[]),
    ("maillist", &["name", "id", "guid", "owner-guid"]),
    ("owner", &[]),
    ("recipient", &["fullname"]),
];

/// Known children of `preferences` and `properties`, by the element that these belong to.
const KNOWN_BELOW: [(&str, &str, &[&str]); 9] = [
    (
        "domain",
        "preferences",
        &[
            "subscription",
            "domain-alias",
            "default-domain",
            "descriptions",
            "custom-button",
            "aps-bundle",
            "outgoing-messages",
            "default-db-servers",
        ],
    ),
    (
        "site",
        "preferences",
        &["domain-alias", "default-domain", "descriptions", "aps-bundle", "outgoing-messages"],
    ),
    ("domain", "properties", &["ip", "webspace-status", "status", "dns-zone", "dom-param"]),
    ("site", "properties", &["ip", "webspace-status", "status", "dns-zone", "dom-param"]),
    ("mailsystem", "properties", &["status", "ip"]),
    (
        "mailsystem",
        "preferences",
        &["catch-all", "domain-keys", "web-mail", "grey-listing", "outgoing-messages"],
    ),
    ("mailuser", "properties", &["password"]),
    (
        "mailuser",
        "preferences",
        &[
            "mailbox",
            "alias",
            "forwarding",
            "redirect",
            "mailgroup-member",
            "autoresponders",
            "addressbook",
            "spamassassin",
            "virusfilter",
            "descriptions",
            "outgoing-messages",
        ],
    ),
    (
        "phosting",
        "preferences",
        &[
            "sysuser",
            "pdir",
            "logrotation",
            "anonftp",
            "webalizer",
            "web-stat",
            "perfomance",
            "performance",
        ],
    ),
];

/// Adds the unknown elements and attributes below `element` to `counts`, by path.
pub(super) fn count_unknown(element: &Element, counts: &mut BTreeMap<String, u64>) {
    if element.name == super::windows8::DOMAIN {
        super::windows8::count_unknown(element, counts);
        return;
    }
    visit(element, "", &element.name, counts);
}

fn visit(element: &Element, owner: &str, path: &str, counts: &mut BTreeMap<String, u64>) {
    if let Some((_, known)) = KNOWN_ATTRIBUTES.iter().find(|(name, _)| *name == element.name) {
        for (name, _) in &element.attributes {
            if !known.contains(&name.as_str()) {
                *counts.entry(format!("{path}/@{name}")).or_default() += 1;
            }
        }
    }
    // Limits tell by their name what they are.
    if element.name == "autoresponder-limit"
        && let Some(name) = element.attribute("name")
        && !matches!(name, "ans-freq" | "end-date")
    {
        *counts.entry(format!("{path}[@name='{name}']")).or_default() += 1;
    }
    let known = KNOWN_BELOW
        .iter()
        .find(|(above, name, _)| *above == owner && *name == element.name)
        .map(|(_, _, children)| *children)
        .or_else(|| {
            KNOWN.iter().find(|(name, _)| *name == element.name).map(|(_, children)| *children)
        });
    let Some(known) = known else { return };
    for child in &element.children {
        let path = format!("{path}/{}", child.name);
        if known.contains(&child.name.as_str()) {
            visit(child, &element.name, &path, counts);
        } else {
            *counts.entry(path).or_default() += 1;
        }
    }
}
