//! What a comparison brings up, by class: how much was compared, what differs, and what a live
//! server may change.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;

/// Of each class so many are kept by name, and the rest is counted: an archive of another account
/// differs in every message.
const NAMED: usize = 1000;

macro_rules! codes {
    (
        $(#[doc = $about:literal])* $type:ident:
        $($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $($(#[doc = $doc])+ $name,)*
        }

        impl $type {
            /// Every one there is, in the order of the documentation.
            pub const ALL: &[$type] = &[$($type::$name),*];

            /// Its stable name, as it stands in the JSON.
            pub fn code(self) -> &'static str {
                match self { $($type::$name => $code,)* }
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.code())
            }
        }
    };
}

codes! {
    /// What a difference is about.
    Class:
    /// A message of the backup that is not there.
    Missing = "message-missing";
    /// A message that the backup does not hold.
    Extra = "message-extra";
    /// A message that stands there a second time.
    Twice = "message-twice";
    /// Other bytes.
    Content = "content";
    /// Another date (the time of the file).
    Date = "date";
    /// Other flags.
    Flags = "flags";
    /// Other keywords, or other letters for them.
    Keywords = "keywords";
    /// In `new/` and not in `cur/`, or the other way round.
    Place = "place";
    /// Another UID, or one that is used again.
    Uid = "uid";
    /// Another UIDL, or one that is used again.
    Uidl = "uidl";
    /// POP3 lists messages in another order.
    Order = "pop3-order";
    /// A folder is missing, or was not in the backup.
    Folder = "folder";
    /// Another UIDVALIDITY.
    Uidvalidity = "uidvalidity";
    /// A next UID that was given out already, or behind which hardly any is left.
    NextUid = "next-uid";
    /// Something else about a `dovecot-uidlist`.
    List = "uidlist";
    /// Other subscribed folders.
    Subscription = "subscription";
    /// A mailbox is missing, or was not in the backup.
    Mailbox = "mailbox";
    /// A login that the old password does not open, or that it should not open.
    Login = "login";
    /// Another quota, of a mailbox or of the account.
    Quota = "quota";
    /// Mail that is taken and was refused, or the other way round.
    Incoming = "incoming";
    /// Another alias or forward.
    Alias = "alias";
    /// Another answer to mail for unknown addresses.
    CatchAll = "catch-all";
    /// A domain's mail that goes to another domain, or no more.
    DomainForward = "domain-forward";
    /// Another autoresponder.
    Autoresponder = "autoresponder";
    /// Another filter.
    Filter = "filter";
    /// Other settings of the spam filter.
    Spam = "spam";
    /// Another DKIM key.
    Dkim = "dkim";
    /// Another domain, or the same in another place.
    Domain = "domain";
    /// Mail for a domain that is routed elsewhere.
    Routing = "routing";
    /// Another name, owner, contact or the like of the account.
    Account = "account";
    /// A file that is kept for the owner.
    KeptFile = "kept-file";
    /// A rule that every archive of cPanel's must keep.
    Archive = "archive";
}

codes! {
    /// What a server that was in use may have changed, without any harm.
    Change:
    /// A message came after the restore.
    Arrived = "arrived";
    /// A client set or took away flags.
    Flags = "flags";
    /// A client set or took away keywords.
    Keywords = "keywords";
    /// A client was shown the message: it went from `new/` to `cur/`.
    Seen = "shown";
    /// A client deleted the message: the server's log says so.
    Expunged = "expunged";
    /// A folder was made.
    Folder = "folder";
    /// A client subscribed to a folder or gave that up.
    Subscription = "subscription";
    /// A mailbox was made.
    Mailbox = "mailbox";
    /// The spam filter learned.
    Learned = "learned";
}

/// One difference or change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is about: an address, a folder of a mailbox, a domain, a member of the archive.
    pub object: String,
    /// What is there and what should be.
    pub text: String,
}

/// All of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many there are.
    pub count: u64,
    /// The first 1000.
    pub first: Vec<Item>,
}

impl Group {
    fn add(&mut self, object: &str, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(Item { object: object.to_owned(), text: text() });
        }
    }
}

/// Everything that one comparison brought up.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) compared: BTreeMap<Class, u64>,
    pub(super) differences: BTreeMap<Class, Group>,
    pub(super) changes: BTreeMap<Change, Group>,
}

impl Ledger {
    /// Something is compared; where it does not hold, it is a difference.
    pub(super) fn check(
        &mut self,
        class: Class,
        object: &str,
        holds: bool,
        text: impl FnOnce() -> String,
    ) {
        *self.compared.entry(class).or_default() += 1;
        if !holds {
            self.differences.entry(class).or_default().add(object, text);
        }
    }

    /// A value is compared.
    pub(super) fn equal<T: PartialEq + Display>(
        &mut self,
        class: Class,
        object: &str,
        what: &str,
        meant: &T,
        found: &T,
    ) {
        self.check(class, object, meant == found, || {
            format!("{what} is `{found}` instead of `{meant}`")
        });
    }

    /// A value that may be absent is compared.
    pub(super) fn equal_or_none<T: PartialEq + Display>(
        &mut self,
        class: Class,
        object: &str,
        what: &str,
        meant: Option<&T>,
        found: Option<&T>,
    ) {
        let shown =
            |value: Option<&T>| value.map_or("none".to_owned(), |value| format!("`{value}`"));
        self.check(class, object, meant == found, || {
            format!("{what} is {} instead of {}", shown(found), shown(meant))
        });
    }

    /// Something is there that should not be, or is not as it should be.
    pub(super) fn differs(&mut self, class: Class, object: &str, text: impl FnOnce() -> String) {
        self.check(class, object, false, text);
    }

    /// A server in use changed something that it may change.
    pub(super) fn changed(&mut self, change: Change, object: &str, text: impl FnOnce() -> String) {
        self.changes.entry(change).or_default().add(object, text);
    }

    /// All items of two sets are compared; `name` says what one is.
    pub(super) fn same_set<'a, T: Ord + ?Sized + 'a>(
        &mut self,
        class: Class,
        object: &str,
        meant: impl IntoIterator<Item = &'a T>,
        found: impl IntoIterator<Item = &'a T>,
        name: impl Fn(&T) -> String,
    ) {
        let meant: std::collections::BTreeSet<&T> = meant.into_iter().collect();
        let found: std::collections::BTreeSet<&T> = found.into_iter().collect();
        for item in &meant {
            self.check(class, object, found.contains(item), || {
                format!("{} is missing", name(item))
            });
        }
        for item in found.difference(&meant) {
            self.differs(class, object, || format!("{} should not be there", name(item)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_documented() {
        let documentation = include_str!("../../../../docs/verify.md");
        for codes in [
            Class::ALL.iter().map(|class| class.code()).collect::<Vec<_>>(),
            Change::ALL.iter().map(|change| change.code()).collect(),
        ] {
            for (at, code) in codes.iter().enumerate() {
                assert!(!codes[..at].contains(code), "{code} stands twice");
                assert!(documentation.contains(&format!("| `{code}` |")), "{code}");
            }
        }
    }

    #[test]
    fn what_is_kept_by_name_is_bounded() {
        let mut ledger = Ledger::default();
        for number in 0..5000 {
            ledger.differs(Class::Missing, "anna", || number.to_string());
        }
        let group = &ledger.differences[&Class::Missing];
        assert_eq!((group.count, group.first.len()), (5000, 1000));
        assert_eq!(group.first[999].text, "999");
    }
}
