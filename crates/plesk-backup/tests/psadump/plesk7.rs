//! Metadata of Plesk 7: users of a domain, and `src="cid:..."`.

use plesk_backup::{MailQuota, PasswordKind, Recovered};

use super::{counts, describe_7, kinds, plain, problems, user, users};

const RICH_7: &str = r#"<?xml version="1.0"?><psadump><sites>
<domain name="example.com">
  <limits mbox_quota="2048" max_box="5"/>
  <domain-alias name="example.org"/>
  <dns><rec type="A"/></dns>
  <data_bases name="shop" type="mysql" src="cid:db1"><user><login name="dbu" password="x"/></user></data_bases>
  <server><certificates_list><certificate><pub_key src="cid:pub"/><pvt_key src="cid:pvt"/></certificate></certificates_list></server>
  <user type="domain_level" src="cid:home">
    <login PW_TYPE="plain" name="exampleuser" password="owner"/>
    <services><ssl>true</ssl><webstat>true</webstat></services>
    <crontab src="cid:cron"/>
    <protected_dir path="/private"><user><login name="p" password="x" PW_TYPE="plain"/></user></protected_dir>
    <user type="web_users"><login><name>webber</name></login></user>
  </user>
  <user src="cid:info">
    <login><name>info</name><password PW_TYPE="plain">secret</password><quota>1024</quota></login>
    <services><postbox>true</postbox>
      <forwarding><email>a@x.example</email><email>boss</email></forwarding></services>
    <spamassassin status="on"/>
    <autoresponder status="on" subject="Gone fishing"><text>SSBhbSBhd2F5</text></autoresponder>
    <hobby>chess</hobby>
  </user>
  <user src="cid:sales"><login PW_TYPE="crypt" quota="-1"><name>sales</name><password>$1$abc$0123456789012345678901</password></login>
    <services postbox="false"/></user>
  <user><login name="gone"/><services><forwarding enabled="false" email="g@x.example"/></services></user>
</domain></sites></psadump>"#;

const PARTS_7: [&str; 7] = ["home", "info", "sales", "db1", "pub", "pvt", "cron"];

#[test]
fn plesk_7_with_everything() {
    let description = describe_7(RICH_7, &PARTS_7);
    assert_eq!(
        problems(&description),
        ["`dump.xml`: the mailbox quotas of `example.com` were read as KiB, because it is not \
             established in which unit Plesk 7 wrote them; compare one of them with the old server"]
    );
    assert_eq!(description.plesk_version.as_deref(), Some("7.5.4"));
    assert_eq!(description.unreferenced, []);
    let unknown: Vec<_> = description.unknown_elements.iter().collect();
    assert_eq!(
        unknown,
        [
            (&"domain/mailsystem/mailuser/hobby".to_owned(), &1),
            (&"domain/phosting/services".to_owned(), &1),
        ]
    );
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.limits["mbox_quota"], 2_097_152);
    assert_eq!(subscription.limits["max_box"], 5);
    assert_eq!(subscription.domain.aliases[0].ascii_name, "example.org");
    let account = subscription.system_user.as_ref().unwrap();
    assert_eq!(account.name, "exampleuser");
    let Recovered::Plain(password) = account.password.as_ref().unwrap().recover(None) else {
        panic!()
    };
    assert_eq!(password.expose(), "owner");
    let mut contents = kinds(&subscription.other_content);
    contents.sort_unstable();
    assert_eq!(
        contents,
        [
            ("cron", "cron", true),
            ("pub_key", "pub", true),
            ("pvt_key", "pvt", true),
            ("sqldump", "db1", true),
            ("user-data", "home", true),
        ]
    );
    assert_eq!(
        counts(subscription),
        [
            ("databases", 1),
            ("database users", 1),
            ("certificates", 1),
            ("web users", 1),
            ("protected directories", 1),
            ("crontabs", 1),
        ]
    );
}

#[test]
fn mail_accounts_of_plesk_7() {
    let description = describe_7(RICH_7, &PARTS_7);
    let names: Vec<&str> = users(&description).iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["info", "sales", "gone"]);
    let info = user(&description, "info");
    assert_eq!((info.quota, plain(info).as_deref()), (MailQuota::Bytes(1_048_576), Some("secret")));
    assert!(info.forwarding.enabled);
    assert_eq!(info.forwarding.targets, ["a@x.example", "boss"]);
    let mailbox = info.mailbox.as_ref().unwrap();
    assert!(mailbox.enabled);
    assert_eq!(kinds(&mailbox.content), [("mailbox", "info", true)]);
    assert_eq!(mailbox.content[0].offset.as_deref(), Some("Maildir"));
    assert!(info.spam.as_ref().unwrap().enabled);
    let answer = &info.autoresponders.as_ref().unwrap().items[0];
    assert_eq!((answer.subject.as_str(), answer.text.as_str()), ("Gone fishing", "I am away"));
    let settings: Vec<String> =
        info.settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect();
    assert!(settings.contains(&"hobby=chess".to_owned()), "{settings:?}");
    let sales = user(&description, "sales");
    assert_eq!(sales.quota, MailQuota::Unlimited);
    assert!(matches!(sales.password.as_ref().unwrap().kind(), PasswordKind::Hash(_)));
    // Its mail is still there, and nobody can log in.
    assert!(!sales.mailbox.as_ref().unwrap().enabled);
    assert_eq!(kinds(&sales.mailbox.as_ref().unwrap().content), [("mailbox", "sales", true)]);
    let gone = user(&description, "gone");
    assert!(gone.mailbox.is_none() && !gone.forwarding.enabled);
    assert_eq!(gone.forwarding.targets, ["g@x.example"]);
}

#[test]
fn who_owns_a_domain_of_plesk_7() {
    let roles = |users: &str| {
        let xml = format!("<d><sites><domain name='a.example'>{users}</domain></sites></d>");
        let description = describe_7(&xml, &["x", "y"]);
        let subscription = &description.subscriptions[0];
        let owner =
            subscription.system_user.as_ref().map_or("", |user| user.name.as_str()).to_owned();
        let names: Vec<&str> = users_of(subscription).collect();
        (owner, names.join(" "))
    };
    let found = |owner: &str, users: &str| (owner.to_owned(), users.to_owned());
    let x = |kind: &str, postbox: &str| {
        format!("<user {kind} src='cid:x'><login name='x'/><services postbox='{postbox}'/></user>")
    };
    let y = "<user src='cid:y'><login name='y'/><services postbox='true'/></user>";
    assert_eq!(roles(&(x("", "false") + y)), found("x", "y"));
    // An owner can have mail as well: its home holds both.
    assert_eq!(roles(&(x("", "true") + y)), found("x", "x y"));
    assert_eq!(roles(&(y.to_owned() + &x("type='domain_level'", "false"))), found("x", "y"));
    assert_eq!(roles(&(x("type='mail_level'", "true") + y)), found("", "x y"));
}

fn users_of(subscription: &plesk_backup::Subscription) -> impl Iterator<Item = &str> {
    let mail = subscription.domain.mail.iter();
    mail.flat_map(|mail| &mail.mailusers).map(|user| user.name.as_str())
}
