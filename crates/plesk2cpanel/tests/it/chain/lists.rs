//! What the lists of several dumps tell of folders and messages, and what they do not.

use std::time::{Duration, Instant};

use plesk_fixture::MemoryFile;

use super::made::{chain, convert, message};

/// Nobody waits for what takes the square of the folders and the messages.
#[test]
fn hundreds_of_folders_are_renamed() {
    const FOLDERS: usize = 100;
    const NAMES: usize = 300;
    let dump = |renamed: bool| -> Vec<MemoryFile> {
        let folders = (0..FOLDERS).flat_map(|number| {
            let dir = if renamed { format!(".New{number}") } else { format!(".Old{number}") };
            let names = (1..=NAMES).map(move |uid| (uid, format!("{uid}.of{number}")));
            let is_dovecot = number % 2 == 0;
            let (file, mut list) = if is_dovecot {
                ("dovecot-uidlist", format!("3 V170000 N{} G{number:032x}\n", NAMES + 1))
            } else {
                ("courierimapuiddb", format!("1 70000000 {}\n", NAMES + 1))
            };
            for (uid, name) in names {
                list += &format!("{uid} {}{name}\n", if is_dovecot { ":" } else { "" });
            }
            [
                message(&format!("{dir}/cur/1.of{number}:2,"), "stays"),
                MemoryFile::file(format!("Maildir/{dir}/{file}"), 1_700_000_000, list),
            ]
        });
        folders.collect()
    };
    let began = Instant::now();
    let converted = convert(&chain(vec![dump(false), dump(true)]));
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    for number in 0..FOLDERS {
        assert_eq!(converted.names(&format!(".New{number}/")), [format!("1.of{number}:2,")]);
    }
    let text = converted.text("deleted-in-chain");
    assert!(text.contains("`.Old1` became `.New1`"), "{text}");
    assert!(text.ends_with("and 95 more"), "{text}");
}

/// The owner of a list changed, or its time, and the increment has it once more. It is as old as
/// before, and mail that came after it is not gone.
#[test]
fn a_list_that_is_packed_again_as_it_was_tells_nothing_new() {
    let lists: [(&str, &str); 2] = [
        ("courierimapuiddb", "1 700000000 3\n1 1.a\n2 2.b\n"),
        ("courierpop3dsizelist", "/2 3 17\n1.a:2, 20 1:17\n2.b:2, 20 2:17\n"),
    ];
    let before = [message("cur/1.a:2,", "one"), message("cur/2.b:2,", "two")];
    let unlisted = message("new/3.c", "came and waits");
    for (name, text) in lists {
        let list = |time| MemoryFile::file(format!("Maildir/{name}"), time, text);
        let full = [&before[..], &[unlisted.clone(), list(1)]].concat();
        let again = [&full[..3], &[list(2), message("new/4.d", "four")]].concat();
        let converted = convert(&chain(vec![full.clone(), again]));
        assert_eq!(converted.names(""), ["1.a:2,", "2.b:2,", "3.c", "4.d"], "{name}");
        // One that was written anew is of all that lay there then.
        let anew = text.replace("2.b", "4.d");
        let anew = MemoryFile::file(format!("Maildir/{name}"), 2, anew);
        let converted = convert(&chain(vec![full, vec![message("cur/4.d:2,", "four"), anew]]));
        assert_eq!(converted.names(""), ["1.a:2,", "4.d:2,"], "{name}");
    }
}

#[test]
fn nothing_is_deleted_where_nobody_ever_opened_a_folder() {
    let before = vec![message("new/1.a", "one")];
    let after = vec![message("new/2.b", "two")];
    let converted = convert(&chain(vec![before, after]));
    assert_eq!(converted.names(""), ["1.a", "2.b"]);
    assert_eq!(converted.codes(), [""; 0]);
}
