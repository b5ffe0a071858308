//! Lists chosen by chance, many damaged: what Dovecot 2.3.19.1 answered, and what the model says.

#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

use mail_model::dovecot::{Duplicates, MaildirFile, ServeInput, UidList, serve};
use mail_model::maildir::{Place, base_name};
use mail_model::uidl::UidlFormat;

fn fields(text: &str, key: &str) -> Vec<String> {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split('\t').skip(1).filter(|field| !field.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_recorded_answer_is_predicted() {
    let path = "../../fixtures/identity/dovecot-reading/cases.txt";
    let all = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let all = String::from_utf8(all).unwrap();
    let (mut cases, mut damaged) = (0, 0);
    for case in all.split("\0\n") {
        let (list, answers) = case.strip_prefix("LIST\n").unwrap().split_once("\nEND\n").unwrap();
        let names = fields(answers, "FILES");
        let files: Vec<MaildirFile<'_>> = names
            .iter()
            .map(|name| {
                let (directory, name) = name.split_once('/').unwrap();
                let place = if directory == "new" { Place::New } else { Place::Cur };
                MaildirFile { place, name: name.as_bytes(), x_uidl: None }
            })
            .collect();
        let uidls = fields(answers, "POP3");
        let parsed = UidList::parse(list.as_bytes()).ok();
        damaged += usize::from(parsed.as_ref().is_none_or(|(_, problems)| !problems.is_empty()));
        // Without a list that can be read, Dovecot took the time of that moment.
        let taken = uidls
            .first()
            .and_then(|uidl| uidl.get(8..))
            .and_then(|time| u32::from_str_radix(time, 16).ok())
            .unwrap_or(1);
        let served = serve(&ServeInput {
            uidlist: parsed.as_ref().map(|(list, _)| list),
            files: &files,
            format: &UidlFormat::dovecot_default(),
            reuse_x_uidl: false,
            duplicates: Duplicates::Allow,
            new_uidvalidity: taken,
        });
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let predicted: Vec<String> =
            served.pop3_order.iter().map(|at| text(&served.messages[*at].uidl)).collect();
        assert_eq!(predicted, uidls, "{case}");
        let numbered: Vec<String> = served
            .messages
            .iter()
            .map(|m| format!("{}={}", m.uid, text(base_name(files[m.file].name))))
            .collect();
        assert_eq!(numbered, fields(answers, "IMAP"), "{case}");
        cases += 1;
    }
    assert_eq!(cases, 160);
    assert!(damaged > 60, "only {damaged} of the cases are damaged");
}
