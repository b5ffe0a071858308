//! Settings of mail domains, and mailing lists.

use std::fs;

use plesk_backup::{Backup, ContentFile, ContentRef, PasswordKind, Recipient, Setting, Status};

use super::{FILE, describe, mail, problems, unknown};

#[test]
fn settings_of_a_mail_domain() {
    let description = describe(
        "<mailsystem><preferences><domain-keys state='false' public-key=' MIIB\n AAAA '/>\
         <web-mail>horde</web-mail><grey-listing>off</grey-listing></preferences></mailsystem>",
    );
    let domain = mail(&description);
    let dkim = domain.dkim.as_ref().unwrap();
    assert_eq!((dkim.enabled, dkim.public_key.as_deref()), (false, Some("MIIBAAAA")));
    assert_eq!((domain.web_mail.as_deref(), domain.grey_listing), (Some("horde"), Some(false)));
    assert_eq!(domain.settings.len(), 3);
    assert_eq!(problems(&description), [""; 0]);

    let description = describe(
        "<mailsystem><preferences><domain-keys/><grey-listing>sometimes</grey-listing>\
         </preferences></mailsystem>",
    );
    let domain = mail(&description);
    assert!(!domain.dkim.as_ref().unwrap().enabled);
    assert_eq!((domain.web_mail.as_deref(), domain.grey_listing), (None, None));
    assert_eq!(
        problems(&description),
        [
            "`domain-keys` (a.example) was not understood: it has no `state` and was taken for \
             switched off",
            "`preferences` (a.example) was not understood: `grey-listing` is `sometimes`, neither \
             on nor off",
        ]
    );
}

#[test]
fn what_is_wrong_with_content_is_said_once() {
    // Keys and lists are met a second time where all content of a subscription is listed.
    let content = "<content><cid type='key' path='x'><content-file>backup_privatekey_2401151030.tgz\
                   </content-file><content-file/></cid></content>";
    let description = describe(&format!(
        "<mailsystem><preferences><domain-keys state='true'>{content}</domain-keys></preferences>\
         </mailsystem><maillists>{content}</maillists>"
    ));
    let expected = ContentRef {
        kind: "key".to_owned(),
        path: "x".to_owned(),
        offset: None,
        referrer: false,
        files: vec![ContentFile {
            name: "backup_privatekey_2401151030.tgz".to_owned(),
            size: None,
            entry: None,
        }],
        directory: None,
    };
    let domain = mail(&description);
    assert_eq!(domain.dkim.as_ref().unwrap().content, std::slice::from_ref(&expected));
    assert_eq!(domain.mailing_list_content, std::slice::from_ref(&expected));
    assert_eq!(description.subscriptions[0].other_content.len(), 2);
    assert_eq!(
        problems(&description),
        [
            "a.example: `x/backup_privatekey_2401151030.tgz` (key) is not in the backup",
            "`content-file` (a.example) was not understood: it names no file (key)",
        ]
    );
}

#[test]
fn mailing_lists() {
    let description = describe(
        "<maillists><properties><status><disabled-by name='admin'/></status></properties>\
         <maillist name='News' id='3' moderated='true'><status><enabled/></status>\
           <owner>boss@a.example</owner><owner>vice@a.example</owner>\
           <password type='encrypted'>d033e22ae348aeb5660fc2140aec35850c4da997</password>\
           <recipient fullname='Jane &quot;J&quot; Doe'>jane@x.example</recipient>\
           <recipient>joe@x.example</recipient><recipient fullname='Nobody'/>\
           <footer lines='2'>bye</footer></maillist>\
         <maillist name='news'><status><disabled-by name='client'/></status></maillist>\
         <maillist/></maillists>",
    );
    let domain = mail(&description);
    let off = |who: &str| Status::Disabled { by: vec![who.to_owned()] };
    assert_eq!(domain.mailing_list_status, off("admin"));
    let [news, again] = domain.mailing_lists.as_slice() else { panic!() };
    assert_eq!((news.name.as_str(), &news.status), ("News", &Status::Enabled));
    assert_eq!(news.owners, ["boss@a.example", "vice@a.example"]);
    let recipient = |address: &str, full_name: Option<&str>| Recipient {
        address: address.to_owned(),
        full_name: full_name.map(str::to_owned),
    };
    assert_eq!(
        news.recipients,
        [recipient("jane@x.example", Some("Jane \"J\" Doe")), recipient("joe@x.example", None)]
    );
    // Nothing says what the forty digits of SHA-1 are; and they are never shown.
    assert_eq!(news.password, Some(PasswordKind::Unknown));
    assert!(!format!("{description:?}").contains("d033e22"));
    let setting =
        |name: &str, value: &str| Setting { name: name.to_owned(), value: value.to_owned() };
    assert_eq!(news.settings, [setting("moderated", "true"), setting("footer", "lines=2 bye")]);
    assert_eq!((&again.status, &again.password), (&off("client"), &None));
    assert_eq!(
        problems(&description),
        [
            "`recipient` (News@a.example) was not understood: 1 of them hold nothing and were left \
             out",
            "`maillist` (a.example) was not understood: it has no name; the list was left out",
            "`maillist` (a.example) was not understood: the list `news` stands 2 times",
        ]
    );
    assert_eq!(
        unknown(&description),
        [("domain/maillists/maillist/@moderated", 1), ("domain/maillists/maillist/footer", 1)]
    );
}

#[test]
fn without_lists_and_mailsystem_there_is_no_mail() {
    let description = describe("<maillists><properties/></maillists>");
    assert!(description.subscriptions[0].domain.mail.is_none());
    let description = describe("<mailsystem/><maillists/>");
    assert!(mail(&description).mailing_lists.is_empty());
}

#[test]
fn a_list_that_is_cut_keeps_what_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let xml = "<migration-dump><domain name='a.example'><maillists><maillist name='news'>\
               <owner>boss@a.example</owner><recipient>jane@x.example</recipient><recipient>jo";
    fs::write(directory.path().join(FILE), xml).unwrap();
    let description = Backup::open(directory.path()).unwrap().describe().unwrap();
    let [news] = mail(&description).mailing_lists.as_slice() else { panic!() };
    assert_eq!((news.owners.len(), news.recipients.len()), (1, 1));
    assert!(
        problems(&description).contains(
            &"`maillist` (news@a.example) was not understood: it is cut off; 1 owners and 1 \
              recipients were read"
                .to_owned()
        ),
        "{:?}",
        problems(&description)
    );
}
