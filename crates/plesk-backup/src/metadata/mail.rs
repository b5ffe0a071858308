//! The element `mailsystem`.

use super::resolve::Resolver;
use super::subscription::{is_true, status_of};
use super::xml::Element;
use super::{Forwarding, MailQuota, MailSystem, MailUser, MailboxSettings, Problem, Setting};
use crate::password::Password;

/// Settings of a mail account that are read; their content is resolved where they are.
pub(super) const TYPED: [&str; 3] = ["autoresponders", "spamassassin", "addressbook"];

/// What a mail account's elements need around them.
pub(super) struct Reading<'a, 'tree> {
    pub(super) metadata: &'a str,
    pub(super) domain: &'a str,
    pub(super) resolver: &'a mut Resolver<'tree>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Reading<'_, '_> {
    pub(super) fn mail_system(&mut self, element: &Element) -> MailSystem {
        let content = self.resolver.contents(element, self.metadata, self.domain, self.problems);
        let mut mailusers = Vec::new();
        // Before Plesk 9 the accounts stood directly in `mailsystem`.
        let lists = std::iter::once(element).chain(element.all("mailusers"));
        for mailuser in lists.flat_map(|list| list.all("mailuser")) {
            mailusers.extend(self.mail_user(mailuser));
        }
        self.report_duplicates(&mailusers);
        let preferences = element.child("preferences");
        let catch_all = preferences
            .and_then(|preferences| preferences.value("catch-all"))
            .or_else(|| element.value("catch-all"))
            .map(str::to_owned);
        let settings = preferences.map_or_else(Vec::new, |preferences| {
            preferences
                .children
                .iter()
                .filter(|child| child.name != "catch-all")
                .map(setting)
                .collect()
        });
        let status = status_of(element.at(&["properties", "status"]).or(element.child("status")));
        let domain = self.domain;
        MailSystem {
            status,
            content,
            mailusers,
            catch_all,
            dkim: preferences.and_then(|preferences| self.dkim(preferences)),
            grey_listing: preferences
                .and_then(|preferences| self.switch(preferences, "grey-listing", domain)),
            web_mail: preferences
                .and_then(|preferences| preferences.value("web-mail"))
                .map(str::to_owned),
            settings,
            ..MailSystem::default()
        }
    }

    fn mail_user(&mut self, element: &Element) -> Option<MailUser> {
        let name = element.attribute("name").map(str::trim).unwrap_or_default();
        if !element.complete {
            self.problems.push(Problem::LostMailUser {
                domain: self.domain.to_owned(),
                mailuser: name.to_owned(),
                file: self.metadata.to_owned(),
            });
            return None;
        }
        if name.is_empty() {
            self.not_understood("mailuser", "it has no name; the account was left out".to_owned());
            return None;
        }
        // Some dumps write the whole address.
        let local = name.split_once('@').map_or(name, |(local, _)| local);
        let places: Vec<&Element> =
            std::iter::once(element).chain(element.child("preferences")).collect();
        let texts = |tag: &str| -> Vec<String> {
            let found = places.iter().flat_map(|place| place.all(tag));
            found.filter_map(Element::trimmed).map(str::to_owned).collect()
        };
        let mailbox = self.mailbox(&places, &format!("{local}@{}", self.domain));
        let password =
            element.at(&["properties", "password"]).or(element.child("password")).map(password_of);
        let address = format!("{local}@{}", self.domain);
        Some(MailUser {
            name: name.to_owned(),
            local_part: local.to_lowercase(),
            guid: element.attribute("guid").map(str::to_owned),
            password,
            quota: self.quota(element, name),
            mailbox,
            aliases: texts("alias"),
            forwarding: forwarding(element, &texts),
            autoresponders: self.autoresponders(&places, &address),
            spam: self.spam(&places, &address),
            address_book: self.address_book(&places, &address),
            settings: self.user_settings(&places, local),
        })
    }

    /// The mailbox. Of several all content is its: any of them may hold messages.
    fn mailbox(&mut self, places: &[&Element], owner: &str) -> Option<MailboxSettings> {
        let mut mailbox: Option<MailboxSettings> = None;
        let mut differs = false;
        for found in places.iter().flat_map(|place| place.all("mailbox")) {
            let enabled = found.attribute("enabled").is_none_or(is_true);
            let content = self.resolver.contents(found, self.metadata, owner, self.problems);
            let Some(first) = &mut mailbox else {
                mailbox = Some(MailboxSettings {
                    enabled,
                    kind: found.attribute("type").unwrap_or("mdir").to_owned(),
                    content,
                    earlier: Vec::new(),
                });
                continue;
            };
            differs |= first.enabled != enabled;
            first.enabled |= enabled;
            for content in content {
                // Read twice, each message would be there twice.
                if !first.content.contains(&content) {
                    first.content.push(content);
                }
            }
        }
        if differs {
            let detail = "it is both on and off; it was taken for on".to_owned();
            self.not_understood_of("mailbox", owner, detail);
        }
        mailbox
    }

    fn quota(&mut self, element: &Element, name: &str) -> MailQuota {
        let Some(text) =
            element.value("mailbox-quota").map(str::trim).filter(|text| !text.is_empty())
        else {
            return MailQuota::Default;
        };
        match text.parse::<i128>() {
            Ok(number) if number < 0 => MailQuota::Unlimited,
            Ok(number) if u64::try_from(number).is_ok() => {
                MailQuota::Bytes(u64::try_from(number).unwrap_or(u64::MAX))
            }
            _ => {
                let detail = format!("the quota of `{name}` is `{text}`; the default was taken");
                self.not_understood("mailuser", detail);
                MailQuota::Default
            }
        }
    }

    /// Everything beside the account itself, named so that a report can account for it.
    fn user_settings(&mut self, places: &[&Element], local: &str) -> Vec<Setting> {
        const INTERPRETED: [&str; 10] = [
            "mailbox",
            "alias",
            "forwarding",
            "redirect",
            "mailgroup-member",
            "password",
            "properties",
            "preferences",
            "mailbox-quota",
            "cp-access-default",
        ];
        let mut settings = Vec::new();
        for child in places.iter().flat_map(|place| &place.children) {
            if INTERPRETED.contains(&child.name.as_str()) {
                continue;
            }
            if !TYPED.contains(&child.name.as_str()) {
                // A reference to something that is not there is reported.
                let owner = format!("{local}@{}", self.domain);
                self.resolver.contents(child, self.metadata, &owner, self.problems);
            }
            settings.push(setting(child));
        }
        settings
    }

    fn report_duplicates(&mut self, mailusers: &[MailUser]) {
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for mailuser in mailusers {
            *counts.entry(&mailuser.local_part).or_default() += 1;
        }
        for (mailuser, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
            self.problems.push(Problem::DuplicateMailUser {
                domain: self.domain.to_owned(),
                mailuser: mailuser.to_owned(),
                count,
                file: self.metadata.to_owned(),
            });
        }
    }

    fn not_understood(&mut self, element: &str, detail: String) {
        self.not_understood_of(element, self.domain, detail);
    }
}

/// Forwarding has had three names; the two older ones had switches of their own.
fn forwarding(element: &Element, texts: &dyn Fn(&str) -> Vec<String>) -> Forwarding {
    let is_on = |switch: &str| element.value(switch).map(is_true);
    let mut targets = Vec::new();
    let mut enabled = None;
    for (tag, own) in [
        ("forwarding", "forwarding-enabled"),
        ("redirect", "redirect-enabled"),
        ("mailgroup-member", "mailgroup-enabled"),
    ] {
        let found = texts(tag);
        if !found.is_empty() {
            let on = is_on(own).or_else(|| is_on("forwarding-enabled")).unwrap_or(true);
            enabled = Some(enabled.unwrap_or(false) || on);
            targets.extend(found);
        }
    }
    let enabled = enabled.or_else(|| is_on("forwarding-enabled")).unwrap_or(false);
    Forwarding { enabled, targets }
}

pub(super) fn password_of(element: &Element) -> Password {
    let text = if element.complete { element.text.as_str() } else { "" };
    Password::new(text, element.attribute("type"), element.attribute("encoding"))
}

/// An element as one line: attributes, texts, and the same of its children. Secrets are left out.
pub(super) fn setting(element: &Element) -> Setting {
    let mut parts = Vec::new();
    spell(element, "", &mut parts);
    Setting { name: element.name.clone(), value: parts.join(" ") }
}

fn spell(element: &Element, prefix: &str, parts: &mut Vec<String>) {
    for (key, value) in element.attributes.iter().filter(|(key, _)| key != "password") {
        parts.push(format!("{prefix}{key}={value}"));
    }
    if let Some(text) = element.trimmed() {
        parts.push(if prefix.is_empty() {
            text.to_owned()
        } else {
            format!("{}={text}", prefix.trim_end_matches('.'))
        });
    }
    for child in &element.children {
        if matches!(child.name.as_str(), "password" | "private-key" | "content") {
            continue;
        }
        let before = parts.len();
        spell(child, &format!("{prefix}{}.", child.name), parts);
        if parts.len() == before {
            parts.push(format!("{prefix}{}", child.name));
        }
    }
}
