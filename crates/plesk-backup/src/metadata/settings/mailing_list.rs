//! The element `maillists`: lists of Mailman.

use std::collections::BTreeMap;

use super::Reading;
use crate::metadata::mail::{password_of, setting};
use crate::metadata::settings::text::Shape;
use crate::metadata::subscription::status_of;
use crate::metadata::xml::Element;
use crate::metadata::{ContentRef, MailSystem, Setting, Status};
use crate::password::PasswordKind;

/// A mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingList {
    /// Local part of its address, as written.
    pub name: String,
    /// State of the list.
    pub status: Status,
    /// Addresses of those who administer it.
    pub owners: Vec<String>,
    /// Its members, in the order of the file.
    pub recipients: Vec<Recipient>,
    /// How the list's password is kept; absent when the XML has none. The text is not handed out:
    /// it is Mailman's own hash, which opens nothing elsewhere.
    pub password: Option<PasswordKind>,
    /// Everything else that the list has, verbatim and without secrets.
    pub settings: Vec<Setting>,
    /// Archives that belong to this list alone. Usually there is one for all lists of a domain:
    /// [`MailSystem::mailing_list_content`].
    pub content: Vec<ContentRef>,
}

/// A member of a mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Mail address, verbatim.
    pub address: String,
    /// Full name on one line, where there is one.
    pub full_name: Option<String>,
}

/// Attributes of a list that are its identity, not settings.
const IDENTITY: [&str; 4] = ["name", "id", "guid", "owner-guid"];
/// Children that have fields of their own.
const INTERPRETED: [&str; 5] = ["status", "owner", "recipient", "password", "content"];

impl Reading<'_, '_> {
    /// Adds the lists of a `domain` or `site` to its mail.
    pub(in crate::metadata) fn mailing_lists(&mut self, parent: &Element, mail: &mut MailSystem) {
        let mut names = BTreeMap::<String, u64>::new();
        for element in parent.all("maillists") {
            let status = element.at(&["properties", "status"]).or(element.child("status"));
            mail.mailing_list_status = status_of(status);
            let content =
                self.resolver.contents(element, self.metadata, self.domain, self.problems);
            mail.mailing_list_content.extend(content);
            for list in element.all("maillist") {
                if let Some(list) = self.mailing_list(list) {
                    *names.entry(list.name.to_lowercase()).or_default() += 1;
                    mail.mailing_lists.push(list);
                }
            }
        }
        for (name, count) in names.into_iter().filter(|(_, count)| *count > 1) {
            let detail = format!("the list `{name}` stands {count} times");
            self.not_understood_of("maillist", self.domain, detail);
        }
    }

    fn mailing_list(&mut self, element: &Element) -> Option<MailingList> {
        let tag = element.name.as_str();
        let name = element.value("name").map(str::trim).unwrap_or_default();
        let name = name.split_once('@').map_or(name, |(local, _)| local);
        if name.is_empty() {
            let detail = "it has no name; the list was left out".to_owned();
            self.not_understood_of(tag, self.domain, detail);
            return None;
        }
        let object = format!("{name}@{}", self.domain);
        let mut recipients = Vec::new();
        let mut empty = 0_u64;
        for recipient in element.all("recipient").filter(|recipient| recipient.complete) {
            let Some(address) = recipient.trimmed() else {
                empty += 1;
                continue;
            };
            let full_name = recipient.attribute("fullname").map(str::trim);
            recipients.push(Recipient {
                address: address.to_owned(),
                full_name: full_name
                    .filter(|name| !name.is_empty())
                    .map(|name| self.tidy(name, Shape::Line, "recipient", "fullname", &object)),
            });
        }
        self.report_empty("recipient", &object, empty);
        let owners = self.members(element, "owner", &object);
        if !element.complete {
            let detail = format!(
                "it is cut off; {} owners and {} recipients were read",
                owners.len(),
                recipients.len()
            );
            self.not_understood_of(tag, &object, detail);
        }
        let attributes = element.attributes.iter();
        let attributes = attributes.filter(|(name, _)| !IDENTITY.contains(&name.as_str()));
        let children = element.children.iter();
        let children = children.filter(|child| !INTERPRETED.contains(&child.name.as_str()));
        let settings = attributes
            .map(|(name, value)| Setting { name: name.clone(), value: value.clone() })
            .chain(children.map(setting))
            .collect();
        Some(MailingList {
            name: name.to_owned(),
            status: status_of(element.child("status")),
            owners,
            recipients,
            password: element.child("password").map(|password| password_of(password).kind()),
            settings,
            content: self.resolver.contents(element, self.metadata, &object, self.problems),
        })
    }
}
