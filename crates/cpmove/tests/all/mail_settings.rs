//! The texts of autoresponders, filters, spam settings and keys, written by hand from the
//! descriptions of the format.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use cpmove::*;

use crate::tools::run;

/// An account with one mailbox, anna, and what was added.
pub(crate) fn account(change: impl FnOnce(&mut Account)) -> Account {
    let domain = DomainName::new("main.example").unwrap();
    let mut account = Account::new(UserName::new("acct").unwrap(), domain, 1_700_000_000);
    account.domains[0].mail.mailboxes.push(Mailbox {
        local: LocalPart::new("anna").unwrap(),
        login: Login::Locked,
        quota_bytes: None,
        filters: vec![],
        refuses_mail: false,
    });
    change(&mut account);
    account
}

/// The text of each file, and the mode of every member.
pub(crate) fn members(account: &Account) -> (BTreeMap<String, String>, BTreeMap<String, u32>) {
    let (mut files, mut modes) = (BTreeMap::new(), BTreeMap::new());
    for member in account_members(account).unwrap() {
        let path = String::from_utf8(member.path).unwrap();
        if let MemberKind::File(content) = member.kind {
            files.insert(path.clone(), String::from_utf8(content).unwrap());
        }
        modes.insert(path, member.mode);
    }
    (files, modes)
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Account)) -> String {
    account_members(&account(change)).unwrap_err().to_string()
}

fn autoresponder(local: &str) -> Autoresponder {
    Autoresponder {
        local: local.to_owned(),
        from_name: None,
        subject: None,
        content_type: ContentType::Plain,
        charset: "utf-8".to_owned(),
        body: "Away.\n".to_owned(),
        interval_hours: 0,
        start: None,
        stop: None,
    }
}

fn alias(local: &str, destinations: Vec<Destination>) -> Alias {
    Alias { local: local.to_owned(), destinations }
}

#[test]
fn autoresponders() {
    let account = account(|account| {
        let mail = &mut account.domains[0].mail;
        mail.autoresponders = vec![
            Autoresponder {
                from_name: Some("Anna \"Ann\" Müller".to_owned()),
                subject: Some("Re: %subject%".to_owned()),
                charset: "UTF-8".to_owned(),
                body: "Grüße,\r\n.\r\nbis bald".to_owned(),
                interval_hours: 24,
                start: Some(1_700_000_000),
                stop: Some(1_800_000_000),
                ..autoresponder("Anna")
            },
            Autoresponder {
                content_type: ContentType::Html,
                charset: "ISO-8859-1".to_owned(),
                body: "<p>Gone</p>".to_owned(),
                ..autoresponder("sales")
            },
        ];
        mail.aliases = vec![
            alias("anna", vec![Destination::Address("x@else.example".to_owned())]),
            alias("zoe", vec![Destination::Blackhole]),
        ];
    });
    let (files, modes) = members(&account);
    assert_eq!(
        files["homedir/.autorespond/anna@main.example"],
        "\
From: \"Anna \\\"Ann\\\" Müller\" <anna@main.example>
Content-type: text/plain; charset=utf-8
Subject: Re: %subject%

Grüße,
.
bis bald"
    );
    assert_eq!(
        files["homedir/.autorespond/anna@main.example.json"],
        r#"{"start":1700000000,"interval":"24","stop":1800000000}"#
    );
    assert_eq!(
        files["homedir/.autorespond/sales@main.example"],
        "\
From: sales@main.example
Content-type: text/html; charset=iso-8859-1

<p>Gone</p>"
    );
    assert_eq!(
        files["homedir/.autorespond/sales@main.example.json"],
        r#"{"start":null,"interval":"0","stop":null}"#
    );
    assert_eq!(
        files["va/main.example"],
        "\
anna@main.example: \"|/usr/local/cpanel/bin/autorespond anna@main.example /home/acct/.autorespond\",x@else.example
sales@main.example: \"|/usr/local/cpanel/bin/autorespond sales@main.example /home/acct/.autorespond\"
zoe@main.example: :blackhole:
*: :fail: No Such User Here
"
    );
    assert_eq!(modes["homedir/.autorespond"], 0o700);
    assert_eq!(modes["homedir/.autorespond/anna@main.example"], 0o600);
}

/// Given as a destination too, it still stands once.
#[test]
fn a_hook_stands_once() {
    let hook = "/usr/local/cpanel/bin/autorespond anna@main.example /home/acct/.autorespond";
    let account = account(|account| {
        let mail = &mut account.domains[0].mail;
        mail.autoresponders = vec![autoresponder("anna")];
        let destinations = vec![Destination::Account, Destination::Pipe(hook.to_owned())];
        mail.aliases = vec![alias("anna", destinations)];
    });
    let line = format!("anna@main.example: acct,\"|{hook}\"\n");
    assert!(members(&account).0["va/main.example"].starts_with(&line));
}

#[test]
fn refused_autoresponders() {
    let one = |change: fn(&mut Autoresponder)| {
        refused(|account| {
            let mut one = autoresponder("anna");
            change(&mut one);
            account.domains[0].mail.autoresponders.push(one);
        })
    };
    let message = |reason: &str| {
        format!("the autoresponder of anna@main.example cannot be written: {reason}")
    };
    assert_eq!(
        one(|one| one.subject = Some("Away\nBcc: x@else.example".to_owned())),
        message("its subject holds '\\n'")
    );
    assert_eq!(
        one(|one| one.from_name = Some("Anna\rX: y".to_owned())),
        message("its name holds '\\r'")
    );
    assert_eq!(
        one(|one| one.charset = "utf-8\nX: y".to_owned()),
        message("\"utf-8\\nx: y\" is no name of a character set")
    );
    assert_eq!(one(|one| one.charset.clear()), message("\"\" is no name of a character set"));
    assert_eq!(
        one(|one| {
            one.charset = "koi8-r".to_owned();
            one.body = "привет".to_owned();
        }),
        message("it is written as UTF-8, and is to say that it is koi8-r")
    );
    assert_eq!(one(|one| one.body = "a\0b".to_owned()), message("its text holds '\\0'"));
    assert_eq!(
        one(|one| one.stop = Some(-1)),
        "the autoresponder's end is -1 seconds since 1970, and must not be negative"
    );
    assert_eq!(
        one(|one| one.local = "a:b".to_owned()),
        "alias \"a:b@main.example\" cannot be written: it holds ':'"
    );
    assert_eq!(
        one(|one| one.local = "../x".to_owned()),
        "the autoresponder of ../x@main.example cannot be written: \
         its file cannot have a name with a slash"
    );
    assert!(
        one(|one| one.local = "a$b".to_owned())
            .ends_with("cannot be written: the address means something else there")
    );
    assert_eq!(
        refused(|account| {
            let both = vec![autoresponder("anna"), autoresponder("ANNA")];
            account.domains[0].mail.autoresponders = both;
        }),
        "anna@main.example has two autoresponders"
    );
    assert_eq!(
        refused(|account| {
            let mail = &mut account.domains[0].mail;
            mail.autoresponders = vec![autoresponder("anna")];
            mail.aliases = vec![alias("anna", vec![Destination::Blackhole])];
        }),
        "alias anna@main.example has 2 destinations, one of which must stand alone"
    );
}

#[test]
fn spam() {
    let with = |spam| members(&account(|account| account.spam = Some(spam)));
    let (files, modes) = with(SpamSettings {
        enabled: true,
        required_score_tenths: Some(75),
        whitelist: vec!["friend@else.example".to_owned(), "*@good.example".to_owned()],
        blacklist: vec!["*@bad?.example".to_owned()],
        spam_box: true,
    });
    assert_eq!(
        files["homedir/.spamassassin/user_prefs"],
        "\
required_score 7.5
whitelist_from friend@else.example
whitelist_from *@good.example
blacklist_from *@bad?.example
"
    );
    assert_eq!(files["homedir/.spamassassinenable"], "");
    assert_eq!(files["homedir/.spamassassinboxenable"], "");
    assert_eq!(modes["homedir/.spamassassin"], 0o700);
    assert_eq!(modes["homedir/.spamassassin/user_prefs"], 0o600);

    let (files, _) =
        with(SpamSettings { required_score_tenths: Some(50), ..SpamSettings::default() });
    assert_eq!(files["homedir/.spamassassin/user_prefs"], "required_score 5\n");
    assert!(!files.keys().any(|path| path.starts_with("homedir/.spamassassine")));
    assert!(!files.contains_key("homedir/.spamassassinboxenable"));

    let (files, _) = members(&account(|_| ()));
    assert!(!files.keys().any(|path| path.contains(".spamassassin")));

    for (entry, reason) in [
        ("a@b.example c@d.example", "it holds ' '"),
        ("a@b.example\nrequired_score 0", "it holds '\\n'"),
        ("a#b@c.example", "it holds '#'"),
        ("ä@b.example", "it holds 'ä'"),
        ("", "it is empty"),
    ] {
        let spam = SpamSettings { blacklist: vec![entry.to_owned()], ..SpamSettings::default() };
        assert_eq!(
            refused(|account| account.spam = Some(spam)),
            format!("entry of the black list {entry:?} cannot be written: {reason}")
        );
    }
}

/// What OpenSSL makes of its own key in another form.
fn openssl(arguments: &[&str]) -> String {
    let output = run(Command::new("openssl").args(arguments));
    String::from_utf8(output).unwrap()
}

#[test]
fn keys_of_openssl() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let path = path.to_str().unwrap();
    fs::write(path, openssl(&["genpkey", "-quiet", "-algorithm", "RSA"])).unwrap();
    let public = openssl(&["pkey", "-in", path, "-pubout"]);
    for form in [vec!["-traditional"], vec![]] {
        let pem = openssl(&[&["pkey", "-in", path], &form[..]].concat());
        // Text around it and other line ends make no difference.
        let disguised = format!("Bag Attributes\r\n\r\n{}\r\n", pem.replace('\n', "\r\n"));
        let key = DkimKey::new(&disguised).unwrap();
        assert_eq!(key.as_str(), pem);
        assert_eq!(format!("{key:?}"), "DkimKey(..)");

        let account = account(|account| account.domains[0].mail.dkim = Some(key));
        let (files, modes) = members(&account);
        assert!(files["cp/acct"].contains("\nHASDKIM=1\n"));
        assert_eq!(modes["domainkeys/private/main.example"], 0o600);
        let written = directory.path().join("written");
        fs::write(&written, &files["domainkeys/private/main.example"]).unwrap();
        let written = written.to_str().unwrap();
        assert_eq!(openssl(&["pkey", "-in", written, "-pubout"]), public);
    }
}

#[test]
fn what_is_no_key() {
    let refused = |pem: &str| DkimKey::new(pem).unwrap_err().to_string();
    assert_eq!(
        refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        "it holds no line -----BEGIN RSA PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----"
    );
    let pem = |label: &str, text: &str| {
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    assert_eq!(
        refused("-----BEGIN PRIVATE KEY-----\nAAAA\n"),
        "it holds no line -----END PRIVATE KEY-----"
    );
    let encrypted = pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA");
    assert_eq!(refused(&encrypted), "line 2 is not base64");
    assert_eq!(refused(&pem("PRIVATE KEY", "AAA")), "line 2 is not base64");
    assert_eq!(refused(&pem("PRIVATE KEY", "AA==AAAA")), "line 2 is not base64");
    // An integer instead of a sequence; a sequence that is longer than the text; one that is a
    // byte shorter; a length of 2^64-1.
    for (text, length, reason) in [
        ("AgEA", 3, "an element is of another kind than it should be"),
        ("MAUCAQA=", 5, "it ends early"),
        ("MAIBAAA=", 5, "something follows the key"),
        ("MIj//////////w==", 10, "the length of an element is none"),
        ("", 0, "it ends early"),
        // A version and one number, and nothing else.
        ("MAYCAQACAQE=", 8, "it ends early"),
    ] {
        assert_eq!(
            refused(&pem("RSA PRIVATE KEY", text)),
            format!("its {length} bytes are not a private RSA key: {reason}"),
            "{text}"
        );
    }
    let curve =
        openssl(&["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    assert!(refused(&curve).ends_with("are not a private RSA key: it is of another kind"));
}
