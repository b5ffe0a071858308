//! Addresses of every kind.

use plesk_fixture::{
    AutoresponderSpec, DomainAliasSpec, Level, MailboxSpec, MemoryFile, PasswordSpec, SiteSpec,
    Spec, SubscriptionSpec,
};

pub fn mailbox(name: &str) -> MailboxSpec {
    let message = "From: a@b.example\nSubject: x\n\nhello\n";
    let file = MemoryFile::file("Maildir/cur/1700000001.M1P1.old:2,S", 1_700_000_000, message);
    MailboxSpec::new(name).with_files(vec![file]).with_password(PasswordSpec::plain("secret"))
}

pub fn address(name: &str) -> MailboxSpec {
    MailboxSpec { mailbox: false, ..MailboxSpec::new(name) }
}

pub trait With: Sized {
    fn aliases(self, aliases: &[&str]) -> Self;
    fn forwards(self, targets: &[&str]) -> Self;
    fn answers(self, enabled: bool) -> Self;
}

impl With for MailboxSpec {
    fn aliases(self, aliases: &[&str]) -> Self {
        Self { aliases: aliases.iter().map(|&alias| alias.into()).collect(), ..self }
    }

    fn forwards(self, targets: &[&str]) -> Self {
        let forwards = targets.iter().map(|&target| target.into()).collect();
        Self { forwards, forwarding_enabled: true, ..self }
    }

    fn answers(self, enabled: bool) -> Self {
        let answer = AutoresponderSpec { enabled, ..AutoresponderSpec::default() };
        Self { autoresponders: vec![answer], ..self }
    }
}

pub fn main_addresses() -> Vec<MailboxSpec> {
    let members: Vec<String> =
        (1..=60).map(|number| format!("member{number}@elsewhere.example")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let mut handover = address("handover").answers(true);
    handover.autoresponders[0].redirect = vec!["x@müller.example".into()];
    vec![
        mailbox("anna").aliases(&["contact", "Office"]),
        mailbox("bert").aliases(&["b"]).forwards(&["Bert.Copy@ELSEWHERE.example", "anna"]),
        MailboxSpec {
            forwarding_enabled: false,
            ..mailbox("carla").forwards(&["carla@elsewhere.example"])
        },
        mailbox("Doris"),
        mailbox("emil"),
        mailbox("emil+news").aliases(&["newsletter"]).forwards(&["emil@elsewhere.example"]),
        mailbox("emil-news"),
        mailbox("shadow").answers(true),
        mailbox("o'neil"),
        address("forward").aliases(&["f"]).forwards(&["one@elsewhere.example"]),
        address("forward+tag").forwards(&["tag@elsewhere.example"]),
        address("abroad").forwards(&["x@müller.example", "info@bücher.example"]),
        address("chain").forwards(&["f@example.com", "b@example.com", "anna@example.com"]),
        mailbox("ping").forwards(&["pong@example.com"]),
        mailbox("pong").forwards(&["ping@example.com"]),
        MailboxSpec {
            extra_xml: Some("<redirect>old@elsewhere.example</redirect>".into()),
            forwarding_enabled: true,
            ..address("redirect")
        },
        MailboxSpec {
            extra_xml: Some(
                "<mailgroup-member>anna</mailgroup-member>\
                 <mailgroup-member>member@elsewhere.example</mailgroup-member>"
                    .into(),
            ),
            forwarding_enabled: true,
            ..address("mailgroup")
        },
        MailboxSpec {
            extra_xml: Some("<mailgroup-member>member@elsewhere.example</mailgroup-member>".into()),
            ..address("mailgroup-off")
        },
        mailbox("gerda").answers(true),
        address("away").aliases(&["holiday"]).answers(true).forwards(&["deputy@elsewhere.example"]),
        address("robot").aliases(&["machine"]).answers(true),
        mailbox("silent").answers(false),
        handover,
        MailboxSpec { enabled: false, ..mailbox("off") },
        MailboxSpec { enabled: false, ..mailbox("moved").forwards(&["moved@elsewhere.example"]) },
        MailboxSpec { mailbox: false, ..mailbox("former").forwards(&["former@elsewhere.example"]) },
        address("nothing").aliases(&["nothing-alias"]),
        address("group").forwards(&members),
    ]
}

fn site(name: &str, catch_all: &str, mailboxes: Vec<MailboxSpec>) -> SiteSpec {
    let catch_all = Some(catch_all.to_owned()).filter(|text| !text.is_empty());
    SiteSpec { catch_all, mailboxes, ..SiteSpec::new(name) }
}

/// Domain aliases of the main domain.
pub fn domain_aliases() -> Vec<DomainAliasSpec> {
    vec![
        DomainAliasSpec::new("alias.example"),
        DomainAliasSpec::new("grün.example"),
        DomainAliasSpec { mail: false, ..DomainAliasSpec::new("web.example") },
        DomainAliasSpec {
            disabled_by: vec!["admin".into()],
            ..DomainAliasSpec::new("dead.example")
        },
    ]
}

/// The other domains.
pub fn sites() -> Vec<SiteSpec> {
    let admin = || vec!["admin".to_owned()];
    let team = address("team").forwards(&["anna", "hello"]);
    vec![
        SiteSpec {
            aliases: vec![DomainAliasSpec::new("second.example")],
            ..site(
                "addon.example",
                "contact@example.com",
                vec![mailbox("hello"), mailbox("anna"), team],
            )
        },
        SiteSpec {
            parent: Some("example.com".into()),
            ..site("shop.example.com", "reject", vec![mailbox("orders")])
        },
        site("plain.example", "", vec![mailbox("solo")]),
        site("bücher.example", "discard", vec![mailbox("info")]),
        site("open.example", "Rest@müller.example", vec![mailbox("solo")]),
        SiteSpec {
            mail_disabled_by: admin(),
            ..site("remote.example", "reject", vec![mailbox("paula")])
        },
        SiteSpec {
            disabled_by: admin(),
            ..site("closed.example", "reject", vec![mailbox("quentin").aliases(&["q"])])
        },
    ]
}

/// Addresses that cPanel has no line for, beside one that is plain.
pub fn unwritable() -> Spec {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![
        mailbox("anna"),
        mailbox("jörg"),
        address("jürgen").forwards(&["j@elsewhere.example"]),
        address("münchen").answers(true).forwards(&["m@elsewhere.example"]),
        address("*").forwards(&["all@elsewhere.example"]),
    ];
    Spec { level: Level::Subscription, subscriptions: vec![subscription], ..Spec::default() }
}
