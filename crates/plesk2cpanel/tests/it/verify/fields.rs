//! Every field of the model, and the mutations that change it. A field that is added to the model
//! makes this module not compile until it stands here, and a mutation must be named for it.

use std::collections::BTreeSet;

use super::all;

/// How a field is seen to.
enum Seen {
    /// These mutations change what becomes of it in an archive.
    By(&'static [&'static str]),
    /// It says how the rest was decided, and nothing of it stands in an archive.
    Decides(&'static str),
}

use Seen::{By, Decides};

macro_rules! fields {
    ($($type:path { $($field:ident => $seen:expr,)* })*) => {
        // Without `..`: the compiler holds the list against the model.
        $(const _: fn(&$type) = |value| {
            let $type { $($field: _),* } = value;
        };)*
        const FIELDS: &[(&str, Seen)] =
            &[$($((concat!(stringify!($type), ".", stringify!($field)), $seen),)*)*];
    };
}

#[rustfmt::skip]
mod listed {
use super::{By, Decides, Seen};

fields! {
    cpmove::Account {
        user => By(&["the user of the record", "the name of the record", "the place of the home"]),
        main_domain => By(&["the main domain"]),
        domains => By(&["a domain is gone from the record", "a host that nobody had"]),
        created => By(&["the account's beginning"]),
        stamp => By(&["the day of a password", "the time of a suspension"]),
        contact_email => By(&["the contact", "the contact in the home", "a contact that nobody named"]),
        ip => By(&["the old server's address"]),
        owner => By(&["the owner"]),
        plan => By(&["a plan"]),
        password => By(&["the account's password", "the account without a password", "the account is not locked"]),
        shell => By(&["the shell", "the shell after a suspension"]),
        disk_quota_megabytes => By(&["the account's quota", "the account's quota in blocks"]),
        suspended => By(&["a suspension", "no suspension", "the reason of a suspension"]),
        spam => By(&["settings of spam that nobody had"]),
    }
    cpmove::Domain {
        name => By(&["a domain is gone from the record", "a parked domain is gone"]),
        kind => By(&["an add-on domain is gone", "a subdomain's label", "a domain's kind in the map", "a row of the cache"]),
        document_root => By(&["a web root", "a web root in a host", "a web root's directory is gone"]),
        mail => By(&["routing"]),
    }
    cpmove::DomainMail {
        routing => By(&["routing"]),
        mailboxes => By(&["a mailbox without a login", "a login that nobody had"]),
        aliases => By(&["an alias is gone", "an alias that nobody had"]),
        default => By(&["the catch-all is gone", "the catch-all's text", "the catch-all throws away", "the catch-all's address", "the catch-all is the account"]),
        forward_domain_to => By(&["a domain's forward", "a domain's forward elsewhere"]),
        autoresponders => By(&["an answer is gone", "an answer that nobody had", "an answer is not switched on"]),
        dkim => By(&["the DKIM key", "the DKIM key is gone", "nobody signs", "a DKIM key that nobody had"]),
    }
    cpmove::Mailbox {
        local => By(&["a mailbox without a login", "a mailbox without a line in passwd", "a mailbox's directory"]),
        login => By(&["a password", "another's password", "a login without a password", "a login is switched off", "a login is switched on", "a login is locked", "a kept hash", "a kept hash is switched on", "a sealed password is guessed", "a sealed password is empty"]),
        quota_bytes => By(&["a quota", "a quota is gone", "a quota that nobody had"]),
        filters => By(&["filters that nobody had", "a filter runs no more"]),
        refuses_mail => By(&["a mailbox takes mail", "a mailbox does not refuse mail", "the mark of a mailbox without mail", "a mark of a mailbox with mail"]),
    }
    cpmove::Alias {
        local => By(&["an alias is gone", "an alias in capitals"]),
        destinations => By(&["an alias leads elsewhere", "a forward is gone", "a forward more", "a forward into a program", "one of many members"]),
    }
    cpmove::Autoresponder {
        local => By(&["an answer is gone", "an answer's address"]),
        from_name => By(&["an answer's sender"]),
        subject => By(&["an answer's subject"]),
        content_type => By(&["an answer's kind"]),
        charset => By(&["an answer's charset"]),
        body => By(&["an answer's text"]),
        interval_hours => By(&["an answer's interval"]),
        start => By(&["an answer's start"]),
        stop => By(&["an answer's end"]),
    }
    cpmove::SpamSettings {
        enabled => By(&["the spam filter is off"]),
        required_score_tenths => By(&["the score of spam"]),
        whitelist => By(&["the white list"]),
        blacklist => By(&["the black list"]),
        spam_box => By(&["spam has no folder"]),
    }
    cpmove::MailboxFilter {
        name => By(&["a filter's name", "the name that runs"]),
        enabled => By(&["a filter is switched off", "a filter runs no more"]),
        rules => By(&["a filter's rule", "the condition that runs"]),
        actions => By(&["a filter's action", "a filter's last action", "the command that runs"]),
    }
    cpmove::Rule {
        part => By(&["a part of a filter's rule"]),
        comparison => By(&["a filter's rule"]),
        value => By(&["a value of a filter's rule", "the condition that runs"]),
        join => By(&["how rules are joined", "a join that runs"]),
    }
    mail_model::identity::Mailbox {
        folders => By(&["a folder is gone", "a folder that nobody had", "a mailbox's mail is gone"]),
        subscriptions => By(&["a subscription is gone", "a subscription that nobody had", "subscriptions in another order", "all subscriptions are gone"]),
        server => Decides("which server's state was believed"),
        listing => Decides("which message each entry of a listing names"),
        findings => Decides("what was odd on the old server"),
    }
    mail_model::identity::Folder {
        name => By(&["a folder's name", "a folder in another encoding"]),
        encoding => Decides("how the old directory's name was read"),
        source => Decides("which folder of the backup it is"),
        uidvalidity => By(&["UIDVALIDITY", "UIDVALIDITY of a folder"]),
        uidvalidity_certainty => Decides("how sure that is"),
        next_uid => By(&["the next UID", "the next UID is taken"]),
        guid => By(&["a folder's GUID"]),
        keywords => By(&["a keyword is another", "a keyword has another letter", "the keywords are gone"]),
        messages => By(&["a message is dropped", "a message twice", "a message that nobody meant"]),
    }
    mail_model::identity::Message {
        file => By(&["a byte in a message", "a message is longer", "a message is cut", "an mtime"]),
        name => By(&["a flag is gone", "a message under another name"]),
        place => By(&["from new to cur", "from cur to new"]),
        uid => By(&["a UID", "a line of a list is gone"]),
        uid_certainty => Decides("how sure that is"),
        uid_evidence => Decides("where it is from"),
        fields => By(&["a field of a list"]),
        uidl => By(&["a P field", "a P field is gone", "a P field is gone that equals the server's own"]),
        pop3_position => By(&["an O field"]),
    }
    mail_model::identity::Uidl {
        value => By(&["a P field"]),
        certainty => Decides("how sure that is"),
        evidence => Decides("where it is from"),
    }
    mail_model::identity::RawFile {
        place => By(&["from new to cur"]),
        name => By(&["a message under another name"]),
        size => By(&["a message is longer", "a message is cut"]),
        mtime => By(&["an mtime"]),
        x_uidl => Decides("it becomes the UIDL, where the old server had it so"),
    }
    mail_model::dovecot::UidList {
        version => By(&["a list of another version"]),
        uidvalidity => By(&["UIDVALIDITY"]),
        next_uid => By(&["the next UID"]),
        guid => By(&["a folder's GUID"]),
        header_extra => By(&["a field of a list's header"]),
        records => By(&["a line of a list is gone", "a line of a list for nobody", "a list in another order", "a list without its end", "a list is gone"]),
    }
    mail_model::dovecot::UidRecord {
        uid => By(&["a UID"]),
        fields => By(&["a field of a list", "a P field", "an O field"]),
        base => By(&["a line of a list for nobody"]),
    }
}

/// A file name has a part that only its own module sees, so that the compiler can't count these.
pub(super) const OF_A_NAME: &[(&str, Seen)] = &[
    ("base", By(&["a message under another name"])),
    ("flags", By(&["a flag is gone", "a flag is set"])),
    ("keywords", By(&["a keyword is gone"])),
    ("other", By(&["an unknown flag"])),
    ("suffix", By(&["a suffix without flags", "flags in another order"])),
];

pub(super) fn all() -> impl Iterator<Item = &'static (&'static str, Seen)> {
    FIELDS.iter().chain(OF_A_NAME)
}
}

#[test]
fn every_field_of_the_model_has_a_mutation() {
    let mutations: BTreeSet<&str> = all().map(|mutation| mutation.name).collect();
    for (field, seen) in listed::all() {
        match seen {
            By(names) => {
                assert!(!names.is_empty(), "{field} has no mutation");
                for name in *names {
                    assert!(mutations.contains(name), "{field}: there is no mutation `{name}`");
                }
            }
            Decides(what) => assert!(what.len() > 10, "{field}"),
        }
    }
}
