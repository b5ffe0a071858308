//! What an account is, in cPanel's terms.

use crate::members::{address, is_address_character};
use crate::{
    Autoresponder, DkimKey, DomainName, LocalPart, Login, MailboxFilter, SpamSettings, UserName,
};

/// One account, as [`account_members`](crate::account_members) writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's name.
    pub user: UserName,
    /// The domain that the account is made with. It is one of [`domains`](Self::domains).
    pub main_domain: DomainName,
    /// All domains; the main one among them. The order does not matter.
    pub domains: Vec<Domain>,
    /// When the account began, in seconds since 1970 (`STARTDATE`).
    pub created: i64,
    /// The time that stands for "now": modification times, and the day of the last change of
    /// every password. Seconds since 1970.
    pub stamp: i64,
    /// Where cPanel reaches the owner.
    pub contact_email: Option<String>,
    /// The address of the old server; cPanel replaces it by the new one in zones.
    pub ip: Option<String>,
    /// The reseller who owns the account; `root` if there is none.
    pub owner: String,
    /// The name of the hosting plan.
    pub plan: Option<String>,
    /// The password of the account itself.
    pub password: Login,
    /// The login shell, as an absolute path.
    pub shell: String,
    /// The disk quota in megabytes; `None` is no limit.
    pub disk_quota_megabytes: Option<u64>,
    /// The reason, if the account is suspended.
    pub suspended: Option<String>,
    /// What the account wants of the spam filter; `None` leaves everything to the server.
    pub spam: Option<SpamSettings>,
}

impl Account {
    /// An account with a main domain and nothing else: no mailbox, locked, owned by `root`,
    /// without shell access, all times equal to `stamp`.
    pub fn new(user: UserName, main_domain: DomainName, stamp: i64) -> Account {
        let main = Domain {
            name: main_domain.clone(),
            kind: DomainKind::Main,
            document_root: "public_html".to_owned(),
            mail: DomainMail::default(),
        };
        Account {
            user,
            main_domain,
            domains: vec![main],
            created: stamp,
            stamp,
            contact_email: None,
            ip: None,
            owner: "root".to_owned(),
            plan: None,
            password: Login::Locked,
            shell: "/usr/local/cpanel/bin/noshell".to_owned(),
            disk_quota_megabytes: None,
            suspended: None,
            spam: None,
        }
    }
}

/// What a domain is to its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainKind {
    /// The domain that the account is made with.
    Main,
    /// A domain with a web root of its own. cPanel hangs its web site on a subdomain.
    Addon {
        /// That subdomain: `addon.tld.main.tld`, below the main domain. It must hold no `_`
        /// before the main domain, which cPanel's lists cannot say.
        backing: DomainName,
    },
    /// `label.of`.
    Subdomain {
        /// The part before the parent domain; may hold dots, but no `_`.
        label: String,
        /// The parent domain, one of the account's.
        of: DomainName,
    },
    /// Another name for the main domain.
    Parked,
}

/// One domain of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The name.
    pub name: DomainName,
    /// What it is to the account.
    pub kind: DomainKind,
    /// The web root, relative to the home directory. Not used for parked domains.
    pub document_root: String,
    /// Mailboxes, aliases and what becomes of the rest.
    pub mail: DomainMail,
}

/// The mail of one domain.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DomainMail {
    /// Whether the server takes the domain for its own.
    pub routing: MailRouting,
    /// The mailboxes.
    pub mailboxes: Vec<Mailbox>,
    /// The aliases and forwarders. An address that is a mailbox too receives both ways.
    pub aliases: Vec<Alias>,
    /// What becomes of mail to any other address.
    pub default: CatchAll,
    /// Send mail for any other address to the same name at this domain. Goes before
    /// [`default`](Self::default).
    pub forward_domain_to: Option<DomainName>,
    /// Answers that are sent by themselves; at most one for an address. What turns it on, a
    /// [`Destination::Pipe`] beside the other destinations of the address, is added by itself.
    pub autoresponders: Vec<Autoresponder>,
    /// The key that signs outgoing mail; `None` has the server make one.
    pub dkim: Option<DkimKey>,
}

/// Where mail for a domain is delivered (`MXCHECK` in cPanel's terms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MailRouting {
    /// On this server.
    #[default]
    Local,
    /// Elsewhere: this server only relays.
    Remote,
    /// As the domain's MX records say at the time of the restore.
    Auto,
}

/// One left side in `valiases`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The part of the address before the `@`. Wider than [`LocalPart`]: an alias needs no
    /// directory, so that `+` and others are possible.
    pub local: String,
    /// Where its mail goes; at least one.
    pub destinations: Vec<Destination>,
}

impl Alias {
    /// Whether `local` can stand on the left side of an alias; capitals count as small letters.
    ///
    /// # Errors
    /// [`AddressError`] that says why not.
    pub fn check_local(local: &str) -> Result<(), AddressError> {
        let local = local.to_ascii_lowercase();
        let reason = if local.is_empty() {
            "nothing stands before the @".to_owned()
        } else if local.len() > 64 {
            format!("{} bytes stand before the @, and an address takes at most 64", local.len())
        } else if let Some(character) = local.chars().find(|c| !is_address_character(*c)) {
            format!("it holds {character:?}")
        } else if local.starts_with('#') {
            "Exim takes the line for a comment".to_owned()
        } else if local == "*" {
            "it stands for all addresses of the domain".to_owned()
        } else {
            return Ok(());
        };
        Err(AddressError { reason })
    }
}

/// Why an address can't stand in `valiases`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct AddressError {
    pub(crate) reason: String,
}

/// Where the mail of an alias goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To an address, `local@domain` in ASCII.
    Address(String),
    /// To the account's own inbox.
    Account,
    /// Into a program. Only cPanel's autoresponder for the alias itself is taken, which
    /// [`DomainMail::autoresponders`] adds by itself:
    /// `/usr/local/cpanel/bin/autorespond local@domain /home/USER/.autorespond`.
    Pipe(String),
    /// Refused with this text. Stands alone.
    Fail(String),
    /// Taken and thrown away. Stands alone.
    Blackhole,
}

impl Destination {
    /// An address as a destination, its domain in lower case.
    ///
    /// # Errors
    /// [`AddressError`] when it is none, or means something else to Exim.
    pub fn address(text: &str) -> Result<Destination, AddressError> {
        address(text).map(Destination::Address).map_err(|reason| AddressError { reason })
    }
}

/// What becomes of mail to an address that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatchAll {
    /// Refused.
    Reject {
        /// What the sender reads.
        text: String,
    },
    /// Taken and thrown away.
    Discard,
    /// To an address, `local@domain` in ASCII.
    Address(String),
    /// To the account's own inbox.
    SystemAccount,
}

impl Default for CatchAll {
    /// cPanel's own refusal.
    fn default() -> CatchAll {
        CatchAll::Reject { text: "No Such User Here".to_owned() }
    }
}

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The part of the address before the `@`.
    pub local: LocalPart,
    /// The password.
    pub login: Login,
    /// The quota in bytes; `None` is no limit, and so is 0.
    pub quota_bytes: Option<u64>,
    /// The filters, in the order in which they run.
    pub filters: Vec<MailboxFilter>,
    /// Whether mail for it is refused, as cPanel does for a mailbox whose incoming mail is
    /// suspended. What else the address does, forwards and autoresponders, goes on.
    pub refuses_mail: bool,
}
