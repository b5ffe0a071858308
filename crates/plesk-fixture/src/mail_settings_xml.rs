//! Settings of mail accounts, mail domains and mailing lists, as elements.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain_xml::{Cid, Writer, write_addresses, write_password, write_status};
use crate::layout::{Mail, mailbox_directory};
use crate::spec::{
    AddressBookSpec, AutoresponderSpec, DkimSpec, MailLayout, MailboxSpec, NamedFile, SpamSpec,
};
use crate::xml::Xml;

/// Perl's `encode_base64` begins a new line after so many characters.
const BASE64_LINE: usize = 76;

impl Writer<'_> {
    /// Autoresponders, address book and spam filter, in Plesk's order.
    pub(crate) fn account_settings(&self, xml: &mut Xml, id: u64, mailbox: &MailboxSpec) {
        self.autoresponders(xml, id, mailbox);
        if let Some(book) = &mailbox.address_book {
            write_address_book(xml, book);
        }
        if let Some(spam) = &mailbox.spam {
            self.spam(xml, id, mailbox, spam);
        }
    }

    fn autoresponders(&self, xml: &mut Xml, id: u64, mailbox: &MailboxSpec) {
        if mailbox.autoresponders.is_empty() {
            return;
        }
        xml.open("autoresponders", &[]);
        self.files_beside(
            xml,
            mailbox,
            id,
            &mailbox.attachments,
            ["attaches", "attach", "@attachments"],
        );
        for file in &mailbox.attachments {
            xml.empty("attach", &[("file", &file.name)]);
        }
        for answer in &mailbox.autoresponders {
            write_autoresponder(xml, answer);
        }
        xml.close();
    }

    fn spam(&self, xml: &mut Xml, id: u64, mailbox: &MailboxSpec, spam: &SpamSpec) {
        let mut attributes = vec![
            ("status", on_or_off(spam.enabled)),
            ("action", spam.action.as_str()),
            ("hits", &spam.hits),
        ];
        for (key, value) in [
            ("modify-subj", &spam.modify_subject),
            ("subj-text", &spam.subject_text),
            ("server-conf", &spam.server_config),
        ] {
            attributes.extend(value.as_deref().map(|value| (key, value)));
        }
        xml.open("spamassassin", &attributes);
        // Plesk spells the type so.
        self.files_beside(xml, mailbox, id, &spam.files, ["spam-assasin", "sa", ".spamassassin"]);
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

    /// The content that is a directory beside the Maildir: inside the domain's archive, or packed
    /// on its own. `names` are type of the `cid`, kind of the archive, and directory.
    fn files_beside(
        &self,
        xml: &mut Xml,
        mailbox: &MailboxSpec,
        id: u64,
        files: &[NamedFile],
        [kind, archive, directory]: [&str; 3],
    ) {
        if files.is_empty() {
            return;
        }
        let name = mailbox.name.to_lowercase();
        let cid = match self.layout.spec.mail_layout {
            MailLayout::Domain => Cid::in_mail(kind, format!("{name}/{directory}")),
            MailLayout::Mailbox => Cid::own(kind, archive, &mailbox_directory(&name, id)),
        };
        self.content(xml, &[cid]);
    }

    pub(crate) fn domain_keys(&self, xml: &mut Xml, dkim: &DkimSpec) {
        let state = if dkim.enabled { "true" } else { "false" };
        xml.open("domain-keys", &[("state", state), ("public-key", &dkim.public_key)]);
        self.content(xml, &[Cid::own("key", "privatekey", "")]);
        xml.close();
    }

    /// The lists of a domain, beside its `mailsystem`.
    pub(crate) fn mailing_lists(&self, xml: &mut Xml, mail: &Mail<'_>, ip_addresses: &[String]) {
        if mail.mailing_lists.is_empty() {
            return;
        }
        xml.open("maillists", &[]);
        xml.open("properties", &[]);
        write_status(xml, "status", &[]);
        write_addresses(xml, ip_addresses);
        xml.close();
        self.content(xml, &[Cid::own("domainmaillist", "ml", "")]);
        for list in mail.mailing_lists {
            xml.open("maillist", &[("name", &list.name)]);
            write_status(xml, "status", &list.disabled_by);
            for owner in &list.owners {
                xml.text("owner", &[], owner);
            }
            if let Some(password) = &list.password {
                write_password(xml, password);
            }
            for recipient in &list.recipients {
                let name = recipient.full_name.as_deref().map(|name| ("fullname", name));
                xml.text("recipient", name.as_slice(), &recipient.address);
            }
            xml.close();
        }
        xml.close();
    }
}

pub(crate) fn write_autoresponder(xml: &mut Xml, answer: &AutoresponderSpec) {
    let subject = in_lines(answer.subject.as_bytes());
    let redirect = answer.redirect.join(",");
    let mut attributes = vec![
        ("status", on_or_off(answer.enabled)),
        ("content-type", answer.content_type.as_str()),
        ("subject", &subject),
    ];
    if !redirect.is_empty() {
        attributes.push(("redirect", &redirect));
    }
    xml.open("autoresponder", &attributes);
    let charset = (!answer.charset.is_empty()).then_some(("charset", answer.charset.as_str()));
    xml.text("text", charset.as_slice(), &in_lines(&answer.text));
    for (name, value) in [("ans-freq", &answer.answer_frequency), ("end-date", &answer.end_date)] {
        if let Some(value) = value {
            xml.text("autoresponder-limit", &[("name", name)], value);
        }
    }
    for file in &answer.attachments {
        xml.empty("attach", &[("file", file)]);
    }
    xml.close();
}

fn write_address_book(xml: &mut Xml, book: &AddressBookSpec) {
    xml.open("addressbook", &[]);
    for (id, contact) in (1_u64..).zip(&book.contacts) {
        let id = id.to_string();
        let values: Vec<(&str, String)> =
            contact.iter().map(|(name, value)| (name.as_str(), STANDARD.encode(value))).collect();
        let mut attributes = vec![("id", id.as_str())];
        attributes.extend(values.iter().map(|(name, value)| (*name, value.as_str())));
        xml.empty("addressbook-contact", &attributes);
    }
    for (id, group) in (1_u64..).zip(&book.groups) {
        let (id, name) = (id.to_string(), STANDARD.encode(&group.name));
        xml.open("addressbook-group", &[("id", &id), ("name", &name)]);
        for member in &group.members {
            xml.empty("addressbook-member", &[("id", &member.to_string())]);
        }
        xml.close();
    }
    xml.close();
}

pub(crate) fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// Base64 as Perl writes it, without the newline at the end.
fn in_lines(bytes: &[u8]) -> String {
    let whole = STANDARD.encode(bytes);
    let lines: Vec<&str> = (0..whole.len())
        .step_by(BASE64_LINE)
        .map(|start| &whole[start..whole.len().min(start + BASE64_LINE)])
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::in_lines;

    #[test]
    fn base64_has_lines_of_76() {
        // perl -MMIME::Base64 -e 'print encode_base64("x" x 60)'
        let expected =
            "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\neHh4";
        assert_eq!(in_lines(&[b'x'; 60]), expected);
        assert_eq!(in_lines(b""), "");
    }
}
