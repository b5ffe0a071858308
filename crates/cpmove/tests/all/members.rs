//! The text of every member, for an account that has one of each thing.
//!
//! What is expected here was written by hand from the descriptions of the format.

use std::collections::BTreeMap;

use cpmove::*;

const SHA512: &str = "$6$0123456789abcdef$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MD5: &str = "$1$01234567$bbbbbbbbbbbbbbbbbbbbbb";

fn name(name: &str) -> DomainName {
    DomainName::new(name).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text).unwrap()
}

fn mailbox(local: &str, login: Login, quota_bytes: Option<u64>) -> Mailbox {
    Mailbox {
        local: LocalPart::new(local).unwrap(),
        login,
        quota_bytes,
        filters: vec![],
        refuses_mail: false,
    }
}

fn alias(local: &str, destinations: Vec<Destination>) -> Alias {
    Alias { local: local.to_owned(), destinations }
}

fn to(address: &str) -> Destination {
    Destination::Address(address.to_owned())
}

/// 2023-11-14 is day 19675 since 1970.
const STAMP: i64 = 1_700_000_000;

fn account() -> Account {
    let mut account = Account::new(UserName::new("acct").unwrap(), name("main.example"), STAMP);
    account.created = 1_600_000_000;
    account.contact_email = Some("owner@else.example".to_owned());
    account.ip = Some("192.0.2.7".to_owned());
    account.plan = Some("Gold plan".to_owned());
    account.password = Login::Hash(hash(SHA512));
    account.shell = "/bin/bash".to_owned();
    account.disk_quota_megabytes = Some(10_000);
    account.domains[0].mail = DomainMail {
        routing: MailRouting::Local,
        mailboxes: vec![
            mailbox("info", Login::Hash(hash(SHA512)), Some(268_435_456)),
            mailbox("anna", Login::LockedHash(hash(MD5)), None),
            mailbox("zoe", Login::Locked, Some(0)),
        ],
        aliases: vec![
            alias("team", vec![to("x@Else.Example"), to("O'Neil+a@else.example")]),
            alias("Sales", vec![to("anna@main.example")]),
            alias(
                "anna",
                vec![
                    Destination::Pipe(
                        "/usr/local/cpanel/bin/autorespond anna@main.example \
                         /home/acct/.autorespond"
                            .to_owned(),
                    ),
                    Destination::Account,
                ],
            ),
            alias("old", vec![Destination::Fail("Gone, try elsewhere".to_owned())]),
            alias("void", vec![Destination::Blackhole]),
        ],
        default: CatchAll::default(),
        ..DomainMail::default()
    };
    account.domains.push(Domain {
        name: name("shop.example"),
        kind: DomainKind::Addon { backing: name("shop.example.main.example") },
        document_root: "shop.example".to_owned(),
        mail: DomainMail {
            routing: MailRouting::Auto,
            mailboxes: vec![mailbox("info", Login::Locked, None)],
            default: CatchAll::Address("info@shop.example".to_owned()),
            ..DomainMail::default()
        },
    });
    account.domains.push(Domain {
        name: name("blog.main.example"),
        kind: DomainKind::Subdomain { label: "blog".to_owned(), of: name("main.example") },
        document_root: "public_html/sites/blog".to_owned(),
        mail: DomainMail {
            routing: MailRouting::Remote,
            default: CatchAll::Discard,
            ..DomainMail::default()
        },
    });
    account.domains.push(Domain {
        name: name("other.example"),
        kind: DomainKind::Parked,
        document_root: String::new(),
        mail: DomainMail {
            default: CatchAll::SystemAccount,
            forward_domain_to: Some(name("main.example")),
            ..DomainMail::default()
        },
    });
    account
}

fn files(account: &Account) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    account_members(account)
        .unwrap()
        .into_iter()
        .filter_map(|member| match &member.kind {
            MemberKind::File(content) => Some((text(&member.path), text(content))),
            MemberKind::Directory => None,
        })
        .collect()
}

#[track_caller]
fn assert_file(path: &str, expected: &str) {
    let files = files(&account());
    let found = files.get(path).unwrap_or_else(|| panic!("no {path}"));
    assert_eq!(found, expected, "{path}");
}

#[test]
fn account_record() {
    assert_file(
        "cp/acct",
        "\
BACKUP=1
BWLIMIT=unlimited
CONTACTEMAIL=owner@else.example
CONTACTEMAIL2=
DEMO=0
DISK_BLOCK_LIMIT=10240000
DNS=main.example
DNS1=blog.main.example
DNS2=other.example
DNS3=shop.example
DNS4=shop.example.main.example
FEATURELIST=default
HASCGI=1
HASDKIM=0
HASSPF=0
IP=192.0.2.7
LEGACY_BACKUP=0
LOCALE=en
MAILBOX_FORMAT=maildir
MAXADDON=unlimited
MAXFTP=unlimited
MAXLST=unlimited
MAXPARK=unlimited
MAXPOP=unlimited
MAXSQL=unlimited
MAXSUB=unlimited
MAX_EMAILACCT_QUOTA=unlimited
MXCHECK-blog.main.example=remote
MXCHECK-main.example=local
MXCHECK-other.example=local
MXCHECK-shop.example=auto
MXCHECK-shop.example.main.example=auto
OWNER=root
PLAN=Gold plan
RS=jupiter
STARTDATE=1600000000
USER=acct
UTF8MAILBOX=0
",
    );
}

#[test]
fn mailboxes() {
    assert_file(
        "homedir/etc/main.example/shadow",
        &format!("anna:!{MD5}:19675::::::\ninfo:{SHA512}:19675::::::\nzoe:!!:19675::::::\n"),
    );
    assert_file(
        "homedir/etc/main.example/passwd",
        "\
anna:x:65534:65534::/home/acct/mail/main.example/anna:/home/acct
info:x:65534:65534::/home/acct/mail/main.example/info:/home/acct
zoe:x:65534:65534::/home/acct/mail/main.example/zoe:/home/acct
",
    );
    assert_file("homedir/etc/main.example/quota", "info:268435456\n");
    assert_file("homedir/etc/shop.example/shadow", "info:!!:19675::::::\n");
    assert_file("homedir/etc/shop.example/quota", "");
    // A line of shadow has nine fields, one of passwd has seven.
    let files = files(&account());
    for line in files["homedir/etc/main.example/shadow"].lines() {
        assert_eq!(line.split(':').count(), 9);
    }
    for line in files["homedir/etc/main.example/passwd"].lines() {
        assert_eq!(line.split(':').count(), 7);
    }
    assert!(!files.contains_key("homedir/etc/blog.main.example/shadow"));
    assert_eq!(
        maildir_path(&name("main.example"), &LocalPart::new("anna").unwrap()),
        "homedir/mail/main.example/anna"
    );
}

#[test]
fn aliases() {
    assert_file(
        "va/main.example",
        "\
anna@main.example: \"|/usr/local/cpanel/bin/autorespond anna@main.example /home/acct/.autorespond\",acct
old@main.example: :fail: Gone, try elsewhere
sales@main.example: anna@main.example
team@main.example: x@else.example,O'Neil+a@else.example
void@main.example: :blackhole:
*: :fail: No Such User Here
",
    );
    assert_file("va/shop.example", "*: info@shop.example\n");
    assert_file("va/blog.main.example", "*: :blackhole:\n");
    assert_file("va/other.example", "*: acct\n");
    // The host behind an addon domain has files too.
    assert_file("va/shop.example.main.example", "*: :fail: No Such User Here\n");
    assert_file("vad/other.example", "other.example: main.example\n");
    assert_file("vad/main.example", "");
    for domain in [
        "main.example",
        "shop.example",
        "shop.example.main.example",
        "blog.main.example",
        "other.example",
    ] {
        assert_file(&format!("vf/{domain}"), "");
    }
}

#[test]
fn domain_lists() {
    assert_file("addons", "shop.example=shop.example_main.example\n");
    assert_file("pds", "other.example\n");
    assert_file("sds", "blog_main.example\nshop.example_main.example\n");
    assert_file(
        "sds2",
        "blog_main.example=public_html/sites/blog\nshop.example_main.example=shop.example\n",
    );
}

#[test]
fn userdata() {
    assert_file(
        "userdata/main",
        "--- \n\
addon_domains:
  shop.example: shop.example.main.example
main_domain: main.example
parked_domains:
  - other.example
sub_domains:
  - blog.main.example
  - shop.example.main.example
",
    );
    assert_file(
        "userdata/main.example",
        "--- \n\
documentroot: /home/acct/public_html
group: acct
hascgi: 1
homedir: /home/acct
ip: 192.0.2.7
owner: root
phpopenbasedirprotect: 1
port: 80
serveradmin: webmaster@main.example
serveralias: mail.main.example www.main.example other.example mail.other.example www.other.example
servername: main.example
usecanonicalname: 'Off'
user: acct
",
    );
    assert_file(
        "userdata/shop.example.main.example",
        "--- \n\
documentroot: /home/acct/shop.example
group: acct
hascgi: 1
homedir: /home/acct
ip: 192.0.2.7
owner: root
phpopenbasedirprotect: 1
port: 80
serveradmin: webmaster@shop.example.main.example
serveralias: www.shop.example.main.example shop.example mail.shop.example www.shop.example
servername: shop.example.main.example
usecanonicalname: 'Off'
user: acct
",
    );
    assert_file(
        "userdata/cache.json",
        r#"{"blog.main.example":["acct","root","sub","main.example","/home/acct/public_html/sites/blog","192.0.2.7:80","","","",""],
"main.example":["acct","root","main","main.example","/home/acct/public_html","192.0.2.7:80","","","",""],
"other.example":["acct","root","parked","main.example","/home/acct/public_html","192.0.2.7:80","","","",""],
"shop.example":["acct","root","addon","main.example","/home/acct/shop.example","192.0.2.7:80","","","",""],
"shop.example.main.example":["acct","root","sub","main.example","/home/acct/shop.example","192.0.2.7:80","","","",""]}"#,
    );
}

#[test]
fn single_values() {
    assert_file("version", "pkgacct version: 10\narchive version: 4\n");
    assert_file("shadow", SHA512);
    assert_file("shell", "/bin/bash");
    assert_file("quota", "10000");
    assert_file("homedir_paths", "/home/acct\n");
    assert_file("meta/homedir_paths", "/home/acct\n");
    assert_file("meta/mailserver", "dovecot");
    assert_file("meta/dbprefix", "0");
    assert_file("mysql.sql", "-- cPanel mysql backup\n");
    assert_file("autossl.json", "{\"excluded_domains\":[]}");
    assert_file("has_sslstorage", "");
    assert_file("homedir/.contactemail", "email: owner@else.example\n");
}

#[test]
fn suspension() {
    let mut account = account();
    account.suspended = Some("Unpaid since May".to_owned());
    let files = files(&account);
    assert_eq!(files["suspended/acct"], "Unpaid since May");
    assert_eq!(files["suspendinfo/acct"], "shell=/bin/bash\n");
    assert!(files["cp/acct"].contains("\nSUSPENDED=1\nSUSPENDTIME=1700000000\n"));
}

#[test]
fn least_account() {
    let account = Account::new(UserName::new("tiny").unwrap(), name("tiny.example"), STAMP);
    let files = files(&account);
    for (path, expected) in [
        ("addons", ""),
        ("pds", ""),
        ("sds", ""),
        ("sds2", ""),
        ("quota", "0"),
        // Never empty: one importer stops at that.
        ("shadow", "!!"),
        ("va/tiny.example", "*: :fail: No Such User Here\n"),
        ("vf/tiny.example", ""),
        (
            "userdata/main",
            "--- \naddon_domains: {}\nmain_domain: tiny.example\nparked_domains: []\nsub_domains: []\n",
        ),
    ] {
        assert_eq!(files[path], expected, "{path}");
    }
    let record = &files["cp/tiny"];
    assert!(record.contains("\nDISK_BLOCK_LIMIT=0\n"));
    for absent in ["IP=", "PLAN=", "SUSPENDED", "DNS1=", "CREATED_IN_VERSION", "DOMAIN"] {
        assert!(!record.lines().any(|line| line.starts_with(absent)), "{absent}");
    }
    assert!(!files.contains_key("homedir/.contactemail"));
}

#[test]
fn tree_and_modes() {
    let members = account_members(&account()).unwrap();
    let listing: BTreeMap<&str, String> = members
        .iter()
        .map(|member| {
            let kind = if member.kind == MemberKind::Directory { 'd' } else { '-' };
            (std::str::from_utf8(&member.path).unwrap(), format!("{kind}{:o}", member.mode))
        })
        .collect();
    for (path, expected) in [
        ("cp", "d700"),
        ("cp/acct", "-600"),
        ("dnszones", "d700"),
        ("mysql", "d700"),
        ("dnssec_keys", "d755"),
        ("userconfig", "d755"),
        ("homedir", "d711"),
        ("homedir/etc", "d750"),
        ("homedir/etc/main.example", "d750"),
        ("homedir/etc/main.example/passwd", "-640"),
        ("homedir/etc/main.example/shadow", "-640"),
        ("homedir/etc/main.example/quota", "-640"),
        ("homedir/mail", "d751"),
        ("homedir/public_html", "d755"),
        ("homedir/public_html/sites", "d755"),
        ("homedir/public_html/sites/blog", "d755"),
        ("homedir/shop.example", "d755"),
        ("homedir/.contactemail", "-600"),
    ] {
        assert_eq!(listing.get(path).map(String::as_str), Some(expected), "{path}");
    }
    // Whoever unpacks in order finds each directory before what is in it.
    for (at, member) in members.iter().enumerate() {
        let Some(slash) = member.path.iter().rposition(|byte| *byte == b'/') else { continue };
        let parent = &member.path[..slash];
        assert!(
            members[..at].iter().any(|m| m.path == parent && m.kind == MemberKind::Directory),
            "{}",
            member.path.escape_ascii()
        );
    }
    // Strange things in mail/ are converted as old mail, an empty apache_tls/ is misread, and
    // extra shadow files look like a break-in.
    assert!(!listing.keys().any(|path| path.starts_with("homedir/mail/")));
    assert!(!listing.contains_key("apache_tls"));
    assert!(!listing.keys().any(|path| path.contains("shadow.")));
}

#[test]
fn the_order_of_what_is_given_does_not_matter() {
    let mut turned = account();
    turned.domains.reverse();
    for domain in &mut turned.domains {
        domain.mail.mailboxes.reverse();
        domain.mail.aliases.reverse();
    }
    assert_eq!(account_members(&turned), account_members(&account()));
}
