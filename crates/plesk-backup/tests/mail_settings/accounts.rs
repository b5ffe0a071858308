//! Spam filter and address book, and what holds for all settings of an account.

use plesk_backup::{Contact, ContactGroup, SpamAction, SpamScore};

use super::{describe, mail, problems, unknown, user, with_preferences};

#[test]
fn spam_filter_with_everything() {
    let description = with_preferences(
        "<spamassassin status='on' action='move' hits='6.5' modify-subj='true' \
           subj-text='***SPAM*** ' server-conf='off'>\
         <blacklist-member>*@spam.example</blacklist-member><blacklist-member/>\
         <whitelist-member>friend@x.example</whitelist-member>\
         <whitelist-member>*@y.example</whitelist-member>\
         <unblacklist-member>u@x.example</unblacklist-member>\
         <unwhitelist-member>w@x.example</unwhitelist-member></spamassassin>",
    );
    let spam = user(&description).spam.as_ref().unwrap();
    assert!(spam.enabled);
    assert_eq!(spam.action, SpamAction::Move);
    let score = SpamScore { text: "6.5".to_owned(), tenths: Some(65) };
    assert_eq!(spam.required_score, Some(score));
    assert_eq!((spam.modify_subject, spam.use_server_config), (Some(true), Some(false)));
    assert_eq!(spam.subject_text.as_deref(), Some("***SPAM*** "));
    assert_eq!(spam.black_list, ["*@spam.example"]);
    assert_eq!(spam.white_list, ["friend@x.example", "*@y.example"]);
    assert_eq!(spam.un_black_list, ["u@x.example"]);
    assert_eq!(spam.un_white_list, ["w@x.example"]);
    assert_eq!(
        problems(&description),
        [
            "`blacklist-member` (Info@a.example) was not understood: 1 of them hold nothing and were \
          left out"
        ]
    );
    assert_eq!(unknown(&description), []);
}

#[test]
fn spam_filter_with_next_to_nothing_and_with_nonsense() {
    let description = with_preferences("<spamassassin status='off'/>");
    let spam = user(&description).spam.as_ref().unwrap();
    assert!(!spam.enabled);
    assert_eq!(spam.action, SpamAction::Mark);
    assert_eq!((spam.required_score.as_ref(), spam.modify_subject), (None, None));
    assert_eq!(problems(&description), [""; 0]);
    let description = with_preferences(
        "<spamassassin status='1' action='shred' hits='many' modify-subj='***SPAM***'/>",
    );
    let spam = user(&description).spam.as_ref().unwrap();
    assert!(spam.enabled);
    assert_eq!(spam.action, SpamAction::Other("shred".to_owned()));
    let score = SpamScore { text: "many".to_owned(), tenths: None };
    assert_eq!((spam.required_score.as_ref(), spam.modify_subject), (Some(&score), None));
    let prefix = "`spamassassin` (Info@a.example) was not understood:";
    assert_eq!(
        problems(&description),
        [
            format!("{prefix} its action `shred` is not known"),
            format!("{prefix} its score `many` is no number"),
            format!("{prefix} `modify-subj` is `***SPAM***`, neither on nor off"),
        ]
    );
}

#[test]
fn settings_of_old_versions_stand_in_the_account_itself() {
    let description = describe(
        "<mailsystem><mailusers><mailuser name='info'>\
         <spamassassin status='on' hits='4'/>\
         <autoresponders><autoresponder><status>on</status><subject>away</subject></autoresponder></autoresponders>\
         <addressbook><addressbook-contact><email>x@x.example</email></addressbook-contact></addressbook>\
         </mailuser></mailusers></mailsystem>",
    );
    let user = user(&description);
    assert_eq!(user.spam.as_ref().unwrap().required_score.as_ref().unwrap().tenths, Some(40));
    let item = &user.autoresponders.as_ref().unwrap().items[0];
    assert!(item.enabled);
    let book = user.address_book.as_ref().unwrap();
    assert_eq!(book.contacts[0].email.as_deref(), Some("x@x.example"));
    assert_eq!(user.settings.len(), 3);
    assert_eq!(unknown(&description), []);

    let description = describe(
        "<mailsystem><mailusers><mailuser name='info'><spamassassin status='on'/>\
         <preferences><spamassassin status='off'/></preferences></mailuser></mailusers></mailsystem>",
    );
    assert!(!mail(&description).mailusers[0].spam.as_ref().unwrap().enabled);
    assert_eq!(
        problems(&description),
        [
            "`spamassassin` (info@a.example) was not understood: it stands 2 times; the last was taken"
        ]
    );
}

#[test]
fn address_book() {
    let description = with_preferences(
        "<addressbook><addressbook-contact id='7' name='SsO8cmdlbg==' first-name='' \
           email='x@x.example' home-address='SG9tZSAxClRvd24=' mobile-phone='+49 170 1' \
           nick='ZnJpZW5kcw=='/>\
         <addressbook-group id='1' name='ZnJpZW5kcw=='><addressbook-member id='7'/>\
           <addressbook-member id='8'/><addressbook-member/></addressbook-group></addressbook>",
    );
    let book = user(&description).address_book.as_ref().unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        book.contacts,
        [Contact {
            id: text("7"),
            name: text("J\u{fc}rgen"),
            email: text("x@x.example"),
            home_address: text("Home 1\nTown"),
            mobile_phone: text("+49 170 1"),
            other: vec![("nick".to_owned(), "friends".to_owned())],
            ..Contact::default()
        }]
    );
    assert_eq!(
        book.groups,
        [ContactGroup {
            id: text("1"),
            name: text("friends"),
            members: vec!["7".to_owned(), "8".to_owned()],
        }]
    );
    assert_eq!(unknown(&description), [("preferences/addressbook/addressbook-contact/@nick", 1)]);
    assert_eq!(
        problems(&description),
        ["`addressbook-member` (Info@a.example) was not understood: 1 of them hold nothing and \
          were left out"]
    );
}

#[test]
fn what_is_unknown_below_settings_is_counted() {
    let description = with_preferences(
        "<autoresponders new='1'><autoresponder status='on' start='x'>\
           <autoresponder-limit name='per-day'>3</autoresponder-limit><sound/></autoresponder>\
         </autoresponders><spamassassin status='on' bayes='1'><trust/><trust/></spamassassin>",
    );
    assert_eq!(
        unknown(&description),
        [
            ("preferences/autoresponders/@new", 1),
            ("preferences/autoresponders/autoresponder/@start", 1),
            ("preferences/autoresponders/autoresponder/autoresponder-limit[@name='per-day']", 1),
            ("preferences/autoresponders/autoresponder/sound", 1),
            ("preferences/spamassassin/@bayes", 1),
            ("preferences/spamassassin/trust", 2),
        ]
    );
}
