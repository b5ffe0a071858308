//! Plans, from small backups to the account.

use std::collections::BTreeMap;

use cpmove::{DomainKind, Login, UserName};
use plesk_backup::{Backup, Description};
use plesk_fixture::{
    DomainAliasSpec, MailboxSpec, PasswordSpec, SiteSpec, Spec, SubscriptionSpec, pack_directory,
};

use super::*;
use crate::report::LoginReport;

fn describe(spec: &Spec) -> Description {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(spec, directory.path()).unwrap();
    Backup::open(directory.path()).unwrap().describe().unwrap()
}

fn plan_with(spec: &Spec, on_disk: &DiskFacts) -> AccountPlan {
    plan_of(&describe(spec), on_disk, false)
}

fn plan_of(
    description: &Description,
    on_disk: &DiskFacts,
    lists_as_forwarders: bool,
) -> AccountPlan {
    let names = account_names("backup", &description.subscriptions, &BTreeMap::new()).unwrap();
    let context = Context {
        description,
        name: &names[0],
        key: None,
        on_disk,
        dkim: &[],
        lists_as_forwarders,
    };
    plan_account(&description.subscriptions[0], &context).unwrap()
}

fn plan(subscription: SubscriptionSpec) -> AccountPlan {
    plan_with(&Spec { subscriptions: vec![subscription], ..Spec::default() }, &Vec::new())
}

fn codes<'a>(plan: &'a AccountPlan, object: &str) -> Vec<&'a str> {
    plan.findings
        .iter()
        .filter(|finding| finding.object == object)
        .map(|finding| finding.code.as_ref())
        .collect()
}

fn mailbox(name: &str, password: Option<PasswordSpec>) -> MailboxSpec {
    MailboxSpec { password, ..MailboxSpec::new(name) }
}

#[test]
fn account_names_follow_the_system_user_and_never_meet() {
    let mut first = SubscriptionSpec::new("a.example");
    first.system_user = "Shop.One".into();
    let mut second = SubscriptionSpec::new("b.example");
    second.system_user = "shopone".into();
    let mut third = SubscriptionSpec::new("c.example");
    third.system_user = "plain".into();
    let description =
        describe(&Spec { subscriptions: vec![first, second, third], ..Spec::default() });
    let names = |users: &[(&str, &str)]| {
        let users = users
            .iter()
            .map(|(domain, name)| ((*domain).to_owned(), UserName::new(name).unwrap()))
            .collect();
        account_names("backup", &description.subscriptions, &users)
            .map(|names| names.iter().map(|name| name.user.as_str().to_owned()).collect::<Vec<_>>())
    };
    let derived = names(&[]).unwrap();
    assert_eq!(derived[0], "shopone");
    assert_ne!(derived[1], "shopone");
    assert_eq!(derived[2], "plain");
    // A name chosen by hand is never taken by a derived one.
    let chosen = names(&[("c.example", "shopone")]).unwrap();
    assert_eq!(chosen[2], "shopone");
    assert!(!chosen[..2].contains(&"shopone".to_owned()));
    assert!(names(&[("nowhere.example", "abc")]).is_err());
    assert!(names(&[("a.example", "abc"), ("b.example", "abc")]).is_err());
}

#[test]
fn every_password_ends_as_a_hash_or_locked_and_said() {
    let crypt = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
    let md5 = "$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0";
    let encrypted = "$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$QYE8ZOq+Gi0NB4hQ3Nb0+Q==";
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![
        mailbox("plain", Some(PasswordSpec::plain("secret"))),
        mailbox("same", Some(PasswordSpec::plain("secret"))),
        mailbox("hash", Some(PasswordSpec::new("encrypted", crypt))),
        mailbox("weak", Some(PasswordSpec::new("encrypted", md5))),
        mailbox("sym", Some(PasswordSpec::new("sym", encrypted))),
        mailbox("empty", Some(PasswordSpec::plain(""))),
        mailbox("none", None),
    ];
    let plan = plan(subscription);
    let reports: BTreeMap<_, _> = plan
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.local.as_str(), mailbox.login.report()))
        .collect();
    assert_eq!(
        reports,
        BTreeMap::from([
            ("plain", LoginReport::Hashed),
            ("same", LoginReport::Hashed),
            ("hash", LoginReport::HashKept),
            ("weak", LoginReport::HashKept),
            ("sym", LoginReport::Locked),
            ("empty", LoginReport::Locked),
            ("none", LoginReport::Locked),
        ])
    );
    assert_eq!(codes(&plan, "weak@example.com"), ["password-weak"]);
    for locked in ["sym", "empty", "none"] {
        assert_eq!(codes(&plan, &format!("{locked}@example.com")), ["login-locked"]);
    }
    let account = plan.account().unwrap();
    let logins: BTreeMap<_, _> = account.domains[0]
        .mail
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.local.as_str().to_owned(), mailbox.login.clone()))
        .collect();
    let hash = |name: &str| match &logins[name] {
        Login::Hash(hash) => hash.as_str().to_owned(),
        other => panic!("{name}: {other:?}"),
    };
    assert!(hash("plain").starts_with("$6$"));
    assert_ne!(hash("plain"), hash("same"), "one password, two mailboxes, two salts");
    assert_eq!(hash("hash"), crypt);
    assert_eq!(logins["none"], Login::Locked);
}

#[test]
fn domains_become_main_addon_subdomain_and_parked() {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.aliases = vec![
        DomainAliasSpec::new("alias.example"),
        DomainAliasSpec { mail: false, web: false, ..DomainAliasSpec::new("dead.example") },
    ];
    subscription.sites = vec![
        SiteSpec::new("bücher.example"),
        SiteSpec { parent: Some("example.com".into()), ..SiteSpec::new("blog.example.com") },
        SiteSpec { parent: Some("example.com".into()), ..SiteSpec::new("my_blog.example.com") },
        SiteSpec {
            parent: Some("elsewhere.example".into()),
            ..SiteSpec::new("x.elsewhere.example")
        },
    ];
    let plan = plan(subscription);
    let kinds: BTreeMap<_, _> =
        plan.domains.iter().map(|domain| (domain.name.as_str(), &domain.kind)).collect();
    assert_eq!(kinds["example.com"], &DomainKind::Main);
    assert!(matches!(kinds["xn--bcher-kva.example"], DomainKind::Addon { backing }
        if backing.as_str() == "xn--bcher-kva.example.example.com"));
    assert!(matches!(kinds["blog.example.com"], DomainKind::Subdomain { label, of }
        if label == "blog" && of.as_str() == "example.com"));
    // An underscore would be mis-read in cPanel's list of subdomains.
    assert!(matches!(kinds["my_blog.example.com"], DomainKind::Addon { backing }
        if !backing.as_str().contains('_')));
    assert_eq!(codes(&plan, "my_blog.example.com"), ["domain-adapted"]);
    // Nor can it be a subdomain of what the account does not have.
    assert!(matches!(kinds["x.elsewhere.example"], DomainKind::Addon { .. }));
    cpmove::account_members(&plan.account().unwrap()).unwrap();
    assert_eq!(kinds["alias.example"], &DomainKind::Parked);
    assert!(!kinds.contains_key("dead.example"));
    let alias = plan.domains.iter().find(|domain| domain.name.as_str() == "alias.example").unwrap();
    assert_eq!(alias.forward_to.as_ref().unwrap().as_str(), "example.com");
}

#[test]
fn aliases_forwards_and_the_catch_all() {
    let mut subscription = SubscriptionSpec::new("example.com");
    let mut anna = mailbox("Anna", Some(PasswordSpec::plain("secret")));
    anna.aliases = vec!["Sales".into(), "info".into()];
    anna.forwards = vec![
        "copy@example.net".into(),
        "bert".into(),
        "anna@example.com".into(),
        "post@bücher.example".into(),
    ];
    anna.forwarding_enabled = true;
    let mut off = mailbox("bert", Some(PasswordSpec::plain("secret")));
    off.forwards = vec!["nobody@example.net".into()];
    let mut forward_only = mailbox("group", None);
    forward_only.mailbox = false;
    forward_only.forwards = vec!["a@example.net".into(), "a@example.net".into()];
    forward_only.forwarding_enabled = true;
    let mut dead = mailbox("dead", None);
    dead.mailbox = false;
    dead.aliases = vec!["deadalias".into()];
    subscription.mailboxes = vec![anna, off, forward_only, dead];
    subscription.catch_all = Some("bounce:No such\n person".into());
    let plan = plan(subscription);
    let account = plan.account().unwrap();
    let mail = &account.domains[0].mail;
    let lines: BTreeMap<_, _> = mail
        .aliases
        .iter()
        .map(|alias| {
            let targets: Vec<_> = alias
                .destinations
                .iter()
                .map(|destination| match destination {
                    cpmove::Destination::Address(address) => address.as_str(),
                    other => panic!("{other:?}"),
                })
                .collect();
            (alias.local.as_str(), targets)
        })
        .collect();
    assert_eq!(
        lines,
        BTreeMap::from([
            ("anna", vec!["copy@example.net", "bert@example.com", "post@xn--bcher-kva.example"]),
            ("sales", vec!["anna@example.com"]),
            ("info", vec!["anna@example.com"]),
            ("group", vec!["a@example.net"]),
        ])
    );
    assert_eq!(mail.default, cpmove::CatchAll::Reject { text: "No such person".into() });
    let skipped: Vec<_> = plan
        .settings
        .iter()
        .filter(|setting| setting.outcome == SettingOutcome::Skipped)
        .map(|setting| (setting.object.as_str(), setting.setting.as_str()))
        .collect();
    assert!(skipped.contains(&("bert@example.com", "forwarding")));
    assert!(skipped.contains(&("dead@example.com", "alias")));
}

#[test]
fn what_is_switched_off_keeps_its_mail_and_lets_nobody_in() {
    let disk = OnDisk { messages: 3, bytes: 300, sieve: None };
    let on_disk =
        vec![BTreeMap::from([(b"gone".to_vec(), disk.clone()), (b"ghost".to_vec(), disk)])];
    let mut subscription = SubscriptionSpec::new("example.com");
    let mut gone = mailbox("gone", Some(PasswordSpec::plain("secret")));
    gone.mailbox = false;
    let mut switched_off = mailbox("off", Some(PasswordSpec::plain("secret")));
    switched_off.enabled = false;
    subscription.mailboxes = vec![gone, switched_off];
    let plan = plan_with(&Spec { subscriptions: vec![subscription], ..Spec::default() }, &on_disk);
    let logins: Vec<_> = plan
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.local.as_str(), mailbox.login.report()))
        .collect();
    assert_eq!(logins, [("gone", LoginReport::Suspended), ("off", LoginReport::Suspended)]);
    assert!(codes(&plan, "gone@example.com").contains(&"login-suspended"));
    // Mail of a mailbox that was deleted is said, and not brought back.
    assert_eq!(codes(&plan, "ghost@example.com"), ["orphaned-mail"]);
}

#[test]
fn an_address_that_cpanel_cannot_hold_gets_the_nearest_name() {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = ["a+b", "a-b", "shadow"]
        .map(|name| mailbox(name, Some(PasswordSpec::plain("secret"))))
        .to_vec();
    let plan = plan(subscription);
    let names: BTreeMap<_, _> = plan
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.address.as_str(), mailbox.local.as_str()))
        .collect();
    assert_eq!(
        names,
        BTreeMap::from([
            ("a+b@example.com", "a-b-2"),
            ("a-b@example.com", "a-b"),
            ("shadow@example.com", "shadow-2"),
        ])
    );
    assert_eq!(codes(&plan, "a+b@example.com"), ["local-part-adapted"]);
    // Mail for the old address still gets there.
    let account = plan.account().unwrap();
    let aliases: Vec<_> = account.domains[0]
        .mail
        .aliases
        .iter()
        .map(|alias| (alias.local.as_str(), alias.destinations.clone()))
        .collect();
    let to = |address: &str| vec![cpmove::Destination::Address(address.to_owned())];
    assert_eq!(aliases, [("a+b", to("a-b-2@example.com")), ("shadow", to("shadow-2@example.com"))]);
}

mod outcomes;
mod twice;

mod odd {
    use proptest::prelude::*;

    use super::*;

    /// Text as people and hostile backups have it.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z]{1,8}",
            "[A-Za-z0-9.@#*+,;:|/\"'\\\\ üß$%&!?=_{}~^`-]{0,20}",
            "[a-z]{1,8}@[a-zü.]{1,12}",
            Just(":fail: no".to_owned()),
            Just("|/bin/sh".to_owned()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Whatever a backup says, one odd setting never costs the account: the writer takes the plan.
        #[test]
        fn no_setting_fails_an_account(
            names in prop::collection::vec(text(), 1..5),
            aliases in prop::collection::vec(text(), 0..4),
            forwards in prop::collection::vec(text(), 0..4),
            catch_all in prop::option::of(text()),
            parked in prop::collection::vec(text(), 0..2),
            sites in prop::collection::vec((text(), text(), prop::option::of(text())), 0..4),
            lists in prop::collection::vec(text(), 0..3),
            quota in prop::option::of(any::<i64>()),
            password in text(),
            owner_email in text(),
            ip in text(),
        ) {
            let mut subscription = SubscriptionSpec::new("example.com");
            // Some stand twice, in another spelling.
            let again = names.iter().map(|name| name.to_uppercase());
            let names: Vec<String> = again.chain(names.clone()).collect();
            for (number, name) in names.into_iter().enumerate() {
                let mut spec = mailbox(&name, Some(PasswordSpec::plain(&password)));
                spec.mailbox = number % 2 == 0;
                spec.quota = quota;
                spec.aliases.clone_from(&aliases);
                spec.forwards.clone_from(&forwards);
                spec.forwarding_enabled = true;
                spec.autoresponders = vec![plesk_fixture::AutoresponderSpec::default()];
                subscription.mailboxes.push(spec);
            }
            subscription.catch_all = catch_all;
            subscription.aliases = parked.into_iter().map(DomainAliasSpec::new).collect();
            subscription.sites = sites
                .into_iter()
                .flat_map(|(site, www_root, parent)| {
                    let site = SiteSpec { www_root, parent, ..SiteSpec::new(site) };
                    let other = SiteSpec::new(site.name.replace('-', "_"));
                    [site, other]
                })
                .collect();
            let list = |name| plesk_fixture::MailingListSpec {
                name,
                ..plesk_fixture::MailingListSpec::default()
            };
            subscription.mailing_lists = lists.into_iter().map(list).collect();
            subscription.owner_email = owner_email;
            subscription.ip_addresses = vec![ip];
            let spec = Spec { subscriptions: vec![subscription], content: false, ..Spec::default() };
            let directory = tempfile::tempdir().unwrap();
            // What can't be packed is no backup.
            prop_assume!(pack_directory(&spec, directory.path()).is_ok());
            let description = Backup::open(directory.path()).unwrap().describe().unwrap();
            let names =
                account_names("backup", &description.subscriptions, &BTreeMap::new()).unwrap();
            let context = Context {
                description: &description,
                name: &names[0],
                key: None,
                on_disk: &Vec::new(),
                dkim: &[],
                lists_as_forwarders: true,
            };
            let plan = plan_account(&description.subscriptions[0], &context).unwrap();
            let account = plan.account().unwrap();
            let members = cpmove::account_members(&account);
            prop_assert!(members.is_ok(), "{:?}", members.err());
            for extra in &plan.extras {
                let is_path = crate::scan::can_be_written(extra.path.as_bytes());
                prop_assert!(is_path, "{}", extra.path);
            }
        }
    }
}
