//! The XML, as Python's parser reads it.

use std::fs;

use plesk_fixture::{
    DomainAliasSpec, Hosting, MailboxSpec, PasswordSpec, SiteSpec, Spec, SubscriptionSpec,
    pack_directory,
};

use super::{message, one_mailbox, run, text};

/// Prints one line for each expression that is looked up in the tree `root`.
const LOOK_UP: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
for path in sys.argv[2:]:
    path, _, attribute = path.partition('|')
    for found in root.findall(path):
        print(repr(found.get(attribute) if attribute else found.text))
";

fn look_up(spec: &Spec, xml: &str, paths: &[&str]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(spec, directory.path()).unwrap();
    let xml = directory.path().join(xml);
    let mut arguments = vec!["-c", LOOK_UP, text(&xml)];
    arguments.extend(paths);
    run("python3", &arguments).lines().map(str::to_owned).collect()
}

const DOMAIN: &str = "domains/example.com/backup_info_2401151030.xml";

#[test]
fn odd_text_survives() {
    let odd = "a<b>&amp;\"quoted\" 'single' \t tab\nline ]]> ü €";
    let mut mailbox = MailboxSpec::new(odd).with_password(PasswordSpec::plain(odd));
    mailbox.aliases = vec![odd.into()];
    let found = look_up(
        &one_mailbox(mailbox),
        DOMAIN,
        &[".//mailuser|name", ".//mailuser/properties/password", ".//alias"],
    );
    let expected = r#"'a<b>&amp;"quoted" \'single\' \t tab\nline ]]> ü €'"#;
    assert_eq!(found, [expected, expected, expected]);
}

#[test]
fn a_mailbox_is_described_with_all_it_has() {
    let mut mailbox = MailboxSpec::new("Info").with_files(vec![message("cur/1.h:2,")]);
    mailbox.password = Some(PasswordSpec::new("sym", "$AES-128-CBC$x$y"));
    mailbox.quota = Some(-1);
    mailbox.enabled = false;
    mailbox.forwards = vec!["a@example.net".into(), "b@example.net".into()];
    mailbox.extra_xml = Some("<spamassassin status=\"on\"/>".into());
    let found = look_up(
        &one_mailbox(mailbox),
        DOMAIN,
        &[
            ".//mailuser|name",
            ".//mailuser|mailbox-quota",
            ".//mailuser|forwarding-enabled",
            ".//mailuser/properties/password|type",
            ".//preferences/mailbox|enabled",
            ".//preferences/mailbox/content/cid|offset",
            ".//preferences/mailbox/content/cid|referrer",
            ".//preferences/mailbox/content/cid/content-file",
            ".//preferences/forwarding",
            ".//preferences/spamassassin|status",
        ],
    );
    let expected = [
        "'Info'",
        "'-1'",
        "'false'",
        "'sym'",
        "'false'",
        "'info/Maildir'",
        "'true'",
        "'backup_domainmail_2401151030.tzst'",
        "'a@example.net'",
        "'b@example.net'",
        "'on'",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_there_is_left_out() {
    let mut mailbox = MailboxSpec::new("alias-only");
    mailbox.mailbox = false;
    let paths = [
        ".//mailuser|mailbox-quota",
        ".//mailuser/properties/password",
        ".//preferences/mailbox",
        ".//mailsystem/content",
        ".//catch-all",
    ];
    // The attribute is missing from an element that is there.
    assert_eq!(look_up(&one_mailbox(mailbox), DOMAIN, &paths), ["None"]);
}

#[test]
fn names_that_are_not_ascii_are_shown_and_lie_as_punycode() {
    let mut spec = one_mailbox(MailboxSpec::new("info").with_files(vec![message("cur/1.h:2,")]));
    spec.subscriptions[0].name = "münchen.example".into();
    spec.subscriptions[0].sites.push(SiteSpec::new("Straße.example"));
    // IDNA 2008 keeps the sharp s, where IDNA 2003 made it a double one.
    let xml = "domains/xn--mnchen-3ya.example/backup_info_2401151030.xml";
    let paths = [".//domain|name", ".//site|name", ".//site/phosting|www-root"];
    let expected = ["'münchen.example'", "'Straße.example'", "'xn--strae-oqa.example'"];
    assert_eq!(look_up(&spec, xml, &paths), expected);
}

#[test]
fn sizes_are_those_of_the_files() {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&Spec::sample(), directory.path()).unwrap();
    let script = "
import os, sys, xml.etree.ElementTree as tree
count = 0
for cid in tree.parse(sys.argv[1] + '/' + sys.argv[2]).iter('cid'):
    for file in cid.iter('content-file'):
        path = os.path.join(sys.argv[1], cid.get('path'), file.text)
        assert os.path.getsize(path) == int(file.get('size')), path
        count += 1
print(count)
";
    let count = run("python3", &["-c", script, text(directory.path()), DOMAIN]);
    // Mail of two domains, three mailboxes in them, a database, two archives of web files.
    assert_eq!(count, "8\n");
}

#[test]
fn states_aliases_and_hosting_are_written() {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.disabled_by = vec!["admin".into(), "parent".into()];
    subscription.mail_disabled_by = vec!["domadm".into()];
    subscription.catch_all = Some("bounce:No & never.".into());
    subscription.limits.insert("max_box".into(), 5);
    let alias = DomainAliasSpec { mail: false, ..DomainAliasSpec::new("alias.example") };
    subscription.aliases.push(alias);
    let mut forwarding = SiteSpec::new("forward.example");
    forwarding.hosting = Hosting::Forward("https://example.net/?a=1&b=2".into());
    forwarding.parent = Some("example.com".into());
    let mut without = SiteSpec::new("nothing.example");
    without.hosting = Hosting::None;
    without.mail = false;
    subscription.sites = vec![forwarding, without];
    let spec = Spec { subscriptions: vec![subscription], ..Spec::default() };
    let found = look_up(
        &spec,
        DOMAIN,
        &[
            "domain/properties/status/disabled-by|name",
            "domain/mailsystem/properties/status/disabled-by|name",
            "domain/mailsystem/preferences/catch-all",
            "domain/limits-and-permissions/limit[@name='max_box']",
            "domain/limits-and-permissions/limit[@name='mbox_quota']",
            "domain/preferences/domain-alias|mail",
            ".//site[@name='forward.example']|parent-domain-name",
            ".//site[@name='forward.example']/shosting/url",
            ".//site[@name='nothing.example']/phosting",
            ".//site[@name='nothing.example']/mailsystem",
        ],
    );
    let expected = [
        "'admin'",
        "'parent'",
        "'domadm'",
        "'bounce:No & never.'",
        "'5'",
        "'-1'",
        "'false'",
        "'example.com'",
        "'https://example.net/?a=1&b=2'",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_main_xml_of_a_server_points_and_its_client_has_one_too() {
    let mut owned = SubscriptionSpec::new("owned.example");
    owned.owner = "john".into();
    owned.owner_email = "john@example.org".into();
    let spec = Spec {
        subscriptions: vec![SubscriptionSpec::new("example.com"), owned],
        components: vec!["courier-imap".into()],
        ..Spec::default()
    };
    let paths = [
        ".//component|name",
        "admin/preferences/pinfo",
        "admin/domains/domain-info|name",
        "admin/clients/client-info/domain-info|name",
        ".//domain|name",
    ];
    let expected = ["'courier-imap'", "'admin@example.net'", "'example.com'", "'owned.example'"];
    assert_eq!(look_up(&spec, "backup_info_2401151030.xml", &paths), expected);
    let paths = ["client|name", "client/preferences/pinfo", "client/domains/domain-info|name"];
    let expected = ["'john'", "'john@example.org'", "'owned.example'"];
    assert_eq!(look_up(&spec, "clients/john/backup_info_2401151030.xml", &paths), expected);
}

#[test]
fn the_inventory_has_a_row_for_each_object() {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&Spec::sample(), directory.path()).unwrap();
    let discovered =
        directory.path().join("domains/example.com/.discovered/backup_info_2401151030");
    let index = fs::read_to_string(discovered.join("object_index")).unwrap();
    assert_eq!(
        index,
        "subscription\texample.com\t00000000-0000-4000-8000-000000000472\tadmin\tadmin\texampleuser\n\
         site\taddon.test\t00000000-0000-4000-8000-000000000473\n"
    );
    let props = fs::read_to_string(discovered.join("props")).unwrap();
    assert!(props.ends_with("\nobjectid_example.com\ndump_part"), "{props}");
    let main = directory.path().join(".discovered/backup_info_2401151030/props");
    assert!(fs::read_to_string(main).unwrap().ends_with("\ndump_full"));
}
