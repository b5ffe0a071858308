//! The element `addressbook`, where Plesk's own webmail of old kept its contacts.

use super::Reading;
use crate::metadata::xml::Element;

/// Contacts of a mail account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressBook {
    /// In the order of the file.
    pub contacts: Vec<Contact>,
    /// In the order of the file.
    pub groups: Vec<ContactGroup>,
}

/// One contact. Texts are decoded; those that are absent or empty in the XML are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Number that groups refer to, verbatim.
    pub id: Option<String>,
    /// Name as displayed, or the last name: the panel has but these two.
    pub name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Short name.
    pub alias: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Position.
    pub title: Option<String>,
    /// Telephone at home.
    pub home_phone: Option<String>,
    /// Telephone at work.
    pub work_phone: Option<String>,
    /// Mobile telephone.
    pub mobile_phone: Option<String>,
    /// Fax.
    pub fax: Option<String>,
    /// Postal address at home; may have several lines.
    pub home_address: Option<String>,
    /// Postal address at work; may have several lines.
    pub work_address: Option<String>,
    /// Notes; may have several lines.
    pub notes: Option<String>,
    /// Attributes and children of other names, decoded likewise.
    pub other: Vec<(String, String)>,
}

/// A group of contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactGroup {
    /// Its number, verbatim.
    pub id: Option<String>,
    /// Its name, decoded.
    pub name: Option<String>,
    /// Numbers of its contacts, verbatim; they may name contacts that are not there.
    pub members: Vec<String>,
}

impl Contact {
    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "name" => &mut self.name,
            "first-name" => &mut self.first_name,
            "email" => &mut self.email,
            "alias" => &mut self.alias,
            "company" => &mut self.company,
            "title" => &mut self.title,
            "home-phone" => &mut self.home_phone,
            "work-phone" => &mut self.work_phone,
            "mobile-phone" => &mut self.mobile_phone,
            "fax" => &mut self.fax,
            "home-address" => &mut self.home_address,
            "work-address" => &mut self.work_address,
            "notes" => &mut self.notes,
            _ => return None,
        })
    }
}

impl Reading<'_, '_> {
    pub(in crate::metadata) fn address_book(
        &mut self,
        places: &[&Element],
        object: &str,
    ) -> Option<AddressBook> {
        let mut found = None;
        for element in places.iter().flat_map(|place| place.all("addressbook")) {
            let book = found.get_or_insert_with(AddressBook::default);
            for contact in element.all("addressbook-contact") {
                book.contacts.push(self.contact(contact, object));
            }
            for group in element.all("addressbook-group") {
                book.groups.push(self.group(group, object));
            }
        }
        found
    }

    fn contact(&mut self, element: &Element, object: &str) -> Contact {
        let mut contact = Contact::default();
        for (name, value) in fields(element) {
            if value.trim().is_empty() {
                continue;
            }
            if name == "id" {
                contact.id = Some(value.trim().to_owned());
                continue;
            }
            let is_long = matches!(name, "home-address" | "work-address" | "notes");
            let known = contact.field(name);
            let value = if is_long || known.is_none() {
                self.lines(value, &element.name, name, object)
            } else {
                self.line(value, None, &element.name, name, object)
            };
            match known {
                Some(field @ None) => *field = Some(value),
                // The same name as attribute and as child.
                Some(Some(_)) | None => contact.other.push((name.to_owned(), value)),
            }
        }
        contact
    }

    fn group(&mut self, element: &Element, object: &str) -> ContactGroup {
        let mut group = ContactGroup {
            id: element.value("id").map(|id| id.trim().to_owned()),
            name: element
                .value("name")
                .filter(|name| !name.trim().is_empty())
                .map(|name| self.line(name, None, &element.name, "name", object)),
            members: Vec::new(),
        };
        let mut empty = 0_u64;
        for member in element.all("addressbook-member") {
            let id = member.attribute("id").or_else(|| member.trimmed()).map(str::trim);
            match id.filter(|id| !id.is_empty()) {
                Some(id) => group.members.push(id.to_owned()),
                None => empty += 1,
            }
        }
        self.report_empty("addressbook-member", object, empty);
        group
    }
}

/// Attributes, and children that hold text: old versions differ in this.
fn fields(element: &Element) -> impl Iterator<Item = (&str, &str)> {
    let attributes = element.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let children = element.children.iter();
    attributes.chain(children.map(|child| (child.name.as_str(), child.text.as_str())))
}
