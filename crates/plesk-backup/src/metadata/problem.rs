//! What was wrong with the metadata, as values.

use super::Stamp;

/// The first few names, and how many more there are.
fn some(names: &[String]) -> String {
    const NAMED: usize = 5;
    let mut text = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        text = format!("{text}, and {} more", names.len() - NAMED);
    }
    text
}

fn with_it(sites: &[String]) -> String {
    if sites.is_empty() {
        return String::new();
    }
    format!("; with it {}, which nothing newer holds", sites.join(", "))
}

fn list(stamps: &[Stamp]) -> String {
    if stamps.is_empty() {
        return "none".to_owned();
    }
    stamps.iter().map(Stamp::as_str).collect::<Vec<_>>().join(", ")
}

/// Why a backup could not be described at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// No metadata XML, and no file name that tells a domain.
    #[error(
        "`{backup}` holds no Plesk metadata (no `*_info_*.xml` and no `dump.xml` among {entries} files), and no file name in it tells a domain"
    )]
    NoMetadata {
        /// The backup.
        backup: String,
        /// Files in the tree.
        entries: usize,
    },
    /// The dump that was asked for is not there.
    #[error("`{backup}` holds no dump {stamp}; it has {}", list(.known))]
    UnknownDump {
        /// The backup.
        backup: String,
        /// What was asked for.
        stamp: Stamp,
        /// What there is, ascending.
        known: Vec<Stamp>,
    },
    /// There are metadata files, but nothing could be read from any of them.
    #[error(
        "none of the {files} metadata files of `{backup}` could be read, and no file name in it tells a domain: {first}"
    )]
    NothingReadable {
        /// The backup.
        backup: String,
        /// Metadata files that were tried.
        files: usize,
        /// What was wrong with the first.
        first: Box<Problem>,
    },
}

/// Something that the metadata say wrongly, twice, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The XML ends early or is not well-formed; what came before was kept.
    #[error("`{file}` is damaged at byte {offset} of {size}, inside `{inside}`: {detail}")]
    DamagedXml {
        /// Metadata file.
        file: String,
        /// Where.
        offset: u64,
        /// Bytes of the file as its container declares them.
        size: u64,
        /// Elements that were open there, joined with `/`.
        inside: String,
        /// What was wrong.
        detail: String,
    },
    /// A metadata file could not be read.
    #[error("`{file}` could not be read: {detail}")]
    UnreadableXml {
        /// Metadata file.
        file: String,
        /// What the system said.
        detail: String,
    },
    /// A metadata file is no migration dump.
    #[error("`{file}` is no Plesk metadata: {detail}")]
    NotMetadata {
        /// Metadata file.
        file: String,
        /// What it is instead.
        detail: String,
    },
    /// Bytes that XML does not allow were replaced by `?`.
    #[error("`{file}` holds {count} characters that XML does not allow; each was read as `?`")]
    ReplacedCharacters {
        /// Metadata file.
        file: String,
        /// How many.
        count: u64,
    },
    /// The XML of a subscription ended inside it.
    #[error("the metadata of `{domain}` are cut off in `{file}`: settings after that are lost")]
    IncompleteSubscription {
        /// Main domain.
        domain: String,
        /// Metadata file.
        file: String,
    },
    /// The mail account that was being read when the XML ended.
    #[error("mail account `{mailuser}@{domain}` is cut off in `{file}` and was left out")]
    LostMailUser {
        /// Domain.
        domain: String,
        /// Local part, as far as it was there.
        mailuser: String,
        /// Metadata file.
        file: String,
    },
    /// An element that lacks what it needs to be understood.
    #[error("`{element}` in `{file}` ({object}) was not understood: {detail}")]
    NotUnderstood {
        /// Element name.
        element: String,
        /// What it belongs to.
        object: String,
        /// Metadata file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// A text that could not be taken as it stands.
    #[error("`{element}` in `{file}` ({object}) was altered: {detail}")]
    AlteredText {
        /// Element name.
        element: String,
        /// What it belongs to.
        object: String,
        /// Metadata file.
        file: String,
        /// What was changed and why.
        detail: String,
    },
    /// The same local part twice in one domain.
    #[error("mail account `{mailuser}@{domain}` stands {count} times in `{file}`")]
    DuplicateMailUser {
        /// Domain.
        domain: String,
        /// Local part in lower case.
        mailuser: String,
        /// How many times.
        count: usize,
        /// Metadata file.
        file: String,
    },
    /// Two descriptions of one subscription that differ.
    #[error(
        "`{domain}` is described differently by `{kept}` and `{dropped}` ({difference}); the former was taken"
    )]
    Contradiction {
        /// Main domain.
        domain: String,
        /// Metadata file that was taken.
        kept: String,
        /// Metadata file that was not.
        dropped: String,
        /// What differs, with both numbers or names.
        difference: String,
    },
    /// The metadata name an archive that is not in the backup.
    #[error("{owner}: `{file}` ({kind}) is not in the backup")]
    MissingContent {
        /// Domain or mail account.
        owner: String,
        /// Type of content.
        kind: String,
        /// File, with its path if the metadata give one.
        file: String,
        /// Declared bytes.
        size: Option<u64>,
    },
    /// The metadata of a domain name mail that lies in another domain's directory; it was not taken.
    #[error(
        "{owner}: `{file}` ({kind}) leads to `{archive}`, which is another domain's; it was not taken"
    )]
    ContentElsewhere {
        /// Domain or mail account.
        owner: String,
        /// Type of content.
        kind: String,
        /// File, with its path if the metadata give one.
        file: String,
        /// Path in the tree.
        archive: String,
    },
    /// An archive has another size than the metadata say.
    #[error("{owner}: `{file}` has {found} bytes, the metadata say {declared}")]
    ContentSize {
        /// Domain or mail account.
        owner: String,
        /// Path in the tree.
        file: String,
        /// Bytes that the metadata say.
        declared: u64,
        /// Bytes that the entry has.
        found: u64,
    },
    /// Several files fit a reference equally well; none was taken.
    #[error("{owner}: {candidates} files of the backup may be `{file}` ({kind}); none was taken")]
    AmbiguousContent {
        /// Domain or mail account.
        owner: String,
        /// Type of content.
        kind: String,
        /// File that was looked for.
        file: String,
        /// How many fit.
        candidates: usize,
    },
    /// The unit of the mailbox quotas is not certain.
    #[error(
        "`{file}`: the mailbox quotas of `{domain}` were read as KiB, because {why}; compare one of them with the old server"
    )]
    AssumedUnit {
        /// Main domain.
        domain: String,
        /// Metadata file.
        file: String,
        /// Why it is not certain.
        why: String,
    },
    /// A newer dump was not taken for some subscriptions because an older one holds more.
    #[error("{}: dump {taken} was taken and not the newer {newer}: {reason}", some(.domains))]
    OlderTaken {
        /// Main domains, sorted.
        domains: Vec<String>,
        /// Stamp of the newer dump.
        newer: Stamp,
        /// Stamp of the dump that was taken.
        taken: Stamp,
        /// What the newer one lacks.
        reason: String,
    },
    /// Subscriptions that a newer dump of everything does not hold.
    #[error(
        "{}: taken from dump {taken}; the newer dump {newer} does not hold them: deleted since, or left out of it",
        some(.domains)
    )]
    NotInNewer {
        /// Main domains, sorted.
        domains: Vec<String>,
        /// Stamp of the newer dump.
        newer: Stamp,
        /// Stamp of the dump that was taken.
        taken: Stamp,
    },
    /// A subscription of an older dump whose domain belongs to another one in a newer dump.
    #[error(
        "`{domain}` of dump {stamp} was left out: in a newer dump it belongs to the subscription `{now}`{}",
        with_it(.sites)
    )]
    Superseded {
        /// Main domain.
        domain: String,
        /// Stamp of the older dump.
        stamp: Stamp,
        /// Main domain of the subscription that has it now.
        now: String,
        /// Its other domains that no subscription has now.
        sites: Vec<String>,
    },
    /// A domain that several subscriptions have.
    #[error(
        "`{domain}` is a domain of several subscriptions ({}): each account holds it, and a server takes it once",
        subscriptions.join(", ")
    )]
    SharedDomain {
        /// ASCII name.
        domain: String,
        /// Main domains, sorted.
        subscriptions: Vec<String>,
    },
    /// The chosen dump is an increment, and dumps that hold the rest of its files are not there.
    #[error(
        "{}: dump {stamp} needs {}, which the backup does not hold: what arrived then and did not change since is missing",
        some(.domains),
        list(.missing)
    )]
    ChainGap {
        /// Main domains, sorted.
        domains: Vec<String>,
        /// Stamp of the chosen dump.
        stamp: Stamp,
        /// Stamp of the full dump that the chain starts from.
        base: Stamp,
        /// Stamps that are not there, ascending.
        missing: Vec<Stamp>,
    },
    /// The chosen dump is an increment, and the metadata of one that it needs are cut.
    #[error(
        "{}: dump {stamp} needs dump {earlier}, whose metadata are cut off in `{file}`: mail archives that they do not name any more were looked for by their names",
        some(.domains)
    )]
    EarlierCut {
        /// Main domains, sorted.
        domains: Vec<String>,
        /// Metadata file that is cut.
        file: String,
        /// Stamp of the dump that it is of.
        earlier: Stamp,
        /// Stamp of the chosen dump.
        stamp: Stamp,
    },
    /// A flag beside the dump says that it did not end well.
    #[error("`{file}`: Plesk itself marked this dump as `{status}`")]
    DumpStatus {
        /// The flag file.
        file: String,
        /// What it says.
        status: String,
    },
    /// A metadata file lists a subscription that no metadata file describes.
    #[error("`{file}` lists `{domain}`, but no metadata in the backup describe it")]
    NotDescribed {
        /// Domain.
        domain: String,
        /// Metadata file that lists it.
        file: String,
    },
    /// An archive was taken for a domain by its path, because the metadata of the domain are cut, or
    /// name no mail that is there and is the domain's.
    #[error(
        "`{archive}` was taken for the mail of `{domain}` by its path: no metadata that can be used name it"
    )]
    TakenByPath {
        /// Domain.
        domain: String,
        /// Path in the tree.
        archive: String,
    },
    /// No metadata were found for a domain; file names told of it.
    #[error(
        "no metadata for `{domain}`: known only from `{evidence}`; passwords, aliases and settings are lost"
    )]
    Salvaged {
        /// Main domain.
        domain: String,
        /// The path that told of it.
        evidence: String,
    },
}
