//! Address books of Plesk's old webmail as vCards (RFC 2426), which every client reads.

use std::collections::BTreeMap;

use plesk_backup::{AddressBook, Contact};

/// One file with all contacts; groups become categories.
pub(crate) fn vcards(book: &AddressBook) -> Vec<u8> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for group in &book.groups {
        for member in &group.members {
            groups.entry(member).or_default().push(group.name.as_deref().unwrap_or("group"));
        }
    }
    let mut text = String::new();
    for contact in &book.contacts {
        let groups = contact.id.as_deref().and_then(|id| groups.get(id));
        card(&mut text, contact, groups.map_or(&[][..], Vec::as_slice));
    }
    text.into_bytes()
}

fn card(text: &mut String, contact: &Contact, groups: &[&str]) {
    let field = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    let given = field(&contact.first_name);
    let family = field(&contact.name);
    let full: Vec<String> = given.iter().chain(&family).cloned().collect();
    let shown = if full.is_empty() {
        field(&contact.alias)
            .or_else(|| field(&contact.email))
            .unwrap_or_else(|| "unnamed".to_owned())
    } else {
        full.join(" ")
    };
    let mut put = |name: &str, value: &str| {
        fold(text, &format!("{name}:{value}"));
    };
    put("BEGIN", "VCARD");
    put("VERSION", "3.0");
    put("FN", &escape(&shown));
    put(
        "N",
        &format!(
            "{};{};;;",
            escape(&family.unwrap_or_default()),
            escape(&given.unwrap_or_default())
        ),
    );
    let lines = [
        ("EMAIL;TYPE=INTERNET", &contact.email),
        ("NICKNAME", &contact.alias),
        ("ORG", &contact.company),
        ("TITLE", &contact.title),
        ("TEL;TYPE=HOME", &contact.home_phone),
        ("TEL;TYPE=WORK", &contact.work_phone),
        ("TEL;TYPE=CELL", &contact.mobile_phone),
        ("TEL;TYPE=FAX", &contact.fax),
        ("NOTE", &contact.notes),
    ];
    for (name, value) in lines {
        if let Some(value) = field(value) {
            put(name, &escape(&value));
        }
    }
    for (name, value) in
        [("ADR;TYPE=HOME", &contact.home_address), ("ADR;TYPE=WORK", &contact.work_address)]
    {
        if let Some(value) = field(value) {
            // Plesk keeps an address as one text, so that it is the street.
            put(name, &format!(";;{};;;;", escape(&value)));
        }
    }
    for (name, value) in &contact.other {
        put("NOTE", &escape(&format!("{name}: {value}")));
    }
    if !groups.is_empty() {
        put("CATEGORIES", &groups.iter().map(|group| escape(group)).collect::<Vec<_>>().join(","));
    }
    put("END", "VCARD");
}

fn escape(value: &str) -> String {
    value
        .replace("\r\n", "\n")
        .replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace(['\n', '\r'], "\\n")
}

/// A line of at most 75 bytes, the rest on lines that begin with a space.
fn fold(text: &mut String, line: &str) {
    let mut length = 0;
    for letter in line.chars() {
        if length + letter.len_utf8() > 75 {
            text.push_str("\r\n ");
            length = 1;
        }
        text.push(letter);
        length += letter.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_with_everything() {
        let contact = Contact {
            id: Some("7".into()),
            name: Some("Müller; GmbH".into()),
            first_name: Some("Anna".into()),
            email: Some("anna@example.net".into()),
            notes: Some("first line\nsecond, line".into()),
            home_address: Some("Street 1, Town".into()),
            ..Contact::default()
        };
        let group = plesk_backup::ContactGroup {
            name: Some("Friends".into()),
            members: vec!["7".into()],
            ..plesk_backup::ContactGroup::default()
        };
        let book = AddressBook { contacts: vec![contact], groups: vec![group] };
        assert_eq!(
            String::from_utf8(vcards(&book)).unwrap(),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna Müller\\; GmbH\r\nN:Müller\\; GmbH;Anna;;;\r\n\
             EMAIL;TYPE=INTERNET:anna@example.net\r\nNOTE:first line\\nsecond\\, line\r\n\
             ADR;TYPE=HOME:;;Street 1\\, Town;;;;\r\nCATEGORIES:Friends\r\nEND:VCARD\r\n"
        );
    }

    #[test]
    fn long_lines_are_folded_between_letters() {
        let mut text = String::new();
        fold(&mut text, &format!("NOTE:{}", "ü".repeat(60)));
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= 75));
        assert_eq!(lines[0].matches('ü').count() + lines[1].matches('ü').count(), 60);
    }
}
