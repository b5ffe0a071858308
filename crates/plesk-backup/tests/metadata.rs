//! Hand-written metadata: older names, several descriptions of one subscription, odd values.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use plesk_backup::{
    Backup, Description, DomainKind, Hosting, MailQuota, PasswordKind, Problem, Status,
};

/// Describes a tree of metadata files of the stamp 2401151030: path of the directory, and XML.
fn describe(files: &[(&str, &str)]) -> Description {
    let directory = tempfile::tempdir().unwrap();
    for (place, xml) in files {
        let place = directory.path().join(place);
        fs::create_dir_all(&place).unwrap();
        let xml =
            format!("<migration-dump dump-original-version=\"12.5.30\">{xml}</migration-dump>");
        fs::write(place.join("backup_info_2401151030.xml"), xml).unwrap();
    }
    Backup::open(directory.path()).unwrap().describe().unwrap()
}

fn problems(description: &Description) -> Vec<String> {
    description.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn one_subscription_described_twice_is_one() {
    let domain = "<domain name='a.example' guid='g1'><mailsystem><mailusers>\
        <mailuser name='x'/><mailuser name='y'/></mailusers></mailsystem></domain>";
    let description = describe(&[("", domain), ("domains/a.example", domain)]);
    assert_eq!(description.subscriptions.len(), 1);
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.plesk_version.as_deref(), Some("12.5.30"));
}

#[test]
fn the_fuller_description_wins_and_the_difference_is_told() {
    let lesser = "<domain name='a.example' guid='g1'><mailsystem><mailusers>\
        <mailuser name='x'/></mailusers></mailsystem></domain>";
    let fuller = "<domain name='a.example' guid='g1'><mailsystem><mailusers>\
        <mailuser name='x'/><mailuser name='y'/></mailusers></mailsystem></domain>";
    let description = describe(&[("", lesser), ("domains/a.example", fuller)]);
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.metadata, "domains/a.example/backup_info_2401151030.xml");
    assert_eq!(
        problems(&description),
        ["`a.example` is described differently by `domains/a.example/backup_info_2401151030.xml` \
          and `backup_info_2401151030.xml` (2 and 1 mail accounts; only in the former: \
          [y@a.example], only in the latter: []); the former was taken"]
    );
}

#[test]
fn pointers_without_their_metadata_are_told() {
    let description = describe(&[(
        "",
        "<admin name='host'><domains><domain-info name='M\u{fc}nchen.example' guid='g'/>\
         <domain-info name='b.example'/></domains></admin><domain name='b.example'/>",
    )]);
    assert_eq!(
        problems(&description),
        [
            "`backup_info_2401151030.xml` lists `xn--mnchen-3ya.example`, but no metadata in the backup describe it"
        ]
    );
}

#[test]
fn older_names_and_odd_values() {
    let description = describe(&[(
        "",
        "<client name='joe'><preferences><pinfo name='email'> joe@home.example </pinfo></preferences>\
         <domain name='B\u{fc}cher.example' guid='g'>\
         <properties><status><disabled-by name='parent'/></status></properties>\
         <limits-and-permissions><domain-limit name='mbox_quota'>-1</domain-limit>\
         <limit name='max_box'>many</limit></limits-and-permissions>\
         <fhosting><url>http://elsewhere.example/</url></fhosting>\
         <mailsystem><mailusers>\
         <mailuser name='Info' mailbox-quota='-5'><properties>\
           <password type='plain' encoding='base64'>UGxhaW5QYTU1</password></properties><preferences>\
           <mailbox type='mdir' enabled='on'/><redirect>a@x.example</redirect>\
           <mailgroup-member>b</mailgroup-member></preferences></mailuser>\
         <mailuser name='info' mailbox-quota='lots' forwarding-enabled='false'>\
           <properties><password type='plain'/></properties>\
           <preferences><mailbox enabled='false'/><forwarding>c@x.example</forwarding></preferences>\
         </mailuser><mailuser name=''/></mailusers>\
         <preferences><catch-all>bounce:gone</catch-all></preferences></mailsystem></domain></client>",
    )]);
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.owner_login.as_deref(), Some("joe"));
    assert_eq!(subscription.owner_email.as_deref(), Some("joe@home.example"));
    assert_eq!(subscription.limits["mbox_quota"], -1);
    let domain = &subscription.domain;
    assert_eq!(
        (domain.name.as_str(), domain.ascii_name.as_str()),
        ("b\u{fc}cher.example", "xn--bcher-kva.example")
    );
    assert_eq!(domain.status, Status::Disabled { by: vec!["parent".to_owned()] });
    assert!(domain.status.is_enabled_itself());
    assert_eq!(domain.hosting, Hosting::Forward { url: "http://elsewhere.example/".to_owned() });
    let mail = domain.mail.as_ref().unwrap();
    assert_eq!(mail.catch_all.as_deref(), Some("bounce:gone"));
    let [first, second] = mail.mailusers.as_slice() else { panic!() };
    assert_eq!((first.name.as_str(), first.local_part.as_str()), ("Info", "info"));
    assert_eq!(first.quota, MailQuota::Unlimited);
    assert_eq!(first.password.as_ref().unwrap().kind(), PasswordKind::Plain);
    assert!(first.mailbox.as_ref().unwrap().enabled && first.forwarding.enabled);
    assert_eq!(first.forwarding.targets, ["a@x.example", "b"]);
    assert_eq!(second.quota, MailQuota::Default);
    assert_eq!(second.password.as_ref().unwrap().kind(), PasswordKind::Empty);
    assert!(!second.mailbox.as_ref().unwrap().enabled && !second.forwarding.enabled);
    assert_eq!(second.forwarding.targets, ["c@x.example"]);
    let (file, name) = ("backup_info_2401151030.xml", "xn--bcher-kva.example");
    assert_eq!(
        problems(&description),
        [
            format!(
                "`mailuser` in `{file}` ({name}) was not understood: the quota of `info` is `lots`; the default was taken"
            ),
            format!(
                "`mailuser` in `{file}` ({name}) was not understood: it has no name; the account was left out"
            ),
            format!("mail account `info@{name}` stands 2 times in `{file}`"),
            format!("`limit` in `{file}` ({name}) was not understood: `max_box` is `many`"),
        ]
    );
}

#[test]
fn of_several_mailboxes_of_an_account_all_content_is_kept() {
    let cid = |directory: &str| {
        format!(
            "<content><cid type='mailbox' path='{directory}'><content-file>backup_mdir_2401151030.tgz\
             </content-file></cid></content>"
        )
    };
    let (one, other) = (cid("mailnames/x"), cid("mailnames/y"));
    let account = |inner: &str| {
        let list = format!("<mailusers><mailuser name='x'>{inner}</mailuser></mailusers>");
        format!("<domain name='a.example'><mailsystem>{list}</mailsystem></domain>")
    };
    let content_of = |description: &Description| -> Vec<String> {
        let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
        let mailbox = mail.mailusers[0].mailbox.as_ref().unwrap();
        assert!(mailbox.enabled);
        mailbox.content.iter().map(|content| content.path.clone()).collect()
    };
    let contradiction = "`mailbox` in `backup_info_2401151030.xml` (x@a.example) was not \
        understood: it is both on and off; it was taken for on";
    let twice = account(&format!(
        "<mailbox>{one}</mailbox><preferences><mailbox enabled='false'>{one}{other}</mailbox></preferences>"
    ));
    let description = describe(&[("", &twice)]);
    assert_eq!(content_of(&description), ["mailnames/x", "mailnames/y"]);
    assert!(problems(&description).contains(&contradiction.to_owned()));
    // The last has nothing.
    let empty = account(&format!("<mailbox>{one}</mailbox><preferences><mailbox/></preferences>"));
    let description = describe(&[("", &empty)]);
    assert_eq!(content_of(&description), ["mailnames/x"]);
    assert!(!problems(&description).iter().any(|text| text.contains("understood")));
}

#[test]
fn sites_of_all_kinds() {
    let description = describe(&[(
        "",
        "<domain name='a.example'><phosting><sites>\
         <site name='addon.example'><phosting www-root='addon.example'/></site>\
         <site name='blog.a.example' parent-domain-name='a.example'/></sites></phosting></domain>",
    )]);
    let sites = &description.subscriptions[0].sites;
    assert_eq!(sites[0].kind, DomainKind::Addon);
    assert_eq!(sites[0].www_root.as_deref(), Some("addon.example"));
    assert_eq!(sites[1].kind, DomainKind::Subdomain { parent: "a.example".to_owned() });
    assert_eq!(sites[1].hosting, Hosting::None);
}

#[test]
fn content_never_comes_from_outside_the_tree_or_from_another_object() {
    let cid = |path: &str, name: &str| {
        format!(
            "<domain name='a.example'><phosting><sites><site name='s.example'><mailsystem><content>\
             <cid type='domainmail' path='{path}'><content-file>{name}</content-file></cid>\
             </content></mailsystem></site></sites></phosting></domain>"
        )
    };
    for (path, name) in [
        ("../..", "etc/passwd"),
        ("", "../backup_info_2401151030.xml"),
        // There is a file of this name, but it is that of the main domain.
        ("domains/a.example/sites/s.example", "backup_info_2401151030.xml"),
    ] {
        let description = describe(&[("", &cid(path, name))]);
        let [Problem::MissingContent { owner, size: None, .. }] = description.problems.as_slice()
        else {
            panic!("{:?}", description.problems)
        };
        assert_eq!(owner, "s.example");
    }
}
