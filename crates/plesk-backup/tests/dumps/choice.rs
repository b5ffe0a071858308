//! Which dump a subscription is taken from.

use super::*;

#[test]
fn the_newest_full_dump_is_taken_and_the_others_are_listed() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ]);
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.unreferenced, [], "archives of the other dump are its own");
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![])]);
    assert_eq!(description.stamp.as_ref().unwrap().as_str(), FIRST);
    let [old, new] = description.dumps.as_slice() else { panic!("{:?}", description.dumps) };
    assert_eq!((texts(old.stamp.as_slice()), old.chosen_for), (vec![FULL], 0));
    assert_eq!((texts(new.stamp.as_slice()), new.chosen_for), (vec![FIRST], 1));
    assert_eq!((new.metadata_files, new.subscriptions), (2, 1));
    assert_eq!((new.level, new.object.as_deref()), (DumpLevel::Server, Some("plesk.example.net")));
    assert_eq!(new.flags, ["dumpresult_SUCCESS", "status_OK"]);
    assert!(old.is_complete() && new.is_complete() && new.content_included);
}

#[test]
fn the_newest_dump_of_a_subscription_is_taken_whatever_it_is_of() {
    let packed = Packed::new(&[
        alone("2312310000", None, subscription("b.test", &["0"])),
        server(FULL, None, vec![subscription("a.test", &["1"]), subscription("b.test", &["1"])]),
        alone(FIRST, None, subscription("a.test", &["1", "2"])),
    ]);
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    let listed: Vec<(&str, DumpLevel, &str, usize)> = description
        .dumps
        .iter()
        .map(|dump| {
            let stamp = dump.stamp.as_ref().unwrap().as_str();
            (stamp, dump.level, dump.path.as_str(), dump.chosen_for)
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("2312310000", DumpLevel::Subscription, "domains/b.test", 0),
            (FULL, DumpLevel::Server, "", 1),
            (FIRST, DumpLevel::Subscription, "domains/a.test", 1),
        ]
    );
}

#[test]
fn what_one_subscription_lacks_is_no_reason_to_take_older_mail_of_another() {
    let both =
        |stamps: &[&str]| vec![subscription("a.test", stamps), subscription("b.test", stamps)];
    let packed =
        Packed::new(&[server(FULL, None, both(&["1"])), server(FIRST, None, both(&["1", "2"]))])
            .without(&["b.test/backup_domainmail_2401020000"]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(
        problems(&description),
        ["b.test: dump 2401010000 was taken and not the newer 2401020000: \
          `domains/b.test/backup_domainmail_2401020000.tzst` is not in the backup"]
    );
    assert_eq!(
        description.dumps[1].missing_content,
        ["domains/b.test/backup_domainmail_2401020000.tzst"]
    );
    assert!(!description.dumps[1].is_complete());
}

#[test]
fn when_no_dump_is_complete_the_newest_is_taken() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ])
    .without(&["domainmail"]);
    assert_eq!(chosen(&packed.describe()), [("a.test", FIRST, vec![])]);
}

#[test]
fn metadata_that_are_cut_make_a_dump_incomplete() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ]);
    let xml = packed.path().join("domains/a.test/backup_info_2401020000.xml");
    let text = fs::read_to_string(&xml).unwrap();
    fs::write(&xml, &text[..text.find("<mailusers>").unwrap()]).unwrap();
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![])]);
    assert_eq!(
        description.dumps[1].damaged_metadata,
        ["domains/a.test/backup_info_2401020000.xml"]
    );
    assert!(matches!(&description.problems[..], [Problem::OlderTaken { .. }]));
}

#[test]
fn a_dump_of_settings_alone_does_not_hide_the_mail() {
    let of = || vec![subscription("a.test", &["1"])];
    let settings = Spec { content: false, ..server(FIRST, None, of()) };
    let packed = Packed::new(&[server(FULL, None, of()), settings]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![])]);
    assert!(!description.dumps[1].content_included);
    assert_eq!(
        problems(&description),
        [
            "a.test: dump 2401010000 was taken and not the newer 2401020000: it was made without mail"
        ]
    );
}

#[test]
fn a_subscription_that_the_newest_dump_lacks_is_taken_and_that_is_said() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"]), subscription("b.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1"])]),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(
        problems(&description),
        ["b.test: taken from dump 2401010000; the newer dump 2401020000 does not hold them: \
          deleted since, or left out of it"]
    );
}

#[test]
fn a_domain_that_was_made_again_is_taken_once() {
    let again =
        SubscriptionSpec { guid: Some("another".to_owned()), ..subscription("a.test", &["9"]) };
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![again]),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![])]);
    assert!(
        problems(&description).contains(
            &"`a.test` of dump 2401010000 was left out: in a newer dump it belongs to the \
              subscription `a.test`"
                .to_owned()
        ),
        "{:?}",
        problems(&description)
    );
}

/// A subscription with a site that has a mailbox.
fn with_site(name: &str, site: &str) -> SubscriptionSpec {
    let mut of_site = SiteSpec::new(site);
    of_site.mailboxes = subscription(site, &["1"]).mailboxes;
    SubscriptionSpec {
        hosting: Hosting::Physical,
        sites: vec![of_site],
        ..subscription(name, &["1"])
    }
}

#[test]
fn what_goes_with_a_domain_that_was_made_again_is_told() {
    let again =
        SubscriptionSpec { guid: Some("another".to_owned()), ..subscription("a.test", &["9"]) };
    let other = subscription("b.test", &["1"]);
    let packed = Packed::new(&[
        server(FULL, None, vec![with_site("a.test", "site.test"), other]),
        server(FIRST, None, vec![again]),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(
        problems(&description),
        [
            "b.test: taken from dump 2401010000; the newer dump 2401020000 does not hold them: \
             deleted since, or left out of it",
            "`a.test` of dump 2401010000 was left out: in a newer dump it belongs to the \
             subscription `a.test`; with it site.test, which nothing newer holds",
        ]
    );
}

#[test]
fn a_domain_of_two_subscriptions_is_told() {
    let packed = Packed::new(&[
        server(FULL, None, vec![with_site("a.test", "site.test")]),
        alone(FIRST, None, with_site("b.test", "site.test")),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![]), ("b.test", FIRST, vec![])]);
    assert_eq!(
        problems(&description),
        ["`site.test` is a domain of several subscriptions (a.test, b.test): each account holds \
          it, and a server takes it once"]
    );
}

#[test]
fn a_domain_that_got_another_name_is_the_same_subscription() {
    let renamed = SubscriptionSpec {
        guid: Some("guid-a.test".to_owned()),
        ..subscription("new.test", &["1", "2"])
    };
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, Some(FULL), vec![renamed]),
    ]);
    assert_eq!(chosen(&packed.describe()), [("new.test", FIRST, vec![FULL])]);
}

#[test]
fn a_dump_can_be_asked_for() {
    let packed = Packed::new(&chain());
    let description = packed.describe_dump(FULL).unwrap();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.dumps.len(), 3);
    let description = packed.describe_dump(FIRST).unwrap();
    assert_eq!(
        chosen(&description),
        [("a.test", FIRST, vec![FULL]), ("b.test", FIRST, vec![FULL])]
    );
    let error = packed.describe_dump("2405050505").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("holds no dump 2405050505; it has 2401010000, 2401020000, 2401030000"),
        "{error}"
    );
}

#[test]
fn what_plesk_says_of_a_dump_is_listed_and_reported_for_the_chosen_ones() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1"])]),
    ]);
    for stamp in [FULL, FIRST] {
        let place = packed.path().join(format!(".discovered/backup_info_{stamp}"));
        fs::rename(place.join("dumpresult_SUCCESS"), place.join("dumpresult_WARNINGS")).unwrap();
    }
    let description = packed.describe();
    for dump in &description.dumps {
        assert_eq!(dump.flags, ["dumpresult_WARNINGS", "status_OK"]);
    }
    assert_eq!(
        problems(&description),
        [
            "`.discovered/backup_info_2401020000/dumpresult_WARNINGS`: Plesk itself marked this dump \
          as `WARNINGS`"
        ]
    );
}
