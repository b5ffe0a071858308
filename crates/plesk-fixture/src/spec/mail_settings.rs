//! Settings of mail accounts and mail domains.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mailbox::bytes;
use super::{MemoryFile, PasswordSpec};

/// An `<autoresponder>`. Without any in a mailbox there is no `<autoresponders>` either.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct AutoresponderSpec {
    /// `status`.
    pub enabled: bool,
    /// Subject; written as base64, as Plesk does.
    pub subject: String,
    /// `content-type`.
    pub content_type: String,
    /// `text/@charset`; nothing is written when it is empty.
    pub charset: String,
    /// The answer in that charset; written as base64. In JSON a string, or a list of numbers.
    #[serde(with = "bytes")]
    pub text: Vec<u8>,
    /// The limit `ans-freq`.
    pub answer_frequency: Option<String>,
    /// The limit `end-date`.
    pub end_date: Option<String>,
    /// Addresses in `redirect`.
    pub redirect: Vec<String>,
    /// Names of files that it attaches; see [`MailboxSpec::attachments`](super::MailboxSpec).
    pub attachments: Vec<String>,
}

impl Default for AutoresponderSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            subject: "Re: <request_subject>".into(),
            content_type: "text/plain".into(),
            charset: "UTF-8".into(),
            text: b"I am away.\n".to_vec(),
            answer_frequency: Some("1".into()),
            end_date: None,
            redirect: Vec::new(),
            attachments: Vec::new(),
        }
    }
}

/// A file with its content, as it lies in one directory.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct NamedFile {
    /// File name.
    pub name: String,
    /// Content. In JSON a string, or a list of numbers.
    #[serde(with = "bytes")]
    pub content: Vec<u8>,
}

impl NamedFile {
    /// A file.
    pub fn new(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), content: content.into() }
    }
}

/// A `<spamassassin>`.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SpamSpec {
    /// `status`.
    pub enabled: bool,
    /// `action`: `mark`, `delete` or `move`.
    pub action: String,
    /// `hits`.
    pub hits: String,
    /// `modify-subj`, left out when there is none.
    pub modify_subject: Option<String>,
    /// `subj-text`, left out when there is none.
    pub subject_text: Option<String>,
    /// `server-conf`, left out when there is none.
    pub server_config: Option<String>,
    /// `blacklist-member`
    pub black_list: Vec<String>,
    /// `whitelist-member`
    pub white_list: Vec<String>,
    /// `unblacklist-member`
    pub un_black_list: Vec<String>,
    /// `unwhitelist-member`
    pub un_white_list: Vec<String>,
    /// Files of `.spamassassin` in the mailbox's directory: `user_prefs`, `bayes_toks` and so on.
    pub files: Vec<NamedFile>,
}

impl Default for SpamSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            action: "move".into(),
            hits: "7".into(),
            modify_subject: None,
            subject_text: None,
            server_config: None,
            black_list: Vec::new(),
            white_list: Vec::new(),
            un_black_list: Vec::new(),
            un_white_list: Vec::new(),
            files: Vec::new(),
        }
    }
}

/// An `<addressbook>`.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct AddressBookSpec {
    /// Each `addressbook-contact` by its attributes (`name`, `email`, `home-phone` ...), whose
    /// values are written as base64; the numbers are 1, 2, 3 and so on.
    pub contacts: Vec<BTreeMap<String, String>>,
    /// `addressbook-group`
    pub groups: Vec<ContactGroupSpec>,
}

/// An `<addressbook-group>`.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct ContactGroupSpec {
    /// Its name, written as base64.
    pub name: String,
    /// Numbers of its contacts.
    pub members: Vec<u64>,
}

/// A `<domain-keys>`.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct DkimSpec {
    /// `state`
    pub enabled: bool,
    /// `public-key`: base64 without the lines around it.
    pub public_key: String,
    /// The private key as PEM, packed as the file `default`; none, no archive.
    pub private_key: Option<String>,
}

impl Default for DkimSpec {
    fn default() -> Self {
        Self { enabled: true, public_key: String::new(), private_key: None }
    }
}

/// A `<maillist>`. Without any in a domain there is no `<maillists>` either.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct MailingListSpec {
    /// Local part of its address.
    pub name: String,
    /// Who switched it off; empty means enabled.
    pub disabled_by: Vec<String>,
    /// `owner`
    pub owners: Vec<String>,
    /// No value leaves the element out.
    pub password: Option<PasswordSpec>,
    /// `recipient`
    pub recipients: Vec<RecipientSpec>,
    /// Files of Mailman's `archives/private`, seen from there: `news.mbox/news.mbox`,
    /// `news/index.html`. Those of all lists of a domain go into one archive.
    pub archive: Vec<MemoryFile>,
}

impl Default for MailingListSpec {
    fn default() -> Self {
        Self {
            name: "news".into(),
            disabled_by: Vec::new(),
            owners: vec!["boss@example.com".into()],
            password: None,
            recipients: Vec::new(),
            archive: Vec::new(),
        }
    }
}

/// A `<recipient>`.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct RecipientSpec {
    /// Mail address.
    pub address: String,
    /// `fullname`, left out when there is none.
    pub full_name: Option<String>,
}

impl RecipientSpec {
    /// A member with a name.
    pub fn new(address: impl Into<String>, full_name: impl Into<String>) -> Self {
        Self { address: address.into(), full_name: Some(full_name.into()) }
    }
}
