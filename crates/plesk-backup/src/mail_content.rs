//! Which mailbox a member of a mail archive belongs to.
//!
//! A `domainmail` archive holds `<user>/…`, that is the content of
//! `/var/qmail/mailnames/<domain>/`; an archive of one mailbox (`mdir`, Plesk 8, 9 and partial dumps)
//! holds the content of the maildir itself; and one of Plesk 7 the home of one user, with `Maildir`
//! in it.

/// Where a member belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// To a mailbox.
    Mailbox {
        /// The mailbox's directory name, as it stands; empty when the archive is that of a single
        /// mailbox and only the reference to it tells whose.
        local_part: Vec<u8>,
        /// What of it.
        inside: Inside,
    },
    /// To no mailbox: the root itself, or a name that leads out of it.
    Elsewhere,
}

/// What of a mailbox a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// Path below `Maildir`, without slashes at either end; empty for the maildir itself.
    Maildir(Vec<u8>),
    /// Path below the mailbox's home, beside `Maildir`: `@attachments/…`, `sieve/…`,
    /// `.spamassassin/…`; empty for the home itself.
    Home(Vec<u8>),
}

/// Files that lie in the root of a maildir and in no mailbox's home.
const MAILDIR_FILES: [&[u8]; 14] = [
    b"dovecot-uidlist",
    b"dovecot-keywords",
    b"dovecot.index",
    b"dovecot.index.cache",
    b"dovecot.index.log",
    b"dovecot.list.index",
    b"dovecot.list.index.log",
    b"dovecot.mailbox.log",
    b"courierimapuiddb",
    b"courierimapsubscribed",
    b"courierpop3dsizelist",
    b"courierimapacl",
    b"maildirsize",
    b"subscriptions",
];

/// Finds the mailbox that the member `path` belongs to.
///
/// `reference` is the `offset` of the `cid` by which a mailbox refers to the archive, if it has
/// one: what lies below it is the maildir. `Maildir` alone says that the archive is the home of one
/// user. Everything else is told by its shape: `<user>/Maildir/…`
/// and `<user>/…`, or a bare maildir (`cur/…`, `.Sent/cur/…`). `./` and slashes at the end
/// are tolerated on both sides.
pub fn locate(path: &[u8], reference: Option<&[u8]>) -> Located {
    let Some(parts) = components(path) else { return Located::Elsewhere };
    let root = reference.and_then(components);
    if root.as_deref() == Some(&[b"Maildir"]) {
        return in_home(&parts);
    }
    if let Some(root) = root
        && let Some(rest) = parts.strip_prefix(root.as_slice())
    {
        // No maildir holds a directory of that name: the archive begins one level above.
        let rest = match rest {
            [b"Maildir", rest @ ..] if root.is_empty() => rest,
            rest => rest,
        };
        let owner = match root.as_slice() {
            [user, .., last] if *last == b"Maildir" => user.to_vec(),
            _ => Vec::new(),
        };
        return mailbox(&owner, Inside::Maildir(rest.join(&b'/')));
    }
    match parts.as_slice() {
        [] => Located::Elsewhere,
        [user, b"Maildir", rest @ ..] => mailbox(user, Inside::Maildir(rest.join(&b'/'))),
        [b"Maildir", rest @ ..] => mailbox(b"", Inside::Maildir(rest.join(&b'/'))),
        bare if is_bare_maildir(bare) => mailbox(b"", Inside::Maildir(bare.join(&b'/'))),
        [user, rest @ ..] => mailbox(user, Inside::Home(rest.join(&b'/'))),
    }
}

/// The home of a single user; that of a domain's owner is the web space as well.
fn in_home(parts: &[&[u8]]) -> Located {
    const WEB: [&[u8]; 12] = [
        b"httpdocs",
        b"httpsdocs",
        b"cgi-bin",
        b"conf",
        b"statistics",
        b"anon_ftp",
        b"error_docs",
        b"pd",
        b"private",
        b"subdomains",
        b"web_users",
        b"logs",
    ];
    // The home itself may stand before it, but no longer path.
    let above = parts.iter().take(2).position(|part| *part == b"Maildir");
    match (above, parts) {
        (_, []) => Located::Elsewhere,
        (Some(above), _) => mailbox(b"", Inside::Maildir(parts[above + 1..].join(&b'/'))),
        (None, [first, ..]) if WEB.contains(first) => Located::Elsewhere,
        (None, [b"cur" | b"new" | b"tmp", ..]) => mailbox(b"", Inside::Maildir(parts.join(&b'/'))),
        (None, [folder, b"cur" | b"new" | b"tmp", ..]) if folder.starts_with(b".") => {
            mailbox(b"", Inside::Maildir(parts.join(&b'/')))
        }
        (None, [file]) if MAILDIR_FILES.contains(file) => {
            mailbox(b"", Inside::Maildir(file.to_vec()))
        }
        _ => mailbox(b"", Inside::Home(parts.join(&b'/'))),
    }
}

fn mailbox(local_part: &[u8], inside: Inside) -> Located {
    Located::Mailbox { local_part: local_part.to_vec(), inside }
}

/// The parts of a path without `.` and empty ones; `None` when it leads out of the archive.
fn components(path: &[u8]) -> Option<Vec<&[u8]>> {
    let parts: Vec<&[u8]> =
        path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    (!parts.contains(&&b".."[..])).then_some(parts)
}

fn is_bare_maildir(parts: &[&[u8]]) -> bool {
    let is_mail_directory = |part: &[u8]| matches!(part, b"cur" | b"new" | b"tmp");
    match parts {
        [first, ..] if is_mail_directory(first) => true,
        // A local part may not begin with a dot, so this is a folder of a bare maildir.
        [first, ..] if first.starts_with(b".") => true,
        [b"courierimapkeywords", ..] => true,
        [first] => MAILDIR_FILES.contains(first) || first.starts_with(b"dovecot-uidvalidity"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Inside, Located, locate};

    fn maildir(user: &str, rest: &str) -> Located {
        let inside = Inside::Maildir(rest.as_bytes().to_vec());
        Located::Mailbox { local_part: user.as_bytes().to_vec(), inside }
    }

    fn home(user: &str, rest: &str) -> Located {
        let inside = Inside::Home(rest.as_bytes().to_vec());
        Located::Mailbox { local_part: user.as_bytes().to_vec(), inside }
    }

    #[test]
    fn domain_archive() {
        assert_eq!(locate(b"info/", None), home("info", ""));
        assert_eq!(locate(b"info/Maildir", None), maildir("info", ""));
        assert_eq!(
            locate(b"./info/Maildir/cur/1.M2P3.h:2,S", None),
            maildir("info", "cur/1.M2P3.h:2,S")
        );
        assert_eq!(locate(b"info/Maildir/.Sent/cur/", None), maildir("info", ".Sent/cur"));
        assert_eq!(locate(b"info/@attachments/a.pdf", None), home("info", "@attachments/a.pdf"));
        assert_eq!(locate(b"info/.dovecot.sieve", None), home("info", ".dovecot.sieve"));
        // A mail account may be called like a part of a maildir.
        assert_eq!(locate(b"new/Maildir/cur/1", None), maildir("new", "cur/1"));
        assert_eq!(locate(b"cur/Maildir/new/1", Some(b"cur/Maildir")), maildir("cur", "new/1"));
    }

    #[test]
    fn archive_of_one_mailbox() {
        assert_eq!(locate(b"cur/1.h", None), maildir("", "cur/1.h"));
        assert_eq!(locate(b".Sent/cur/1.h", None), maildir("", ".Sent/cur/1.h"));
        assert_eq!(locate(b"dovecot-uidlist", None), maildir("", "dovecot-uidlist"));
        assert_eq!(
            locate(b"courierimapkeywords/:list", None),
            maildir("", "courierimapkeywords/:list")
        );
        assert_eq!(locate(b"Maildir/cur/1.h", None), maildir("", "cur/1.h"));
        assert_eq!(locate(b"anything/x", Some(b"")), maildir("", "anything/x"));
        assert_eq!(locate(b"anything/x", Some(b"./")), maildir("", "anything/x"));
        assert_eq!(locate(b"Maildir/cur/1.h", Some(b"")), maildir("", "cur/1.h"));
    }

    #[test]
    fn archive_of_one_home() {
        let at = |path: &[u8]| locate(path, Some(b"./Maildir/"));
        assert_eq!(at(b"Maildir/cur/1.h"), maildir("", "cur/1.h"));
        assert_eq!(at(b"./Maildir/.Sent/new/1.h"), maildir("", ".Sent/new/1.h"));
        assert_eq!(at(b"info/Maildir/cur/1.h"), maildir("", "cur/1.h"));
        assert_eq!(at(b"cur/1.h"), maildir("", "cur/1.h"));
        assert_eq!(at(b".Sent/cur/1.h"), maildir("", ".Sent/cur/1.h"));
        assert_eq!(at(b"courierpop3dsizelist"), maildir("", "courierpop3dsizelist"));
        assert_eq!(at(b".spamassassin/user_prefs"), home("", ".spamassassin/user_prefs"));
        assert_eq!(at(b"@attachments/a.pdf"), home("", "@attachments/a.pdf"));
        assert_eq!(at(b"notes"), home("", "notes"));
        assert_eq!(at(b"httpdocs/cur/index.html"), Located::Elsewhere);
        assert_eq!(at(b"./"), Located::Elsewhere);
        assert_eq!(at(b"../Maildir/cur/1"), Located::Elsewhere);
    }

    #[test]
    fn reference_that_does_not_fit_leaves_it_to_the_shape() {
        assert_eq!(
            locate(b"sales/Maildir/cur/1", Some(b"info/Maildir")),
            maildir("sales", "cur/1")
        );
        assert_eq!(locate(b"mail/cur/1", Some(b"./mail/")), maildir("", "cur/1"));
        assert_eq!(locate(b"information/x", Some(b"info")), home("information", "x"));
    }

    #[test]
    fn nothing_outside() {
        for path in [&b""[..], b"./", b"/", b"info/../../etc/passwd", b".."] {
            assert_eq!(locate(path, None), Located::Elsewhere);
        }
    }
}
