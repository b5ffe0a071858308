//! Metadata of Plesk 8: `dump.xml`, and `cid`.

use plesk_backup::{Backup, DomainKind, MailQuota, PasswordKind, Recovered, Status};

use super::{XML_8, counts, describe_8, kinds, named, plain, problems, psadump, user};

const RICH_8: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE migration-dump SYSTEM "plesk.dtd">
<migration-dump agent-name="PleskX"><client name="joe"><pinfo name="email">joe@home.example</pinfo>
<domain name="example.com" www="true">
  <ip><ip-type>shared</ip-type><ip-address>192.0.2.10</ip-address></ip>
  <status><enabled/></status>
  <limit name="mbox_quota">20480</limit><limit name="max_box">-1</limit>
  <domain-alias name="www.example.org" web="true" dns="false"><status><enabled/></status></domain-alias>
  <certificate name="c"><certificate-data>x</certificate-data></certificate>
  <database name="shop" type="mysql" version="4.1" cid="shop.sql"><dbuser name="u"/></database>
  <domainuser><password type="plain">panel</password></domainuser>
  <mailsystem>
    <status><disabled-by name="parent"/></status>
    <mailuser name="Info" mailbox-quota="10240">
      <password type="plain">secret</password>
      <mailbox type="mdir" enabled="true" cid="info@example.com.mdir"/>
      <alias>contact</alias><alias>office</alias>
      <redirect>boss</redirect>
      <mailgroup-member>a@x.example</mailgroup-member><mailgroup-member>b@x.example</mailgroup-member>
      <spamassassin status="on" hits="7" cid="info.sa"/>
      <virusfilter state="inout"/>
    </mailuser>
    <mailuser name="off" mailbox-quota="-1"><password type="encrypted">$1$abc$0123456789012345678901</password>
      <mailbox type="mdir" enabled="false"/></mailuser>
    <mailuser name="old"><mailbox type="mbox" enabled="true" cid="old.mbox"/></mailuser>
    <catch-all>bounce:Nobody here.</catch-all>
  </mailsystem>
  <phosting>
    <sysuser name="exampleuser" quota="104857600"/>
    <subdomain name="blog" cid_conf="blog.conf"><sysuser name="blogger"/></subdomain>
    <sapp-installed><database name="app" type="mysql" cid="app.sql"/></sapp-installed>
  </phosting>
</domain></client></migration-dump>"#;

const PARTS_8: [&str; 9] = [
    "info@example.com.mdir",
    "old.mbox",
    "info.sa",
    "shop.sql",
    "app.sql",
    "blog.conf",
    "example.com.httpdocs",
    "blog.example.com.httpdocs",
    "something else",
];

#[test]
fn plesk_8_with_everything() {
    let description = describe_8(RICH_8, &PARTS_8);
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.unknown_elements.into_iter().collect::<Vec<_>>(), []);
    assert_eq!(description.plesk_version.as_deref(), Some("8.6.0"));
    assert_eq!(description.components, ["courier-imap"]);
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.metadata, "dump.xml");
    assert_eq!(subscription.owner_login.as_deref(), Some("joe"));
    assert_eq!(subscription.owner_email.as_deref(), Some("joe@home.example"));
    assert_eq!(subscription.ip_addresses, ["192.0.2.10"]);
    // 20 MiB as KiB.
    assert_eq!(subscription.limits["mbox_quota"], 20_971_520);
    assert_eq!(subscription.limits["max_box"], -1);
    let account = subscription.system_user.as_ref().unwrap();
    assert_eq!(account.name, "exampleuser");
    let Recovered::Plain(password) = account.password.as_ref().unwrap().recover(None) else {
        panic!()
    };
    assert_eq!(password.expose(), "panel");
    let domain = &subscription.domain;
    assert_eq!(domain.aliases[0].ascii_name, "example.org");
    assert!(domain.aliases[0].web && domain.aliases[0].mail && !domain.aliases[0].dns);
    let [blog] = subscription.sites.as_slice() else { panic!() };
    assert_eq!(blog.ascii_name, "blog.example.com");
    assert_eq!(blog.kind, DomainKind::Subdomain { parent: "example.com".to_owned() });
    assert!(blog.mail.is_none());
    assert_eq!(
        kinds(&subscription.other_content),
        [
            ("sqldump", "app.sql", true),
            ("sqldump", "shop.sql", true),
            ("conf", "blog.conf", true),
            ("httpdocs", "example.com.httpdocs", true),
            ("httpdocs", "blog.example.com.httpdocs", true),
        ]
    );
    assert_eq!(
        counts(subscription),
        [("databases", 2), ("database users", 1), ("certificates", 1), ("applications", 1)]
    );
    assert_eq!(description.unreferenced.len(), 1);
}

#[test]
fn mail_accounts_of_plesk_8() {
    let description = describe_8(RICH_8, &PARTS_8);
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    assert_eq!(mail.status, Status::Disabled { by: vec!["parent".to_owned()] });
    assert_eq!(mail.catch_all.as_deref(), Some("bounce:Nobody here."));
    assert_eq!(mail.content, []);
    let info = user(&description, "Info");
    assert_eq!((info.local_part.as_str(), info.quota), ("info", MailQuota::Bytes(10_485_760)));
    assert_eq!(plain(info).as_deref(), Some("secret"));
    assert_eq!(info.aliases, ["contact", "office"]);
    assert!(info.forwarding.enabled);
    assert_eq!(info.forwarding.targets, ["boss", "a@x.example", "b@x.example"]);
    let mailbox = info.mailbox.as_ref().unwrap();
    assert_eq!((mailbox.enabled, mailbox.kind.as_str()), (true, "mdir"));
    assert_eq!(kinds(&mailbox.content), [("mailbox", "info@example.com.mdir", true)]);
    assert_eq!(mailbox.content[0].offset.as_deref(), Some(""));
    let spam = info.spam.as_ref().unwrap();
    assert_eq!(kinds(&spam.content), [("spam-assasin", "info.sa", true)]);
    assert_eq!(spam.required_score.as_ref().unwrap().tenths, Some(70));
    let names: Vec<&str> = info.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names, ["spamassassin", "virusfilter"]);
    let off = user(&description, "off");
    assert_eq!(off.quota, MailQuota::Unlimited);
    assert!(matches!(off.password.as_ref().unwrap().kind(), PasswordKind::Hash(_)));
    assert!(
        !off.mailbox.as_ref().unwrap().enabled && off.mailbox.as_ref().unwrap().content.is_empty()
    );
    let old = user(&description, "old");
    assert_eq!(
        (old.quota, old.mailbox.as_ref().unwrap().kind.as_str()),
        (MailQuota::Default, "mbox")
    );
    let content = &old.mailbox.as_ref().unwrap().content;
    assert_eq!(kinds(content), [("mailbox", "old.mbox", true)]);
    assert_eq!(content[0].offset, None);
    assert!(old.password.is_none());
}

#[test]
fn attributes_and_elements_are_the_same() {
    let description = describe_8(
        "<dump><domain><name>a.example</name><mailsystem><mailuser name='x'>\
         <mailbox-quota>5</mailbox-quota><password>pw</password>\
         <mailbox><type>mdir</type><enabled>true</enabled><cid> &lt;x.mdir&gt; </cid></mailbox></mailuser>\
         <mailuser name='y' redirect='z@x.example'><mailbox><disabled/><cid>cid:y%40a</cid></mailbox></mailuser>\
         </mailsystem><phosting><subdomains><subdomain name='s.a.example'/></subdomains></phosting>\
         <database><name>d</name><cid>d.sql</cid></database></domain></dump>",
        &["x.mdir", "y@a", "d.sql"],
    );
    assert_eq!(problems(&description), [""; 0]);
    let x = user(&description, "x");
    assert_eq!((x.quota, plain(x).as_deref()), (MailQuota::Bytes(5120), Some("pw")));
    let mailbox = x.mailbox.as_ref().unwrap();
    assert!(mailbox.enabled);
    assert_eq!(kinds(&mailbox.content), [("mailbox", "x.mdir", true)]);
    let y = user(&description, "y");
    assert!(!y.mailbox.as_ref().unwrap().enabled);
    assert_eq!(kinds(&y.mailbox.as_ref().unwrap().content), [("mailbox", "y@a", true)]);
    assert_eq!(y.forwarding.targets, ["z@x.example"]);
    assert_eq!(description.subscriptions[0].sites[0].ascii_name, "s.a.example");
    assert_eq!(kinds(&description.subscriptions[0].other_content), [("sqldump", "d.sql", true)]);
    assert_eq!(description.unreferenced, []);
}

#[test]
fn redirections_and_groups_have_a_switch_each() {
    let forwarding = |attributes: &str, inner: &str| {
        let xml = format!(
            "<migration-dump><domain name='a.example'><mailsystem><mailuser name='x' {attributes}>{inner}\
             </mailuser></mailsystem></domain></migration-dump>"
        );
        let description = describe_8(&xml, &[]);
        let x = user(&description, "x");
        let off: Vec<String> = x
            .settings
            .iter()
            .filter(|setting| setting.name == "inactive-forwarding")
            .map(|setting| setting.value.clone())
            .collect();
        (x.forwarding.enabled, x.forwarding.targets.join(","), off.join(","))
    };
    let both = "<redirect>r@x.example</redirect><mailgroup-member>g@x.example</mailgroup-member>";
    let found = |on: bool, targets: &str, off: &str| (on, targets.to_owned(), off.to_owned());
    assert_eq!(forwarding("", both), found(true, "r@x.example,g@x.example", ""));
    assert_eq!(
        forwarding("redirect-enabled='false'", both),
        found(true, "g@x.example", "r@x.example")
    );
    assert_eq!(forwarding("redirect='false'", both), found(true, "g@x.example", "r@x.example"));
    assert_eq!(forwarding("mailgroup='off'", both), found(true, "r@x.example", "g@x.example"));
    assert_eq!(
        forwarding("redirect-enabled='false' mailgroup-enabled='0'", both),
        found(false, "r@x.example,g@x.example", "")
    );
    let inner = "<redirect enabled='false'>r@x.example</redirect>";
    assert_eq!(forwarding("", inner), found(false, "r@x.example", ""));
    assert_eq!(forwarding("", ""), found(false, "", ""));
}

#[test]
fn the_kind_of_a_mailbox_that_is_not_told_is_seen() {
    let xml = b"<migration-dump><domain name='a.example'><mailsystem>\
        <mailuser name='x'><mailbox cid='x'/></mailuser><mailuser name='y'><mailbox cid='y'/></mailuser>\
        </mailsystem></domain></migration-dump>";
    let (x, y) = (named("x"), named("y"));
    let parts: [(&str, &[u8]); 3] = [
        (XML_8, xml),
        (&x, b"From a@b.example Mon Jan  1 00:00:00 2007\n\nx\n"),
        (&y, b"\x1f\x8b"),
    ];
    let description = Backup::open(&psadump("8.1", &parts).path).unwrap().describe().unwrap();
    let kind = |name: &str| user(&description, name).mailbox.as_ref().unwrap().kind.clone();
    assert_eq!((kind("x"), kind("y")), ("mbox".to_owned(), "mdir".to_owned()));
}

#[test]
fn a_part_is_found_by_its_whole_name_alone() {
    let description = describe_8(
        "<migration-dump><domain name='a.example'><mailsystem>\
         <mailuser name='info'><mailbox type='mdir' cid='a.example/info'/></mailuser>\
         <mailuser name='sales'><mailbox type='mdir' cid='../sales'/><autoresponders>\
         <autoresponder status='on' subject='x'><attach file='a.pdf' cid='a.pdf'/><text>aGk=</text>\
         </autoresponder></autoresponders></mailuser></mailsystem></domain></migration-dump>",
        &["info", "sales", "a.pdf"],
    );
    assert_eq!(
        problems(&description),
        [
            "info@a.example: `a.example/info` (mailbox) is not in the backup",
            "sales@a.example: `../sales` (mailbox) is not in the backup",
        ]
    );
    // What no setting of today refers to is content of the domain.
    let subscription = &description.subscriptions[0];
    assert_eq!(kinds(&subscription.other_content), [("attaches", "a.pdf", true)]);
    assert_eq!(description.unreferenced.len(), 2);
}

#[test]
fn quotas_are_kib_below_version_9() {
    let quota = |version: &str, root: &str| {
        let xml = format!(
            "<migration-dump {root}><domain name='a.example'><mailsystem>\
             <mailuser name='x' mailbox-quota='100'/></mailsystem></domain></migration-dump>"
        );
        let dump = psadump(version, &[(XML_8, xml.as_bytes())]);
        let description = Backup::open(&dump.path).unwrap().describe().unwrap();
        let assumed = problems(&description).join(" ");
        assert!(description.problems.len() < 2, "{assumed}");
        (user(&description, "x").quota, assumed)
    };
    let kib = MailQuota::Bytes(102_400);
    assert_eq!(quota("8.0.1", ""), (kib, String::new()));
    assert_eq!(quota("9.5.4", ""), (MailQuota::Bytes(100), String::new()));
    assert_eq!(quota("", "dump-version='9.0'"), (MailQuota::Bytes(100), String::new()));
    assert_eq!(quota("", "dump-original-version='8.3'"), (kib, String::new()));
    let (bytes, why) = quota("", "");
    assert_eq!(bytes, kib);
    assert!(why.contains("were read as KiB, because the dump does not tell"), "{why}");
    let (bytes, why) = quota("7.5.4", "");
    assert_eq!(bytes, kib);
    assert!(why.contains("in which unit Plesk 7 wrote them"), "{why}");
}
