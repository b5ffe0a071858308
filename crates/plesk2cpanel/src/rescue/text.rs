//! A rescue as text for a terminal.

use std::fmt::Write;

use super::report::{MailboxRescue, RescueReport, State, Visited};
use crate::finding::{Severity, grouped};
use crate::mail_findings::count;
use crate::wording::{Paint, clean, number};

/// What `rescue` prints.
pub fn report(report: &RescueReport, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!(
        "{} against {}: {}\n",
        paint.strong(&clean(&report.backup)),
        clean(&report.homes.join(", ")),
        number(report.mailboxes.len() as u64, "mailbox")
    );
    for mailbox in &report.mailboxes {
        lines(&mut text, mailbox, report.written, paint);
    }
    for failed in &report.failed {
        let _ = writeln!(
            text,
            "\n{}: {}",
            paint.bad(&format!("failed: {}", clean(&failed.domain))),
            clean(&failed.text)
        );
    }
    for address in &report.not_found {
        let line = format!("{}: in the backup, and not in the home", clean(address));
        let _ = writeln!(text, "\n{}", paint.careful(&line));
    }
    findings(&mut text, report, paint);
    if report.mailboxes.iter().any(|mailbox| mailbox.visited == Visited::Maybe) {
        text.push_str(
            "\nWhere clients may have loaded mail, messages keep what they have. The new server's log from \
             --since until now, given\nwith --pop3-log, tells who was there.\n",
        );
    }
    let work = report.mailboxes.iter().filter(|mailbox| mailbox.state == State::Planned).count();
    if work > 0 {
        let _ = writeln!(
            text,
            "\nNothing was written. With --write {} would change.",
            number(work as u64, "mailbox")
        );
    }
    text
}

fn lines(text: &mut String, mailbox: &MailboxRescue, written: bool, paint: Paint) {
    let state = match mailbox.state {
        State::Planned => paint.careful("to do"),
        State::Written => paint.good("written"),
        State::Unchanged => paint.good("nothing to do"),
        State::Refused => paint.bad("refused"),
        State::Failed => paint.bad("failed"),
    };
    let new = mailbox.new_address.as_ref().map_or_else(String::new, |new| format!(" (now {new})"));
    let name = clean(&format!("{}{new}", mailbox.address));
    let _ = writeln!(text, "\n{}: {state}", paint.strong(&name));
    if matches!(mailbox.state, State::Refused | State::Failed) {
        return;
    }
    let matched = &mailbox.matched;
    let _ = writeln!(
        text,
        "  inbox: {} in the home, {} of them in the backup ({} by name, {} by content, {} without \
         transport headers)",
        count(mailbox.in_home, "message"),
        matched.by_name + matched.by_content + matched.by_headers,
        matched.by_name,
        matched.by_content,
        matched.by_headers
    );
    let visited = match mailbox.visited {
        Visited::No => "no client loaded mail since the move",
        Visited::Maybe => "clients may have loaded mail since the move",
        Visited::Yes => "clients loaded mail since the move",
    };
    let _ = writeln!(text, "  {visited}: {}", clean(&mailbox.visited_because));
    fates(text, mailbox, written);
    if let Some((from, to)) = mailbox.next_uid {
        let raised = if written { "raised" } else { "to be raised" };
        let _ = writeln!(
            text,
            "  next UID {raised} from {from} to {to}, so that no UIDL is given out a second time"
        );
    }
    for folder in &mailbox.folders {
        let _ = writeln!(
            text,
            "  {}: had no list; {} with the old UIDs, {} behind them",
            clean(&folder.name),
            count(folder.restored, "message"),
            folder.new
        );
    }
    let seen = &mailbox.seen;
    let _ = writeln!(
        text,
        "  POP3 clients that were not there since the move: {} again (without this: {})",
        seen.pop3_not_connected, seen.pop3_not_connected_before
    );
    let nobody = if mailbox.visited == Visited::No { ", if there was one after all" } else { "" };
    let _ = writeln!(text, "  POP3 clients that were{nobody}: {} again", seen.pop3_connected);
    let _ = writeln!(
        text,
        "  IMAP clients that were not: {} again (without this: {}); that were: 0",
        seen.imap_not_connected, seen.imap_not_connected_before
    );
    for kept in &mailbox.kept_lists {
        let _ = writeln!(text, "  the old list is kept as {}", clean(kept));
    }
}

fn fates(text: &mut String, mailbox: &MailboxRescue, written: bool) {
    let fates = &mailbox.fates;
    let restored = if written { "got their old UIDL back" } else { "get their old UIDL back" };
    for (messages, what) in [
        (fates.restored, restored),
        (fates.already, "have it already"),
        (fates.kept, "keep the new one, which clients may have loaded them under"),
        (fates.new, "are not in the backup"),
        (fates.unclear, "keep the new one, because they fit several messages of the backup"),
        (fates.nameless, "have an old UIDL that nothing tells"),
        (fates.unlisted, "stand in no list yet"),
        (fates.unseen, "were never listed over POP3 by the old server"),
        (fates.taken, "keep the new one, because the old one is another message's now"),
        (fates.unwritable, "keep the new one, because the old one can't be written"),
        (fates.renamed, "are not in the backup, and lose a UIDL of the old server"),
        (fates.mistaken, "are not in the backup, and keep a UIDL of the old server"),
        (fates.not_served, "are not shown by the server"),
    ] {
        if messages > 0 {
            let _ = writeln!(text, "  {messages:>7} {what}");
        }
    }
}

fn findings(text: &mut String, report: &RescueReport, paint: Paint) {
    let of_mailboxes = report.mailboxes.iter().flat_map(|mailbox| &mailbox.findings);
    let all = report.findings.iter().chain(of_mailboxes);
    for group in grouped(all) {
        let first = group[0];
        let label = match first.severity {
            Severity::Info => paint.strong("info"),
            Severity::Warning => paint.careful("warning"),
            Severity::Error => paint.bad("error"),
        };
        let _ = writeln!(text, "\n{label} {}", first.code);
        for finding in &group {
            let _ = writeln!(text, "  {}: {}", clean(&finding.object), clean(&finding.text));
        }
        let _ = writeln!(text, "  {} {}", paint.strong("->"), clean(&first.remedy));
    }
}
