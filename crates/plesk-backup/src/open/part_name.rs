//! Names of the parts into which a file was split.
//!
//! How Plesk itself numbers the parts of an export is not established, and people split with other
//! programs, so that every usual way is read: `x.tar.001`, `x.tar.1`, `x.tar_01`, `x.part1.tar`,
//! and `x.tar.aa` and `xaa` as `split(1)` makes them. A name alone proves nothing: what the files
//! hold decides whether they are parts (see [`super::sets`]).

/// Extensions before which a number may stand.
const EXTENSIONS: [&str; 8] =
    [".tar.gz", ".tar.zst", ".tar", ".tgz", ".tzst", ".zip", ".gz", ".zst"];
/// Words that are no counting letters, though they look like them.
const WORDS: [&str; 22] = [
    "asc", "bak", "bz", "crc", "gpg", "gz", "log", "lz", "md", "old", "part", "sfv", "sha", "sig",
    "sum", "tar", "tgz", "tmp", "txt", "xml", "xz", "zip",
];
/// A longer number is a date: the stamp of a backup has ten digits.
const LONGEST_NUMBER: usize = 6;
/// `split` makes two letters, and more only when asked or when they run out.
const LONGEST_LETTERS: usize = 6;

/// A name read as that of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartName<'a> {
    before: &'a str,
    number: &'a str,
    after: &'a str,
}

/// All names that differ in nothing but the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberedSet<'a> {
    before: &'a str,
    after: &'a str,
    /// In their order.
    pub(super) members: Vec<Numbered<'a>>,
}

/// A name and the number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered<'a> {
    pub(super) name: &'a str,
    number: &'a str,
}

/// What is wrong with the numbers of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Disorder {
    /// No part has the number that should come here.
    Missing { name: String },
    /// Two parts have one number.
    Twice { first: String, second: String },
}

/// Every way in which a name may be that of a part, the likelier first.
fn readings(name: &str) -> Vec<PartName<'_>> {
    let bare = EXTENSIONS.iter().filter_map(|extension| {
        name.strip_suffix(extension).map(|core| (core, &name[core.len()..]))
    });
    let cores: Vec<(&str, &str)> = std::iter::once((name, "")).chain(bare).collect();
    let mut found = Vec::new();
    for (core, after) in &cores {
        let before = core.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number = &core[before.len()..];
        if !before.is_empty() && !number.is_empty() && number.len() <= LONGEST_NUMBER {
            found.push(PartName { before, number, after });
        }
    }
    for (core, after) in &cores {
        let word = core.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        for length in 2..=LONGEST_LETTERS.min(core.len() - word.len()) {
            let (before, number) = core.split_at(core.len() - length);
            if !before.is_empty() {
                found.push(PartName { before, number, after });
            }
        }
    }
    found
}

/// The sets among `names` that `name` may belong to, the likelier first; each has at least one
/// member beside it.
pub(super) fn sets<'a>(name: &'a str, names: &[&'a str]) -> Vec<NumberedSet<'a>> {
    readings(name)
        .into_iter()
        .filter_map(|reading| {
            let PartName { before, after, .. } = reading;
            let mut members: Vec<Numbered<'a>> = names
                .iter()
                .filter_map(|name| {
                    let middle = name.strip_prefix(before)?.strip_suffix(after)?;
                    reading.is_like(middle).then_some(Numbered { name, number: middle })
                })
                .collect();
            members.sort_by_key(|member| (order(member.number), member.name));
            let first = members.first()?;
            // Any word ends in letters: only what begins with `aa` counts by them.
            let counts = is_number(first.number) || is_first(first.number);
            (counts && members.len() > 1).then_some(NumberedSet { before, after, members })
        })
        .collect()
}

/// The set of `name.1`, `name.2` and so on, to which `name` is the beginning.
pub(super) fn after_base<'a>(name: &'a str, names: &[&'a str]) -> Option<NumberedSet<'a>> {
    let numbered = |separator: char| {
        let mut members: Vec<Numbered<'a>> = names
            .iter()
            .filter_map(|other| {
                let number = other.strip_prefix(name)?.strip_prefix(separator)?;
                is_number(number).then_some(Numbered { name: other, number })
            })
            .collect();
        members.sort_by_key(|member| (order(member.number), member.name));
        members
    };
    let members = ['.', '_', '-'].into_iter().map(numbered).find(|members| !members.is_empty())?;
    let first = members[0];
    let before = &first.name[..first.name.len() - first.number.len()];
    Some(NumberedSet { before, after: "", members })
}

/// The name that the whole had: `x.tar` for `x.tar.001` and for `x.part1.tar`.
pub(super) fn whole_name(name: &str) -> Option<String> {
    let PartName { before, after, .. } = *readings(name).first()?;
    Some(format!("{}{after}", without_word(before)))
}

/// True when the name has a number as parts have, with something between it and the name.
pub(super) fn has_part_number(name: &str) -> bool {
    readings(name).first().is_some_and(|reading| {
        is_number(reading.number) && without_word(reading.before) != reading.before
    })
}

fn without_word(before: &str) -> &str {
    let separators = ['.', '_', '-'];
    let trimmed = before.strip_suffix(separators).unwrap_or(before);
    let word = ["part", "vol"].iter().find_map(|word| trimmed.strip_suffix(word));
    word.map_or(trimmed, |rest| rest.strip_suffix(separators).unwrap_or(rest))
}

fn is_number(text: &str) -> bool {
    (1..=LONGEST_NUMBER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `split` goes from `yz` to `zaaa` and from `89` to `9000`: the longer comes later. Numbers that
/// are not filled up with zeros grow likewise.
fn order(number: &str) -> (u64, usize, &str) {
    match number.parse() {
        Ok(value) => (value, number.len(), number),
        Err(_) => (0, number.len(), number),
    }
}

impl PartName<'_> {
    /// True when `number` counts in the same way.
    fn is_like(self, number: &str) -> bool {
        if is_number(self.number) {
            return is_number(number);
        }
        (2..=LONGEST_LETTERS).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_lowercase())
            && !WORDS.contains(&number)
    }
}

impl<'a> NumberedSet<'a> {
    /// Name of the file that may come before all of them: `x.tar` for `x.tar.1`.
    pub(super) fn base(&self) -> Option<String> {
        let before = self.before.strip_suffix(['.', '_', '-'])?;
        Some(format!("{before}{}", self.after))
    }

    /// Whether the numbers go on without a gap; from 0 or 1, or from `aa`.
    pub(super) fn check(&self) -> Result<(), Disorder> {
        let name_of = |number: &str| format!("{}{number}{}", self.before, self.after);
        let first = self.members[0];
        if !is_first(first.number) {
            let name = name_of(&first_like(first.number));
            return Err(Disorder::Missing { name });
        }
        let pairs = || self.members.windows(2).map(|pair| (pair[0], pair[1]));
        let twice = pairs().find(|(earlier, later)| {
            is_number(earlier.number) && value(earlier.number) == value(later.number)
        });
        if let Some((first, second)) = twice {
            let (first, second) = (first.name.to_owned(), second.name.to_owned());
            return Err(Disorder::Twice { first, second });
        }
        for (earlier, later) in pairs() {
            let nexts = nexts(earlier.number);
            if !nexts.iter().any(|next| next == later.number) {
                let next = nexts.first().map_or("", String::as_str);
                return Err(Disorder::Missing { name: name_of(next) });
            }
        }
        Ok(())
    }

    /// Name that the whole had: `x.tar` for `x.tar.001` and for `x.part1.tar`.
    pub(super) fn whole_name(&self) -> String {
        format!("{}{}", without_word(self.before), self.after)
    }

    /// The names in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.iter().map(|member| member.name)
    }
}

fn value(number: &str) -> u64 {
    number.parse().unwrap_or_default()
}

fn is_first(number: &str) -> bool {
    if is_number(number) { value(number) <= 1 } else { number.bytes().all(|byte| byte == b'a') }
}

fn first_like(number: &str) -> String {
    if is_number(number) {
        format!("{:0width$}", 1, width = number.len())
    } else {
        "a".repeat(number.len())
    }
}

/// The numbers that may follow: the next of the same width, the next without zeros before it, and
/// the one to which `split` widens.
fn nexts(number: &str) -> Vec<String> {
    let (zero, nine) = if is_number(number) { (b'0', b'9') } else { (b'a', b'z') };
    let digits = number.as_bytes();
    let mut found = Vec::new();
    let mut next = digits.to_vec();
    for place in (0..next.len()).rev() {
        if next[place] < nine {
            next[place] += 1;
            found.push(next);
            break;
        }
        next[place] = zero;
    }
    if zero == b'0' && digits.iter().all(|digit| *digit == nine) {
        let mut natural = vec![b'1'];
        natural.resize(digits.len() + 1, zero);
        found.push(natural);
    }
    let full = digits.iter().take_while(|digit| **digit == nine).count();
    if let [second_last, rest @ ..] = &digits[full..]
        && *second_last == nine - 1
        && rest.iter().all(|digit| *digit == nine)
    {
        let mut wider = vec![nine; full + 1];
        wider.resize(digits.len() + 2, zero);
        found.push(wider);
    }
    // The digits are ASCII.
    found.into_iter().filter_map(|next| String::from_utf8(next).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(name: &str, names: &[&str]) -> Vec<Vec<String>> {
        sets(name, names)
            .iter()
            .map(|set| set.names().map(str::to_owned).collect::<Vec<String>>())
            .collect()
    }

    #[test]
    fn usual_names_of_parts_are_put_in_order() {
        for (names, stranger) in [
            (&["x.tar.001", "x.tar.002", "x.tar.003"][..], "x.tar.md5"),
            (&["x.tar.1", "x.tar.2", "x.tar.9", "x.tar.10", "x.tar.11"], "y.tar.3"),
            (&["x.tar.00", "x.tar.01", "x.tar.89", "x.tar.9000"], "x.tar"),
            (&["x.tar_1", "x.tar_2"], "x.tar-3"),
            (&["x.part1.tar", "x.part2.tar"], "x.part3.zip"),
            (&["x_001.tar.gz", "x_002.tar.gz"], "x_2401151030.tar.gz"),
            (&["x.tar.aa", "x.tar.ab", "x.tar.yz", "x.tar.zaaa"], "x.tar.AB"),
            (&["xaa", "xab"], "yac"),
            (&["x.taraa", "x.tarab"], "x.tar"),
        ] {
            let mut all: Vec<&str> = names.iter().rev().copied().collect();
            all.push(stranger);
            for name in names {
                assert!(members(name, &all).iter().any(|set| set == names), "{name} of {all:?}");
            }
        }
        assert!(members("backup_2401151030.tar", &["backup_2401151031.tar"]).is_empty());
        assert!(members("x.tar", &["x.tar", "x.zip"]).is_empty());
    }

    #[test]
    fn a_set_without_a_gap_is_accepted_and_else_the_missing_one_named() {
        let check = |names: &[&str]| sets(names[0], names)[0].check();
        for whole in [
            &["x.001", "x.002", "x.003"][..],
            &["x.0", "x.1"],
            &["x.9", "x.8", "x.7", "x.6", "x.5", "x.4", "x.3", "x.2", "x.1", "x.10"],
            &["x.aa", "x.ab"],
        ] {
            assert_eq!(check(whole), Ok(()), "{whole:?}");
        }
        let missing = |name: &str| Err(Disorder::Missing { name: name.to_owned() });
        assert_eq!(check(&["x.001", "x.003"]), missing("x.002"));
        assert_eq!(check(&["x.002", "x.003"]), missing("x.001"));
        assert_eq!(check(&["x.part1.tar", "x.part3.tar"]), missing("x.part2.tar"));
        let letters = sets("x.aa", &["x.aa", "x.ac"]);
        assert_eq!(letters[0].check(), missing("x.ab"));
        assert_eq!(
            check(&["x.01", "x.02", "x.2", "x.03"]),
            Err(Disorder::Twice { first: "x.2".to_owned(), second: "x.02".to_owned() })
        );
    }

    #[test]
    fn numbers_that_follow() {
        assert_eq!(nexts("001"), ["002"]);
        assert_eq!(nexts("9"), ["10"]);
        assert_eq!(nexts("89"), ["90", "9000"]);
        assert_eq!(nexts("az"), ["ba"]);
        assert_eq!(nexts("yz"), ["za", "zaaa"]);
        assert_eq!(nexts("zyzz"), ["zzaa", "zzaaaa"]);
    }

    #[test]
    fn the_name_of_the_whole() {
        let whole = |name: &str| whole_name(name).unwrap_or_default();
        assert_eq!(
            whole("backup_example.com_2401151030.tar.001"),
            "backup_example.com_2401151030.tar"
        );
        assert_eq!(whole("x.tar.gz.part-2"), "x.tar.gz");
        assert_eq!(whole("x.part1.tar"), "x.tar");
        assert_eq!(whole("x_1.tar"), "x.tar");
        assert_eq!(whole("x.tar.ab"), "x.tar");
        let base = after_base("x.tar", &["x.tar", "x.tar.1", "x.tar.2"]).unwrap();
        assert_eq!(base.names().collect::<Vec<_>>(), ["x.tar.1", "x.tar.2"]);
        assert_eq!(base.base().as_deref(), Some("x.tar"));
        assert!(after_base("x.tar", &["x.tar", "x.tar.md5"]).is_none());
    }
}
