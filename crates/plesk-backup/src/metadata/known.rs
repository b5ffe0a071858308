//! Which elements are known, so that the others can be counted.

use std::collections::BTreeMap;

use super::xml::Element;

/// Known children by parent. What is below a parent that is not listed here is not looked at.
const KNOWN: [(&str, &[&str]); 14] = [
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
        ],
    ),
    ("mailbox", &["content"]),
    ("cid", &["content-file"]),
    ("content", &["cid"]),
    ("sites", &["site"]),
    ("databases", &["database", "dbusers"]),
    ("maillists", &["properties", "content", "maillist"]),
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

/// Adds the unknown elements below `element` to `counts`, by path.
pub(super) fn count_unknown(element: &Element, counts: &mut BTreeMap<String, u64>) {
    visit(element, "", &element.name, counts);
}

fn visit(element: &Element, owner: &str, path: &str, counts: &mut BTreeMap<String, u64>) {
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
