//! What stands twice, would get one name or can't be held: it costs itself alone, never the account.

use plesk_fixture::AutoresponderSpec;

use super::*;

fn written(plan: &AccountPlan) -> cpmove::Account {
    let account = plan.account().unwrap();
    cpmove::account_members(&account).unwrap();
    account
}

#[test]
fn an_address_in_two_spellings_is_planned_once() {
    let answering = |name: &str, text: &str| {
        let mut spec = mailbox(name, Some(PasswordSpec::plain("secret")));
        spec.autoresponders =
            vec![AutoresponderSpec { text: text.into(), ..AutoresponderSpec::default() }];
        spec.spam = Some(plesk_fixture::SpamSpec::default());
        spec.aliases = vec![format!("{text}-alias")];
        spec
    };
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![answering("anna", "first"), answering("Anna", "second")];
    let plan = plan(subscription);
    let account = written(&plan);
    let mail = &account.domains[0].mail;
    assert_eq!(mail.mailboxes.len(), 1);
    let answers: Vec<_> = mail.autoresponders.iter().map(|answer| answer.body.as_str()).collect();
    assert_eq!(answers, ["first"]);
    let aliases: Vec<_> = mail.aliases.iter().map(|alias| alias.local.as_str()).collect();
    assert_eq!(aliases, ["first-alias"]);
    let of = |setting: &str| {
        let rows = plan.settings.iter().filter(|row| row.setting == setting);
        rows.map(|row| (row.object.as_str(), row.outcome)).collect::<Vec<_>>()
    };
    let anna = "anna@example.com";
    assert_eq!(of("mailbox"), [(anna, SettingOutcome::Skipped), (anna, SettingOutcome::Converted)]);
    assert_eq!(of("autoresponder").len(), 1);
    assert_eq!(of("spamassassin").len(), 1);
    // The answer's interval is said as well, once.
    assert_eq!(codes(&plan, anna), ["address-not-carried", "setting-adapted"]);
}

/// Where the metadata are cut, a mailbox is known by its directory alone, and a file system that
/// tells capitals apart may have two of one name.
#[test]
fn directories_in_two_spellings_are_two_mailboxes() {
    let disk = OnDisk { messages: 1, bytes: 100, sieve: None };
    let directories = ["bob", "Bob", "BOB", "bob-2", "Anna", "anna", "A+b", "a-b"];
    let on_disk: BTreeMap<_, _> =
        directories.iter().map(|name| (name.as_bytes().to_vec(), disk.clone())).collect();
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![mailbox("anna", Some(PasswordSpec::plain("secret")))];
    let mut description = describe(&Spec { subscriptions: vec![subscription], ..Spec::default() });
    description.subscriptions[0].complete = false;
    let plan = plan_of(&description, &vec![on_disk], false);
    let account = written(&plan);
    assert_eq!(account.domains[0].mail.mailboxes.len(), directories.len());
    let names: BTreeMap<_, _> = plan
        .mailboxes
        .iter()
        .map(|mailbox| {
            let directory = mailbox.directory.as_ref().unwrap().clone();
            let new = mailbox.new_address.as_deref().unwrap_or("as before");
            (String::from_utf8(directory).unwrap(), (mailbox.local.as_str(), new))
        })
        .collect();
    assert_eq!(
        names,
        BTreeMap::from([
            ("bob".to_owned(), ("bob", "as before")),
            ("bob-2".to_owned(), ("bob-2", "as before")),
            ("BOB".to_owned(), ("bob-3", "bob-3@example.com")),
            ("Bob".to_owned(), ("bob-4", "bob-4@example.com")),
            ("anna".to_owned(), ("anna", "as before")),
            ("Anna".to_owned(), ("anna-2", "anna-2@example.com")),
            ("a-b".to_owned(), ("a-b", "as before")),
            ("A+b".to_owned(), ("a-b-2", "a-b-2@example.com")),
        ])
    );
    assert_eq!(codes(&plan, "Bob@example.com"), ["local-part-adapted", "login-locked"]);
}

#[test]
fn every_site_has_a_backing_subdomain_of_its_own() {
    let long = format!("{}.example", ["a"; 120].join("."));
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.sites = [
        "a-b.example",
        "a_b.example",
        "c_d.example",
        // Both are what the backing subdomain of another would be called.
        "c-d.example.example.com",
        "_e.example",
        long.as_str(),
    ]
    .map(SiteSpec::new)
    .to_vec();
    subscription.aliases = vec![DomainAliasSpec::new("a-b.example-2.example.com")];
    let plan = plan(subscription);
    written(&plan);
    let backings: BTreeMap<_, _> = plan
        .domains
        .iter()
        .filter_map(|domain| match &domain.kind {
            DomainKind::Addon { backing } => Some((domain.name.as_str(), backing.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        backings,
        BTreeMap::from([
            ("a-b.example", "a-b.example.example.com"),
            ("a_b.example", "a-b.example-3.example.com"),
            ("c_d.example", "c-d.example-2.example.com"),
            ("c-d.example.example.com", "c-d.example.example.com.example.com"),
            ("_e.example", "site.example.com"),
            (long.as_str(), "site-2.example.com"),
        ])
    );
}

/// A site that the account can't hold costs itself alone.
#[test]
fn a_site_that_cannot_be_held_is_left_out() {
    let sub =
        |name: &str, parent: &str| SiteSpec { parent: Some(parent.into()), ..SiteSpec::new(name) };
    let sites = vec![
        sub("x.shop.my_main.example", "shop.my_main.example"),
        sub("shop.my_main.example", "my_main.example"),
        SiteSpec::new("other.example"),
    ];
    let mut subscription = SubscriptionSpec::new("my_main.example");
    subscription.sites = sites;
    subscription.mailboxes = vec![mailbox("anna", Some(PasswordSpec::plain("secret")))];
    let plan = plan(subscription);
    let account = written(&plan);
    assert_eq!(account.domains.len(), 1);
    assert_eq!(account.domains[0].mail.mailboxes.len(), 1);
    for site in ["x.shop.my_main.example", "shop.my_main.example", "other.example"] {
        assert_eq!(codes(&plan, site), ["domain-adapted"], "{site}");
        let row = plan.settings.iter().find(|row| row.object == site && row.setting == "domain");
        assert_eq!(row.unwrap().outcome, SettingOutcome::Skipped, "{site}");
    }
}

#[test]
fn a_document_root_of_cpanels_own_is_not_taken() {
    let roots = ["mail/httpdocs", "etc/x", ".autorespond", "shop/./x", "a//b", "shop/httpdocs"];
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.sites = (1..)
        .zip(roots)
        .map(|(number, root)| SiteSpec {
            www_root: root.into(),
            ..SiteSpec::new(format!("site{number}.example"))
        })
        .collect();
    let plan = plan(subscription);
    written(&plan);
    let planned: Vec<_> =
        plan.domains.iter().skip(1).map(|domain| domain.document_root.as_str()).collect();
    assert_eq!(
        planned,
        [
            "site1.example",
            "site2.example",
            "site3.example",
            "site4.example",
            "site5.example",
            "shop/httpdocs"
        ]
    );
}
