//! What the report says became of a setting, held against what stands in the account.

use plesk_fixture::{MailingListSpec, SpamSpec};

use super::*;

fn row<'a>(plan: &'a AccountPlan, object: &str, setting: &str) -> (SettingOutcome, &'a str) {
    let mut rows =
        plan.settings.iter().filter(|row| row.object == object && row.setting == setting);
    let row = rows.next().unwrap_or_else(|| panic!("no {setting} of {object}"));
    assert!(rows.next().is_none(), "{setting} of {object} stands twice");
    (row.outcome, &row.detail)
}

fn with_spam(name: &str, spam: SpamSpec) -> MailboxSpec {
    MailboxSpec { spam: Some(spam), ..mailbox(name, Some(PasswordSpec::plain("secret"))) }
}

fn spam(action: &str, hits: &str) -> SpamSpec {
    SpamSpec { action: action.into(), hits: hits.into(), ..SpamSpec::default() }
}

/// One filter holds for all mailboxes, so that each row is about what the account has.
#[test]
fn a_spam_filter_that_others_changed_is_adapted() {
    let of_all = |mailboxes: Vec<MailboxSpec>| {
        plan(SubscriptionSpec { mailboxes, ..SubscriptionSpec::new("example.com") })
    };
    let lone = of_all(vec![with_spam("anna", spam("mark", "7"))]);
    assert_eq!(row(&lone, "anna@example.com", "spamassassin"), (SettingOutcome::Converted, ""));
    let alike = ["anna", "bert"].map(|name| with_spam(name, spam("move", "5")));
    let alike = of_all(alike.to_vec());
    for name in ["anna@example.com", "bert@example.com"] {
        assert_eq!(row(&alike, name, "spamassassin"), (SettingOutcome::Converted, ""), "{name}");
    }

    let mut group = with_spam("group", spam("delete", "9.5"));
    group.mailbox = false;
    let plan = of_all(vec![
        with_spam("strict", spam("mark", "5")),
        with_spam("high", spam("move", "9.5")),
        with_spam("off", SpamSpec { enabled: false, ..spam("mark", "5") }),
        with_spam(
            "lists",
            SpamSpec { white_list: vec!["*@friend.example".into()], ..spam("delete", "-1") },
        ),
        group,
    ]);
    let spam = plan.account().unwrap().spam.unwrap();
    assert_eq!((spam.required_score_tenths, spam.spam_box), (Some(95), true));
    let folder = "spam goes to a folder of its own, as for the account";
    let lists = "the account's lists are those of all its mailboxes";
    for (name, expected) in [
        ("strict", format!("the threshold was 5.0, and is 9.5 for the account; {folder}; {lists}")),
        ("high", lists.to_owned()),
        ("off", format!("it was off, and is on for the account; {folder}; {lists}")),
        (
            "lists",
            "the threshold -1 is below 0: 0 is set; spam is thrown away by a filter of this \
             mailbox; the threshold was 0.0, and is 9.5 for the account"
                .to_owned(),
        ),
        // It has no mailbox, and so no filter.
        (
            "group",
            format!(
                "spam was thrown away, and is marked: only a mailbox can have a filter; {folder}; \
                 {lists}"
            ),
        ),
    ] {
        let address = format!("{name}@example.com");
        let row = row(&plan, &address, "spamassassin");
        assert_eq!(row, (SettingOutcome::Adapted, expected.as_str()), "{name}");
        let filters = plan.mailboxes.iter().filter(|mailbox| mailbox.address == address);
        let filters: usize = filters.map(|mailbox| mailbox.filters.len()).sum();
        assert_eq!(filters, usize::from(name == "lists"), "{name}");
    }
}

#[test]
fn an_alias_whose_web_shows_another_domain_is_adapted() {
    let alias = |name: &str| DomainAliasSpec::new(name);
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.aliases = vec![alias("main.example")];
    subscription.sites = vec![
        SiteSpec {
            aliases: vec![
                alias("both.example"),
                DomainAliasSpec { web: false, ..alias("mail.example") },
                DomainAliasSpec { mail: false, ..alias("web.example") },
            ],
            ..SiteSpec::new("site.example")
        },
        // A name that no domain can have, so that the site is left out.
        SiteSpec { aliases: vec![alias("lost.example")], ..SiteSpec::new("-.example") },
    ];
    let plan = plan(subscription);
    cpmove::account_members(&plan.account().unwrap()).unwrap();
    for (name, outcome, detail, kinds) in [
        (
            "main.example",
            SettingOutcome::Converted,
            "parked domain, mail forwarded to the domain",
            &[][..],
        ),
        (
            "both.example",
            SettingOutcome::Adapted,
            "parked on the main domain, whose web pages it shows, mail forwarded to the domain",
            &["domain-adapted"],
        ),
        (
            "mail.example",
            SettingOutcome::Converted,
            "parked domain, mail forwarded to the domain",
            &[],
        ),
        (
            "web.example",
            SettingOutcome::Adapted,
            "parked on the main domain, whose web pages it shows",
            &["domain-adapted", "mail-routing"],
        ),
        (
            "lost.example",
            SettingOutcome::Skipped,
            "the domain -.example is left out",
            &["domain-adapted"],
        ),
    ] {
        assert_eq!(row(&plan, name, "domain-alias"), (outcome, detail), "{name}");
        assert_eq!(codes(&plan, name), kinds, "{name}");
    }
    assert!(plan.domains.iter().all(|domain| domain.name.as_str() != "lost.example"));
}

/// Plesk switches a domain off as a whole, cPanel each of its logins.
#[test]
fn mail_of_a_suspended_domain_is_adapted() {
    let admin = || vec!["admin".to_owned()];
    let mailboxes = || {
        let plain = mailbox("anna", Some(PasswordSpec::plain("secret")));
        vec![plain.clone(), MailboxSpec { enabled: false, name: "off".into(), ..plain }]
    };
    let site = |name: &str| SiteSpec { mailboxes: mailboxes(), ..SiteSpec::new(name) };
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = mailboxes();
    subscription.sites = vec![
        SiteSpec { disabled_by: admin(), ..site("closed.example") },
        SiteSpec { mail_disabled_by: admin(), ..site("remote.example") },
    ];
    let plan = plan(subscription);
    let closed = "the domain was suspended in Plesk";
    for (domain, outcome, of_domain, of_mailbox) in [
        ("example.com", SettingOutcome::Converted, "on".to_owned(), String::new()),
        (
            "closed.example",
            SettingOutcome::Adapted,
            format!("{closed}: the logins are switched off, and new mail is stored"),
            format!("{closed}; its own login is switched off"),
        ),
        (
            "remote.example",
            SettingOutcome::Adapted,
            "off: mail for it goes where the MX points, and the mailboxes are kept".to_owned(),
            "mail was switched off for the domain in Plesk; its own login is switched off"
                .to_owned(),
        ),
    ] {
        assert_eq!(row(&plan, domain, "mail"), (outcome, of_domain.as_str()));
        let anna = format!("anna@{domain}");
        assert_eq!(row(&plan, &anna, "mailbox"), (outcome, of_mailbox.as_str()));
        // What was off by itself is off as before.
        let detail = "the mailbox is switched off in Plesk; new mail is refused, as before";
        let off = format!("off@{domain}");
        assert_eq!(row(&plan, &off, "mailbox"), (SettingOutcome::Converted, detail));
    }
}

#[test]
fn mail_of_a_suspended_subscription_is_adapted() {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![mailbox("anna", Some(PasswordSpec::plain("secret")))];
    let mut description = describe(&Spec { subscriptions: vec![subscription], ..Spec::default() });
    description.subscriptions[0].status = Status::Disabled { by: vec!["admin".to_owned()] };
    let plan = plan_of(&description, &Vec::new(), false);
    let detail = "the subscription was suspended in Plesk: the logins are switched off, and the \
                  account is suspended";
    assert_eq!(row(&plan, "example.com", "mail"), (SettingOutcome::Adapted, detail));
    assert!(plan.account().unwrap().suspended.is_some());
    let row = row(&plan, "anna@example.com", "mailbox");
    assert_eq!(row.0, SettingOutcome::Adapted, "{}", row.1);
}

#[test]
fn what_to_do_about_a_mailing_list_fits_what_became_of_it() {
    let members = |count: usize| {
        let one = plesk_fixture::RecipientSpec { address: "a@example.net".into(), full_name: None };
        vec![one; count]
    };
    let list = |name: &str, recipients| MailingListSpec {
        name: name.into(),
        recipients,
        ..MailingListSpec::default()
    };
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailing_lists = vec![
        list("news", members(1)),
        MailingListSpec { disabled_by: vec!["admin".into()], ..list("off", members(2)) },
        list("empty", members(0)),
    ];
    let description = describe(&Spec { subscriptions: vec![subscription], ..Spec::default() });
    let by_hand = "make the list in cPanel after the restore";
    for (lists_as_forwarders, name, outcome, begin, parts, forwarders) in [
        (false, "news", SettingOutcome::Skipped, by_hand, "; 1 member, owners", true),
        (false, "off", SettingOutcome::Skipped, by_hand, "; it was switched off", false),
        (false, "empty", SettingOutcome::Skipped, by_hand, "; 0 members, owners", true),
        (true, "news", SettingOutcome::Adapted, "nothing to do", "; 1 member, owners", false),
        (true, "off", SettingOutcome::Skipped, by_hand, "; 2 members, owners", false),
        (true, "empty", SettingOutcome::Skipped, by_hand, "; 0 members, owners", false),
    ] {
        let plan = plan_of(&description, &Vec::new(), lists_as_forwarders);
        let address = format!("{name}@example.com");
        let (is, detail) = row(&plan, &address, "maillist");
        assert!(is == outcome && detail.contains(parts), "{name}: {detail}");
        let finding = plan.findings.iter().find(|finding| finding.object == address).unwrap();
        let remedy = &finding.remedy;
        assert!(remedy.starts_with(begin), "{name}: {remedy}");
        assert_eq!(remedy.contains("--lists-as-forwarders"), forwarders, "{name}: {remedy}");
    }
}
