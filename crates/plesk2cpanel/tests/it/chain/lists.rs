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
