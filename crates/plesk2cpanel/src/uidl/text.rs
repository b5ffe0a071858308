//! Listings and comparisons as text for a terminal of 80 columns.

use std::collections::BTreeMap;
use std::fmt::Write;

use plesk_backup::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Comparison, Difference, MailboxUidls, UidlRow};
use crate::finding::{Finding, Severity};
use crate::summary::{Paint, certainties, clean, number};

const WIDTH: usize = 80;
/// A longer UIDL gets a line of its own.
const UIDL_COLUMN: usize = 24;
/// Differences of one sort that are shown; the rest is in the JSON.
const SHOWN: usize = 10;

/// What `uidl` prints.
pub fn listing(uidls: &MailboxUidls, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!(
        "{}: {}, as POP3 listed them\n",
        paint.strong(&clean(&uidls.address)),
        number(uidls.messages.len() as u64, "message")
    );
    let server = &uidls.server;
    let format = server.uidl_format.as_ref().map_or_else(String::new, |format| {
        let assumed = if server.uidl_format_assumed { " assumed" } else { "" };
        format!(", UIDL format {}{assumed}", clean(format))
    });
    let served = format!(
        "served by {}{format} ({})",
        server.live.unwrap_or("an unknown server"),
        server.because
    );
    let _ = writeln!(text, "{}", wrapped(&served, 2));
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for row in &uidls.messages {
        *sums.entry(row.certainty.clone()).or_default() += 1;
    }
    let _ = writeln!(text, "UIDLs: {}\n", certainties(&sums));
    rows(&mut text, &uidls.messages);
    findings(&mut text, &uidls.findings, paint);
    text
}

fn rows(text: &mut String, rows: &[UidlRow]) {
    if rows.is_empty() {
        return;
    }
    let widest = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
    let numbers = rows.iter().map(|row| row.number.to_string().len());
    let numbers = widest(&mut numbers.chain([3]));
    let uidls = widest(&mut rows.iter().map(|row| uidl(row).width()).chain([4]));
    let sizes = widest(&mut rows.iter().map(|row| size(row).len()).chain([4]));
    let two_lines = uidls > UIDL_COLUMN;
    let uidl_head = if two_lines { String::new() } else { format!("{:uidls$}  ", "UIDL") };
    let head = format!(
        "{:>numbers$}  {uidl_head}{:9}  {:>sizes$}  {:16}  subject",
        "no.", "certainty", "size", "date"
    );
    let _ = writeln!(text, "{head}");
    for row in rows {
        let column = if two_lines {
            String::new()
        } else {
            format!("{}{}  ", uidl(row), " ".repeat(uidls - uidl(row).width()))
        };
        let mut line = format!(
            "{:>numbers$}  {column}{:9}  {:>sizes$}  {:16}  ",
            row.number,
            row.certainty,
            size(row),
            date(row)
        );
        let room = WIDTH.saturating_sub(line.width()).max(8);
        let subject = row.subject.as_deref().unwrap_or_default();
        line.push_str(&fit(&printable(subject.as_bytes()), room));
        let _ = writeln!(text, "{}", line.trim_end());
        if two_lines {
            let _ = writeln!(text, "{:numbers$}  {}", "", uidl(row));
        }
    }
    text.push('\n');
}

/// What nobody knows is a question.
fn uidl(row: &UidlRow) -> &str {
    row.uidl.as_deref().unwrap_or("?")
}

fn size(row: &UidlRow) -> String {
    row.size.map_or_else(|| "?".to_owned(), |size| size.to_string())
}

/// When it was written; a message that does not say so has the time at which it came.
fn date(row: &UidlRow) -> String {
    let text = crate::time::utc(row.date.unwrap_or(row.received));
    text.strip_suffix(" UTC").map_or(text.clone(), str::to_owned)
}

/// As much of a text as fits.
fn fit(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > room {
            break;
        }
        cut.push(letter);
    }
    cut.push('\u{2026}');
    cut
}

fn findings(text: &mut String, findings: &[Finding], paint: Paint) {
    for finding in findings {
        let label = match finding.severity {
            Severity::Error => paint.bad("error"),
            _ => paint.careful("warning"),
        };
        let said = format!("  {}: {}", clean(&finding.object), clean(&finding.text));
        let hint = format!("  hint: {}", clean(&finding.remedy));
        let hint = wrapped(&hint, 4).replacen("hint", &paint.hint("hint"), 1);
        let _ = writeln!(text, "{label}[{}]\n{}\n{hint}\n", finding.code, wrapped(&said, 4));
    }
}

/// What `uidl --compare` prints.
pub fn comparison(comparison: &Comparison, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!(
        "{}: {} here, {} in the listing\n",
        paint.strong(&clean(&comparison.address)),
        number(comparison.here, "message"),
        number(comparison.there, "message")
    );
    for note in &comparison.notes {
        let _ = writeln!(text, "{}: {}", paint.careful("note"), clean(note));
    }
    let Comparison { equal, different, only_here, only_there, .. } = comparison;
    let sums = format!(
        "{equal} equal, {different} different, {only_here} only here, {only_there} only there"
    );
    let all = comparison.exit_status() == 0;
    let _ = writeln!(text, "\n{}", if all { paint.good(&sums) } else { paint.bad(&sums) });
    if !comparison.same_order {
        text.push_str("they stand in another order there\n");
    }
    if comparison.sizes_differ > 0 {
        let _ =
            writeln!(text, "{} of another size there", number(comparison.sizes_differ, "message"));
    }
    let _ = writeln!(text, "\n{}", wrapped(&clean(&comparison.verdict.text), 0));
    match comparison.verdict.options() {
        Some(options) => {
            let _ = writeln!(text, "\nconvert with  {}", paint.strong(&clean(&options)));
        }
        None if !comparison.verdict.fits && comparison.there > 0 => {
            let advice = if comparison.only_there == 0 {
                "no --old-server value fits; convert with --uidl-truth DIR, which takes the UIDLs \
                 from such listings: numbers and sizes show whose each is"
            } else {
                "no --old-server value fits, and nothing shows whose all of these UIDLs are: take \
                 UIDL and LIST in one session, right before the backup, by the commands that \
                 `plesk2cpanel uidl --how` prints"
            };
            let _ = writeln!(text, "\n{}", wrapped(advice, 0));
        }
        None => {}
    }
    if !comparison.verdict.also.is_empty() {
        let also: Vec<String> =
            comparison.verdict.also.iter().map(|format| clean(format)).collect();
        let _ = writeln!(
            text,
            "\n{}",
            wrapped(
                &format!(
                    "explains as much: {}; a listing of a larger mailbox tells them apart",
                    also.join(", ")
                ),
                0
            )
        );
    }
    let is = |kind: fn(&Difference) -> bool| {
        comparison.differences.iter().filter(move |difference| kind(difference))
    };
    differences(&mut text, "different", is(|d| d.here.is_some() && d.there.is_some()));
    differences(&mut text, "only here", is(|d| d.there.is_none()));
    differences(&mut text, "only there", is(|d| d.here.is_none()));
    text
}

fn differences<'a>(
    text: &mut String,
    title: &str,
    differences: impl Iterator<Item = &'a Difference>,
) {
    let all: Vec<&Difference> = differences.collect();
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for difference in all.iter().take(SHOWN) {
        let number = difference.number.map_or_else(String::new, |number| format!("no. {number}  "));
        let certainty =
            difference.certainty.as_ref().map_or_else(String::new, |word| format!(" ({word})"));
        let line = match (&difference.here, &difference.there) {
            (Some(here), Some(there)) => {
                let (here, there) = (clean(here), clean(there));
                let line = format!("{number}here {here}{certainty}, there {there}");
                if line.width() + 2 <= WIDTH {
                    line
                } else {
                    let indent = " ".repeat(number.len());
                    format!("{number}here  {here}{certainty}\n  {indent}there {there}")
                }
            }
            (Some(here), None) => format!("{}{certainty}", clean(here)),
            (None, there) => format!("{number}{}", clean(there.as_deref().unwrap_or_default())),
        };
        let _ = writeln!(text, "  {line}");
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "  and {} more; --json shows all", all.len() - SHOWN);
    }
}

/// A sentence in lines; all but the first are indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 && used + 1 + word.width() > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            used = indent;
        } else if at > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += word.width();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{fit, wrapped};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_subject_is_cut_by_the_room_that_it_takes() {
        assert_eq!(fit("short", 8), "short");
        assert_eq!(fit("exactly8", 8), "exactly8");
        assert_eq!(fit("a bit longer", 8), "a bit l\u{2026}");
        // Two columns each.
        let wide = "\u{4f1a}\u{8b70}\u{306e}\u{304a}\u{77e5}\u{3089}\u{305b}";
        assert_eq!(fit(wide, 8), "\u{4f1a}\u{8b70}\u{306e}\u{2026}");
        assert!(fit(wide, 8).width() <= 8);
    }

    #[test]
    fn lines_end_at_words() {
        let text = "word ".repeat(40);
        assert!(wrapped(&text, 4).lines().all(|line| line.width() <= 80));
        assert!(wrapped(&text, 4).contains("\n    word"));
        assert_eq!(wrapped("  a b", 4), "  a b");
    }
}
