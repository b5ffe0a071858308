//! Where mail goes, said by an Exim that reads `va/`, `vad/` and the lists of mailboxes in the
//! order in which cPanel's does (`exim -bt`): alias, mailbox, domain forward, everything else.

use std::fs;

use cpmove::*;

use crate::exim::Exim;
use crate::mail_settings::account;

/// The account's name in front, and the routers that the converter is checked with, too.
const ROUTERS: &str =
    concat!("ACCOUNT = acct\n", include_str!("../../../../fixtures/exim/routers.conf"));

fn alias(local: &str, destinations: Vec<Destination>) -> Alias {
    Alias { local: local.to_owned(), destinations }
}

fn to(address: &str) -> Destination {
    Destination::Address(address.to_owned())
}

fn autoresponder(local: &str) -> Autoresponder {
    Autoresponder {
        local: local.to_owned(),
        from_name: None,
        subject: None,
        content_type: ContentType::Plain,
        charset: "utf-8".to_owned(),
        body: String::new(),
        interval_hours: 24,
        start: None,
        stop: None,
    }
}

fn domain(text: &str, mail: DomainMail) -> Domain {
    let name = DomainName::new(text).unwrap();
    Domain { name, kind: DomainKind::Parked, document_root: String::new(), mail }
}

fn example() -> Account {
    account(|account| {
        let mail = &mut account.domains[0].mail;
        mail.mailboxes
            .push(Mailbox { local: LocalPart::new("bob").unwrap(), ..mail.mailboxes[0].clone() });
        mail.autoresponders = ["anna", "away", "both", "a+b"].map(autoresponder).to_vec();
        mail.aliases = vec![
            alias("anna", vec![to("x@else.example")]),
            alias("bob", vec![to("b@else.example"), to("c@else.example")]),
            alias("both", vec![to("bob@main.example"), Destination::Account]),
            alias("team", vec![to("anna@main.example"), to("O'Neil+x@else.example")]),
            alias("plus+tag", vec![to("p@else.example")]),
            alias("closed", vec![Destination::Fail("Closed, ask sales: now".to_owned())]),
            alias("void", vec![Destination::Blackhole]),
        ];
        account.domains.push(domain(
            "alias.example",
            DomainMail {
                forward_domain_to: Some(account.main_domain.clone()),
                ..DomainMail::default()
            },
        ));
        let default = CatchAll::Discard;
        account
            .domains
            .push(domain("quiet.example", DomainMail { default, ..DomainMail::default() }));
        let default = CatchAll::Address("all@else.example".to_owned());
        account
            .domains
            .push(domain("open.example", DomainMail { default, ..DomainMail::default() }));
        let default = CatchAll::SystemAccount;
        account
            .domains
            .push(domain("own.example", DomainMail { default, ..DomainMail::default() }));
        let routing = MailRouting::Remote;
        account
            .domains
            .push(domain("away.example", DomainMail { routing, ..DomainMail::default() }));
    })
}

/// Exim with what an archive of the account holds.
fn exim(account: &Account) -> Exim {
    let exim = Exim::new(ROUTERS);
    for member in account_members(account).unwrap() {
        let path = exim.place.path().join(str::from_utf8(&member.path).unwrap());
        match member.kind {
            MemberKind::Directory => fs::create_dir_all(path).unwrap(),
            MemberKind::File(content) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
        }
    }
    exim
}

/// The deliveries: `address transport`, or a program; sorted.
#[track_caller]
fn deliveries(exim: &Exim, address: &str) -> Vec<String> {
    let (code, output) = exim.route(address);
    assert_eq!(code, 0, "{address}: {output}");
    let mut found = Vec::new();
    let mut recipient = "";
    for line in output.lines() {
        if let Some((_, command)) = line.split_once(" -> |") {
            found.push(format!("|{command}"));
            recipient = "";
        } else if let Some((_, transport)) = line.split_once("transport = ") {
            if !recipient.is_empty() {
                found.push(format!("{recipient} {transport}"));
            }
        } else if !line.starts_with(' ') {
            // The same recipient found twice gets one copy.
            recipient = if line.contains("[duplicate") { "" } else { line };
        }
    }
    found.sort();
    found
}

#[track_caller]
fn undeliverable(exim: &Exim, address: &str, text: &str) {
    let (code, output) = exim.route(address);
    assert_eq!((code, output), (2, format!("{address} is undeliverable: {text}\n")));
}

fn answer(address: &str) -> String {
    format!("|/usr/local/cpanel/bin/autorespond {address} /home/acct/.autorespond")
}

#[test]
fn mailboxes_aliases_and_answers() {
    let exim = exim(&example());
    let anna = answer("anna@main.example");
    for (address, expected) in [
        // Forwarded, answered, and kept.
        ("anna@main.example", vec!["anna@main.example inbox", "x@else.example remote", &anna]),
        ("Anna@Main.Example", vec!["Anna@Main.Example inbox", "x@else.example remote", &anna]),
        (
            "bob@main.example",
            vec!["b@else.example remote", "bob@main.example inbox", "c@else.example remote"],
        ),
        // Answered only: no mailbox, no alias.
        ("away@main.example", vec![&answer("away@main.example")]),
        ("a+b@main.example", vec![&answer("a+b@main.example")]),
        // Answered, forwarded to a mailbox that forwards, and to the account.
        (
            "both@main.example",
            vec![
                "acct@host.example inbox",
                "b@else.example remote",
                "bob@main.example inbox",
                "c@else.example remote",
                &answer("both@main.example"),
            ],
        ),
        (
            "team@main.example",
            vec![
                "O'Neil+x@else.example remote",
                "anna@main.example inbox",
                "x@else.example remote",
                &anna,
            ],
        ),
        ("plus+tag@main.example", vec!["p@else.example remote"]),
        // Behind the plus is a folder; the alias is not asked.
        ("\"bob+Some Folder\"@main.example", vec!["\"bob+Some Folder\"@main.example inbox"]),
    ] {
        assert_eq!(deliveries(&exim, address), expected, "{address}");
    }
}

#[test]
fn refusals() {
    let exim = exim(&example());
    undeliverable(&exim, "closed@main.example", "Closed, ask sales: now");
    undeliverable(&exim, "nobody@main.example", "No Such User Here");
    for address in ["void@main.example", "anybody@quiet.example"] {
        assert_eq!(exim.route(address), (0, format!("mail to {address} is discarded\n")));
    }
}

#[test]
fn everything_else() {
    let exim = exim(&example());
    assert_eq!(deliveries(&exim, "any@open.example"), ["all@else.example remote"]);
    assert_eq!(deliveries(&exim, "any@own.example"), ["acct@host.example inbox"]);
    // Its mail is another server's.
    assert_eq!(deliveries(&exim, "any@away.example"), ["any@away.example remote"]);
    // The whole domain is another name.
    assert_eq!(
        deliveries(&exim, "anna@alias.example"),
        ["anna@main.example inbox", "x@else.example remote", &answer("anna@main.example")]
    );
    let (code, output) = exim.route("nobody@alias.example");
    assert_eq!(code, 2);
    assert!(
        output.starts_with("nobody@main.example is undeliverable: No Such User Here"),
        "{output}"
    );
}
