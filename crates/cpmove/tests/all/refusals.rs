//! What an account may hold that cPanel's files cannot say, and how that reads.

use cpmove::*;

fn name(name: &str) -> DomainName {
    DomainName::new(name).unwrap()
}

/// The message for an account that was changed.
#[track_caller]
fn refused(change: impl FnOnce(&mut Account)) -> String {
    let user = UserName::new("acct").unwrap();
    let mut account = Account::new(user, name("main.example"), 1_700_000_000);
    change(&mut account);
    account_members(&account).unwrap_err().to_string()
}

fn domain(text: &str, kind: DomainKind) -> Domain {
    Domain { name: name(text), kind, document_root: "site".to_owned(), mail: DomainMail::default() }
}

fn subdomain(label: &str, of: &str) -> Domain {
    let kind = DomainKind::Subdomain { label: label.to_owned(), of: name(of) };
    domain(&format!("{label}.{of}"), kind)
}

#[track_caller]
fn refused_alias(local: &str, destinations: Vec<Destination>) -> String {
    refused(|account| {
        account.domains[0].mail.aliases.push(Alias { local: local.to_owned(), destinations });
    })
}

#[test]
fn domains() {
    assert_eq!(
        refused(|account| account.domains.clear()),
        "main.example is listed 0 times as main domain of the account, and must be once"
    );
    assert_eq!(
        refused(|account| account.domains.push(account.domains[0].clone())),
        "main.example is listed 2 times as main domain of the account, and must be once"
    );
    assert_eq!(
        refused(|account| account.domains.push(domain("b.example", DomainKind::Main))),
        "b.example is listed as main domain beside main.example"
    );
    assert_eq!(
        refused(|account| {
            account.domains.push(domain("b.example", DomainKind::Parked));
            account.domains.push(domain("b.example", DomainKind::Parked));
        }),
        "the account lists b.example twice"
    );
    assert_eq!(
        refused(|account| {
            account.domains.push(subdomain("b", "main.example"));
            let backing = name("b.main.example");
            account.domains.push(domain("b.example", DomainKind::Addon { backing }));
        }),
        "the account lists b.main.example twice"
    );
    assert_eq!(
        refused(|account| {
            let backing = name("b.elsemain.example");
            account.domains.push(domain("b.example", DomainKind::Addon { backing }));
        }),
        "b.elsemain.example, which is to back b.example, is no subdomain of main.example"
    );
    assert_eq!(
        refused(|account| account.domains.push(subdomain("blog", "else.example"))),
        "blog.else.example is not \"blog\" below a domain of the account (else.example)"
    );
    assert_eq!(
        refused(|account| account.domains.push(subdomain("my_blog", "main.example"))),
        "subdomain \"my_blog\" of main.example holds an underscore, which cPanel reads as a dot"
    );
    assert_eq!(
        refused(|account| {
            let backing = name("b_c.example.main.example");
            account.domains.push(domain("b_c.example", DomainKind::Addon { backing }));
        }),
        "subdomain \"b_c.example\" of main.example holds an underscore, which cPanel reads as a dot"
    );
}

/// A domain may be called like a file that cPanel keeps beside those of the domains.
#[test]
fn a_domain_with_the_name_of_a_file_of_cpanels() {
    assert_eq!(
        refused(|account| {
            account.domains[0].name = name("cache.json");
            account.main_domain = name("cache.json");
        }),
        "two members would have the path `userdata/cache.json`: a name in the account is one of \
         cPanel's own"
    );
}

#[test]
fn an_underscore_in_an_addon_domain_itself_is_fine() {
    let user = UserName::new("acct").unwrap();
    let mut account = Account::new(user, name("main.example"), 0);
    let backing = name("b-c.example.main.example");
    account.domains.push(domain("b_c.example", DomainKind::Addon { backing }));
    let members = account_members(&account).unwrap();
    let addons = members.iter().find(|member| member.path == b"addons").unwrap();
    let expected = b"b_c.example=b-c.example_main.example\n".to_vec();
    assert_eq!(addons.kind, MemberKind::File(expected));
}

#[test]
fn mailboxes() {
    let mailbox = |quota_bytes| Mailbox {
        local: LocalPart::new("anna").unwrap(),
        login: Login::Locked,
        quota_bytes,
        filters: vec![],
        refuses_mail: false,
    };
    assert_eq!(
        refused(|account| account.domains[0].mail.mailboxes = vec![mailbox(None), mailbox(None)]),
        "mailbox anna@main.example is listed twice"
    );
    assert_eq!(
        refused(|account| account.domains[0].mail.mailboxes = vec![mailbox(Some(u64::MAX))]),
        "mailbox anna@main.example has a quota of 18446744073709551615 bytes, \
         and cPanel takes at most 4503599627370496"
    );
}

#[test]
fn left_sides_of_aliases() {
    let to = || vec![Destination::Blackhole];
    assert_eq!(
        refused(|account| {
            for local in ["sales", "Sales"] {
                let alias = Alias { local: local.to_owned(), destinations: to() };
                account.domains[0].mail.aliases.push(alias);
            }
        }),
        "alias sales@main.example is listed twice"
    );
    for (local, reason) in [
        ("", "nothing stands before the @"),
        ("a b", "it holds ' '"),
        ("a:b", "it holds ':'"),
        ("a\nb", "it holds '\\n'"),
        ("ä", "it holds 'ä'"),
        ("#a", "Exim takes the line for a comment"),
        ("*", "it stands for all addresses of the domain"),
    ] {
        let address = format!("{local}@main.example");
        assert_eq!(
            refused_alias(local, to()),
            format!("alias {address:?} cannot be written: {reason}")
        );
    }
}

#[test]
fn destinations() {
    let message = |destination: &str, reason: &str| {
        format!("destination {destination:?} of a@main.example cannot be written: {reason}")
    };
    for (address, reason) in [
        ("root", "it is no address"),
        ("|/bin/sh", "it is no address"),
        ("/var/mail/x", "it is no address"),
        (":include:/etc/passwd", "it is no address"),
        ("|/bin/sh@b.example", "its first character means something else there"),
        ("/etc/x@b.example", "its first character means something else there"),
        ("#x@b.example", "its first character means something else there"),
        ("@b.example", "nothing stands before the @"),
        ("x,y@b.example", "it holds ','"),
        ("\"x y\"@b.example", "it holds '\"'"),
        ("x@y@b.example", "it holds '@'"),
        (":fail:@b.example", "it holds ':'"),
        ("x\ny@b.example", "it holds '\\n'"),
        ("x@b.example\n", "domain name \"b.example\\n\" holds '\\n'"),
        ("x@localhost", "\"localhost\" is not the name of a domain"),
        ("x@bücher.example", "domain name \"bücher.example\" holds 'ü'"),
    ] {
        let destinations = vec![Destination::Address(address.to_owned())];
        assert_eq!(refused_alias("a", destinations), message(address, reason));
    }
    for pipe in [
        "/bin/sh",
        "/usr/local/cpanel/bin/autorespond b@main.example /home/acct/.autorespond",
        "/usr/local/cpanel/bin/autorespond a@main.example /home/acct/.autorespond; id",
    ] {
        let reason = "no program but the autoresponder is run";
        let destinations = vec![Destination::Pipe(pipe.to_owned())];
        assert_eq!(refused_alias("a", destinations), message(pipe, reason));
    }
    for (text, reason) in [
        ("gone\n*: x@b.example", "it holds '\\n'"),
        ("say \"hi\"", "it holds '\"'"),
        ("fermé", "it holds 'é'"),
    ] {
        let destinations = vec![Destination::Fail(text.to_owned())];
        assert_eq!(refused_alias("a", destinations), message(text, reason));
    }
    assert_eq!(refused_alias("a", vec![]), "alias a@main.example has no destination");
    assert_eq!(
        refused_alias("a", vec![Destination::Blackhole, Destination::Account]),
        "alias a@main.example has 2 destinations, one of which must stand alone"
    );
    assert_eq!(
        refused(|account| {
            account.domains[0].mail.default = CatchAll::Address("nobody".to_owned());
        }),
        "destination \"nobody\" of *@main.example cannot be written: it is no address"
    );
}

#[test]
fn values() {
    type Change = fn(&mut Account);
    let cases: [(&str, Change); 12] = [
        ("owner \"a b\" cannot be written: it must be one or more of a-z, A-Z, 0-9, -, . and _", {
            |account| account.owner = "a b".to_owned()
        }),
        ("owner \"\" cannot be written: it must be one or more of a-z, A-Z, 0-9, -, . and _", {
            |account| account.owner.clear()
        }),
        (
            "plan \"a\\nUSER=root\" cannot be written: \
             it must not be empty or hold control characters",
            |account| account.plan = Some("a\nUSER=root".to_owned()),
        ),
        (
            "shell \"bash\" cannot be written: it must be an absolute path of printable ASCII",
            |account| account.shell = "bash".to_owned(),
        ),
        ("ip address \"1.2.3\" cannot be written: invalid IP address syntax", |account| {
            account.ip = Some("1.2.3".to_owned());
        }),
        ("contact address \"me\" cannot be written: it is no address", |account| {
            account.contact_email = Some("me".to_owned());
        }),
        ("the stamp is -1 seconds since 1970, and must not be negative", |account| {
            account.stamp = -1;
        }),
        ("the account's start is -1 seconds since 1970, and must not be negative", |account| {
            account.created = -1;
        }),
        (
            "disk quota \"18446744073709551615\" cannot be written: \
             its number of KiB is over 2^64",
            |account| account.disk_quota_megabytes = Some(u64::MAX),
        ),
        (
            "document root \"../x\" cannot be written: the path has the component . or ..",
            |account| account.domains[0].document_root = "../x".to_owned(),
        ),
        (
            "document root \"mail/x\" cannot be written: \
             the directories etc and mail are not for web sites",
            |account| account.domains[0].document_root = "mail/x".to_owned(),
        ),
        (
            "document root \"a: b\" cannot be written: \
             it holds something else than letters, digits and - . _ / + @ ~",
            |account| account.domains[0].document_root = "a: b".to_owned(),
        ),
    ];
    for (expected, change) in cases {
        assert_eq!(refused(change), expected);
    }
}
