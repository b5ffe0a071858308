//! Passwords that nobody can read: the mail goes over, and whoever needs a new one is named.

use plesk_fixture::{MailboxSpec, PasswordSpec, Spec};

use crate::support::{Place, one_mailbox, served_messages};

/// `$AES-128-CBC$` of "Sommer2024" under the key below; made by OpenSSL with NUL as padding.
const ENCRYPTED: &str = "$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$6ZdZDulVcOSZb6Gs2ZRrEQ==";
const KEY: &[u8] = b"0123456789abcdef";

fn spec() -> Spec {
    let mut spec = one_mailbox(served_messages(2));
    let mailboxes = &mut spec.subscriptions[0].mailboxes;
    mailboxes[0].password = Some(PasswordSpec::new("sym", ENCRYPTED));
    mailboxes.push(
        MailboxSpec::new("bert")
            .with_files(served_messages(1))
            .with_password(PasswordSpec::new("plain", "Winter2024")),
    );
    spec
}

#[test]
fn values_under_another_key_are_listed_and_the_mail_converts() {
    let place = Place::new();
    place.pack("backup.tar", &spec());
    place.write("right", KEY);
    place.write("wrong", b"fedcba9876543210");
    let convert = |output: &str, key: &[&str]| {
        let arguments = ["convert", "backup.tar", "--output", output, "--old-server", "dovecot:%f"];
        let run = place.run(&[&arguments[..], key].concat());
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        run.transcript()
    };
    insta::assert_snapshot!("protected-no-key", convert("none", &[]));
    insta::assert_snapshot!(
        "protected-wrong-key",
        convert("wrong-out", &["--secret-key", "wrong"])
    );
    convert("right-out", &["--secret-key", "right"]);
    for (output, login) in [("none", "locked"), ("wrong-out", "locked"), ("right-out", "hashed")] {
        let report = place.report(output);
        let mailboxes = &report["accounts"][0]["mailboxes"];
        assert_eq!(mailboxes[0]["login"], login, "{output}");
        assert_eq!(
            (&mailboxes[0]["messages"], &mailboxes[1]["login"]),
            (&2.into(), &"hashed".into())
        );
    }
}
