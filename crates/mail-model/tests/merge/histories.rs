//! Whatever happened on both servers: nothing is lost, nothing comes twice, no name changes hands.

use crate::world::*;
use mail_model::identity::merge::{Side, SideMessage, merge_folder};
use mail_model::maildir::Flags;
use mail_model::uidl::UidlFormat;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};

#[derive(Clone, Debug)]
struct History {
    first: Vec<Event>,
    between: Vec<Event>,
    /// Until a second merge, if there is one: its base is the backup of the first.
    later: Option<Vec<Event>>,
    after: Vec<Event>,
    reserved: u32,
    format: UidlFormat,
    by_name: bool,
    /// Waiting mail is foretold in the wrong order at the first backup.
    wrongly: bool,
    /// A file that the first backup lacks, and one that the second does.
    lacks: (Option<u8>, Option<u8>),
    absence_counts: bool,
}

const FORMATS: [&str; 4] = ["UID%u-%v", "%08Xu%08Xv", "%f", "%u"];

fn histories() -> impl Strategy<Value = History> {
    (
        (events(false), events(true), proptest::option::weighted(0.3, events(true)), events(true)),
        prop_oneof![Just(0), Just(3), Just(1000)],
        proptest::sample::select(&FORMATS[..]),
        any::<bool>(),
        (
            proptest::bool::weighted(0.2),
            (
                proptest::option::weighted(0.2, any::<u8>()),
                proptest::option::weighted(0.2, any::<u8>()),
            ),
            proptest::bool::weighted(0.8),
        ),
    )
        .prop_map(|((first, between, later, after), reserved, format, by_name, evidence)| {
            let format = UidlFormat::parse(format).unwrap();
            let (wrongly, lacks, absence_counts) = evidence;
            // Of a message that is kept without the old server's word nobody knows the name; and one
            // that may have been deleted here may come back under a name that is known since.
            let wrongly = wrongly && by_name && absence_counts && lacks.1.is_none();
            History {
                first,
                between,
                later,
                after,
                reserved,
                format,
                by_name,
                wrongly,
                lacks,
                absence_counts,
            }
        })
}

/// What becomes of both servers until the second backup, and of both programs: `a` goes to the old
/// server, `b` to the new one.
struct Run {
    clock: u32,
    old: Server,
    new: Server,
    a: Program,
    b: Program,
}

impl Run {
    fn happen(&mut self, events: &[Event]) {
        for event in events {
            let (Event::Deliver { old }
            | Event::Drop { old }
            | Event::Delete { old, .. }
            | Event::Flag { old, .. }
            | Event::Keyword { old, .. }
            | Event::Pop3 { old }
            | Event::Imap { old }) = *event;
            let (server, program) =
                if old { (&mut self.old, &mut self.a) } else { (&mut self.new, &mut self.b) };
            server.happen(event, &mut self.clock, program);
        }
    }
}

impl Run {
    /// A second merge, since the backup of the first. What it names anew.
    fn merge_again(
        &mut self,
        history: &History,
        first: &Side,
        second: &Side,
        renamed: &[Vec<u8>],
    ) -> Vec<Vec<u8>> {
        let base = before(second, history.reserved, true);
        let ours = self.new.clone();
        let theirs = self.old.theirs();
        let rules = rules(&self.new, &history.format);
        let merge = merge_folder(Some(&base), Some(&theirs), Some(&ours.ours()), &rules).unwrap();
        self.new = ours.merged(&theirs, &merge);
        let by_name = History { by_name: true, absence_counts: true, ..history.clone() };
        what_is_there(&by_name, second, &theirs, &ours, &self.new);
        numbers(&self.new, &ours);
        names(first, &theirs, &self.new, &[renamed, &merge.notes.renamed].concat());
        merge.notes.renamed
    }
}

fn check(history: &History) {
    let target = UidlFormat::uid_dash_validity();
    let old = Server::new(1_600_000_000, &history.format);
    let new = Server::converted(&old.theirs(), 0, &target);
    let mut run = Run { clock: 0, old, new, a: Program::default(), b: Program::default() };
    run.happen(&history.first);
    // Both programs were the old server's until then.
    run.b = run.a.clone();
    let mut first = run.old.foretold(history.wrongly);
    lacks(&mut first, history.lacks.0);
    let before = before(&first, history.reserved, history.by_name);
    run.new = Server::converted(&first, history.reserved, &target);
    run.happen(&history.between);

    let ours = run.new.clone();
    let mut theirs = run.old.theirs();
    lacks(&mut theirs, history.lacks.1);
    let mut rules = rules(&run.new, &history.format);
    rules.absence_counts = history.absence_counts;
    let merge = merge_folder(Some(&before), Some(&theirs), Some(&ours.ours()), &rules).unwrap();
    run.new = ours.merged(&theirs, &merge);
    what_is_there(history, &first, &theirs, &ours, &run.new);
    flags(history, &first, &theirs, &ours, &run.new);
    numbers(&run.new, &ours);
    names(&first, &theirs, &run.new, &merge.notes.renamed);

    // Run again, it finds all done.
    let mut again = rules.clone();
    again.opened = run.new.opened;
    let second = merge_folder(Some(&before), Some(&theirs), Some(&run.new.ours()), &again).unwrap();
    if history.by_name || first.messages.iter().all(|message| !message.uid_unseen) {
        let twice = run.new.merged(&theirs, &second);
        assert_eq!(format!("{:?}", twice.by_guid()), format!("{:?}", run.new.by_guid()));
        assert_eq!(twice.next, run.new.next);
    }

    let mut renamed = merge.notes.renamed;
    // Of a reserve that is used up the second merge does not know where it ended, nor that a message
    // is older than the backup that lacked it.
    let is_known = history.reserved != 3 && history.lacks == (None, None);
    if let Some(later) = history.later.as_ref().filter(|_| is_known) {
        run.happen(later);
        renamed.extend(run.merge_again(history, &first, &theirs, &renamed));
    }

    // From here on both programs go to the new server.
    run.new.pop3(&mut run.a);
    run.new.pop3(&mut run.b);
    run.new.imap(&mut run.a);
    run.new.imap(&mut run.b);
    for event in &history.after {
        run.new.happen(event, &mut run.clock, &mut run.a);
    }
    for program in [&mut run.a, &mut run.b] {
        run.new.pop3(program);
        run.new.imap(program);
        for message in &run.new.messages {
            let times = program.loaded.get(&message.guid).copied().unwrap_or(0);
            assert!(times > 0, "{} is lost to a program", message.guid.escape_ascii());
            let renamed = renamed.iter().filter(|guid| **guid == message.guid).count();
            assert!(
                usize::try_from(times).unwrap() <= 1 + renamed,
                "{} was loaded {times} times",
                message.guid.escape_ascii()
            );
        }
    }
    // With a reserve nothing has to be renamed.
    if history.reserved == 1000 && !history.wrongly {
        assert_eq!(renamed, Vec::<Vec<u8>>::new());
        assert_eq!(merge.notes.renumbered, Vec::<Vec<u8>>::new());
    }
}

/// Late mail of both sides is there, deletions of both sides hold.
fn what_is_there(history: &History, first: &Side, theirs: &Side, ours: &Server, new: &Server) {
    let guids = |side: &Side| -> BTreeSet<Vec<u8>> {
        side.messages.iter().map(|message| message.guid.clone()).collect()
    };
    let (had, old_has, new_has) = (guids(first), guids(theirs), ours.guids());
    let unseen: BTreeSet<Vec<u8>> = first
        .messages
        .iter()
        .filter(|message| {
            let sure = first.unfiled.iter().map(|(uid, _)| *uid).min().unwrap_or(u32::MAX);
            !history.by_name && (message.uid_unseen || message.uid.unwrap() >= sure)
        })
        .map(|message| message.guid.clone())
        .collect();
    let unfiled: BTreeSet<&Vec<u8>> = theirs.unfiled.iter().map(|(_, guid)| guid).collect();
    let stays = |guid: &Vec<u8>| {
        let in_old = old_has.contains(guid) || unfiled.contains(guid) || !history.absence_counts;
        new_has.contains(guid) && in_old
    };
    let all = old_has.union(&new_has);
    let expected: BTreeSet<Vec<u8>> =
        all.filter(|guid| !had.contains(*guid) || stays(guid)).cloned().collect();
    let found = new.guids();
    assert_eq!(found.len(), new.messages.len(), "a message twice");
    assert!(expected.is_subset(&found), "lost");
    // Of mail that nobody had seen at the first backup, a report does not tell whether it was there.
    let too_many: Vec<_> = found.difference(&expected).filter(|it| !unseen.contains(*it)).collect();
    assert!(too_many.is_empty(), "{too_many:?} came back");
}

/// Whoever changed a flag decides; where nobody knows what it was, both together do.
fn flags(history: &History, first: &Side, theirs: &Side, ours: &Server, new: &Server) {
    fn find<'a>(side: &'a Side, guid: &[u8]) -> Option<&'a SideMessage> {
        side.messages.iter().find(|message| message.guid == guid)
    }
    let here = ours.by_guid();
    for message in &new.messages {
        let base = find(first, &message.guid).filter(|_| history.by_name);
        let (old, new) = (find(theirs, &message.guid), here.get(&message.guid));
        for letter in b"DFPRST" {
            let flag = Flags::from_letter(*letter).unwrap();
            let expected = match (base, old, new) {
                (Some(base), Some(old), Some(new)) => {
                    let was = base.flags.contains(flag);
                    let (old, new) = (old.flags.contains(flag), new.flags.contains(flag));
                    if new == was { old } else { new }
                }
                (None, Some(_), Some(new)) if *letter == b'T' => new.flags.contains(flag),
                (_, old, new) => {
                    old.is_some_and(|it| it.flags.contains(flag))
                        || new.is_some_and(|it| it.flags.contains(flag))
                }
            };
            assert_eq!(message.flags.contains(flag), expected, "{}", char::from(*letter));
        }
        // Keywords are only ever set here.
        let old = old.iter().flat_map(|it| &it.keywords);
        let expected: BTreeSet<&Vec<u8>> =
            old.chain(new.iter().flat_map(|it| &it.keywords)).collect();
        assert_eq!(message.keywords.iter().collect::<BTreeSet<_>>(), expected);
    }
}

fn numbers(new: &Server, ours: &Server) {
    let uids: Vec<u32> = new.messages.iter().filter_map(|message| message.uid).collect();
    assert!(uids.is_sorted_by(|one, other| one < other), "{uids:?}");
    assert!(uids.iter().all(|uid| *uid < new.next));
    assert!(new.next >= ours.next);
    assert_eq!(new.validity, ours.validity);
}

/// Old messages are called what the old server called them, and no two are called the same.
fn names(first: &Side, theirs: &Side, new: &Server, renamed: &[Vec<u8>]) {
    let mut server = new.clone();
    for message in &mut server.messages {
        message.uid.get_or_insert(u32::MAX - 1);
    }
    let mut seen = HashSet::new();
    let all = server.by_guid();
    for message in server.messages.iter().filter(|message| message.uid != Some(u32::MAX - 1)) {
        assert!(seen.insert(server.uidl(message)), "a UIDL twice");
    }
    for old in &theirs.messages {
        let Some(found) = all.get(&old.guid) else { continue };
        let had = first.messages.iter().any(|message| message.guid == old.guid);
        if !renamed.contains(&old.guid) && !old.uid_unseen {
            assert_eq!(Some(server.uidl(found)), old.uidl);
        }
        if had && !old.uid_unseen {
            assert!(!renamed.contains(&old.guid), "an old message lost its name");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_are_put_together(history in histories()) {
        check(&history);
    }
}
