//! Metadata of some dumps are cut or cannot be read.

use super::*;

/// Leaves what stands before a text in a file of the tree.
fn cut(packed: &Packed, path: &str, before: &str) {
    let path = packed.path().join(path);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.find(before).unwrap()]).unwrap();
}

/// A full dump and an increment of a subscription with a site.
fn chain_with_a_site() -> Packed {
    let of = |stamps: &[&str]| {
        let mut site = SiteSpec::new("site.test");
        site.mailboxes = subscription("site.test", stamps).mailboxes;
        let mut subscription = subscription("a.test", stamps);
        (subscription.hosting, subscription.sites) = (Hosting::Physical, vec![site]);
        vec![subscription]
    };
    Packed::new(&[server(FULL, None, of(&["1"])), server(FIRST, Some(FULL), of(&["1", "2"]))])
}

/// Stamps of the earlier archives of the main domain and of the site.
fn earlier(description: &Description) -> Vec<Vec<&str>> {
    let mails = description.subscriptions[0].domains().filter_map(|domain| domain.mail.as_ref());
    mails.map(|mail| mail.earlier.iter().map(|it| it.stamp.as_str()).collect()).collect()
}

#[test]
fn an_earlier_dump_whose_metadata_are_cut_keeps_its_mail() {
    let metadata = format!("domains/a.test/backup_info_{FULL}.xml");
    for before in ["<mailsystem>", "<site name"] {
        let packed = chain_with_a_site();
        cut(&packed, &metadata, before);
        let description = packed.describe();
        assert_eq!(chosen(&description), [("a.test", FIRST, vec![FULL])], "{before}");
        assert_eq!(earlier(&description), [[FULL], [FULL]], "{before}");
        assert_eq!(
            problems(&description),
            ["a.test: dump 2401020000 needs dump 2401010000, whose metadata are cut off in \
              `domains/a.test/backup_info_2401010000.xml`: mail archives that they do not name any \
              more were looked for by their names"]
        );
        assert_eq!(description.unreferenced, []);
    }
}

#[test]
fn a_base_of_which_nothing_is_left_but_the_head_of_its_metadata_is_a_lack() {
    let packed = chain_with_a_site();
    cut(&packed, &format!("domains/a.test/backup_info_{FULL}.xml"), "<mailsystem>");
    let packed = packed.without(&["domainmail_2401010000."]);
    let description = packed.describe();
    assert_eq!(texts(&description.subscriptions[0].missing_dumps), [FULL]);
    // An older dump that is complete is better than that.
    let mut specs = chain();
    specs.insert(0, server("2312010000", None, vec![subscription("a.test", &["0"])]));
    let packed = Packed::new(&specs);
    cut(&packed, &format!("domains/a.test/backup_info_{FULL}.xml"), "<mailsystem>");
    let packed = packed.without(&["a.test/backup_domainmail_2401010000."]);
    let description = packed.describe();
    assert_eq!(chosen(&description)[0], ("a.test", "2312010000", vec![]));
    assert!(
        problems(&description).contains(
            &"a.test: dump 2312010000 was taken and not the newer 2401030000: the metadata of its \
              base 2401010000 are cut off"
                .to_owned()
        ),
        "{:?}",
        problems(&description)
    );
}
