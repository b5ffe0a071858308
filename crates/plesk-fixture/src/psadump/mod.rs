//! Packs a backup as Plesk 8 and 7 did: one mail-like file.
//!
//! The shape is that which readers of such files go by. What nobody has told is made up, and says so
//! where it is written; no file of Plesk's own was at hand.

mod flat;
mod multipart;
mod plesk7;
mod plesk8;

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use anyhow::{Context, Result};

use crate::archive::{ArchiveWriter, write_archive};
use crate::layout::{Layout, stamp_to_epoch};
use crate::spec::{Compression, Spec};
use flat::{OldDomain, flatten};
use multipart::Multipart;

const BUFFER: usize = 256 * 1024;

/// Which of the two old forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub enum PsadumpVersion {
    /// `dump.xml`, a part for each mailbox, named by `cid`.
    Plesk8,
    /// XML without a name, a part for the home of each user, named by `src="cid:..."`.
    Plesk7,
}

/// How the parts of a psadump are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TransferEncoding {
    /// As they are.
    #[default]
    Binary,
    /// In lines of 76 characters.
    Base64,
    /// With soft line breaks.
    QuotedPrintable,
}

/// What a psadump is like beside what it holds.
#[derive(Clone, Debug)]
pub struct PsadumpOptions {
    /// Which form.
    pub version: PsadumpVersion,
    /// `Dumped-Psa-Version`
    pub dump_version: String,
    /// CR LF instead of LF at the end of header lines and boundaries.
    pub has_returns: bool,
    /// How all parts are written.
    pub encoding: TransferEncoding,
    /// Puts everything into a multipart of its own, beside a signature.
    pub signed: bool,
    /// Puts the XML behind the content.
    pub metadata_last: bool,
}

impl PsadumpOptions {
    /// As the version wrote them: LF, binary parts, not signed.
    pub fn new(version: PsadumpVersion) -> Self {
        let dump_version = match version {
            PsadumpVersion::Plesk8 => "8.6.0",
            PsadumpVersion::Plesk7 => "7.5.4",
        };
        Self {
            version,
            dump_version: dump_version.to_owned(),
            has_returns: false,
            encoding: TransferEncoding::Binary,
            signed: false,
            metadata_last: false,
        }
    }
}

/// Packs a backup as a psadump, and returns what of it this form cannot hold, one line each.
///
/// Before Plesk 10 a subscription had one domain: every site becomes a domain of its own, unless it
/// is a subdomain without mail. Content archives are `tar` or `tgz`; zstd was not there yet, and
/// becomes gzip.
///
/// # Errors
///
/// As [`pack_directory`](crate::pack_directory); a half-written file is left behind then.
pub fn pack_psadump(spec: &Spec, file: &Path, options: &PsadumpOptions) -> Result<Vec<String>> {
    let layout = Layout::new(spec)?;
    let mut lost = Vec::new();
    if spec.base_stamp.is_some() {
        lost.push("that it is an increment".to_owned());
    }
    let domains = flatten(&layout, &mut lost);
    let out = File::create(file).with_context(|| format!("cannot create {}", file.display()))?;
    let packer = Packer { spec, options, mtime: stamp_to_epoch(&spec.stamp)? };
    let mut multipart = Multipart::new(BufWriter::with_capacity(BUFFER, out), options);
    let mut write = || -> io::Result<()> {
        multipart.begin(&spec.stamp)?;
        match options.version {
            PsadumpVersion::Plesk8 => plesk8::write(&packer, &domains, &mut multipart, &mut lost)?,
            PsadumpVersion::Plesk7 => plesk7::write(&packer, &domains, &mut multipart, &mut lost)?,
        }
        multipart.finish()
    };
    write().with_context(|| format!("cannot write {}", file.display()))?;
    Ok(lost)
}

/// The file that is being written.
type Out = Multipart<BufWriter<File>>;

/// Where a part comes from.
type Fill<'a> = dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()> + 'a;

struct Packer<'a> {
    spec: &'a Spec,
    options: &'a PsadumpOptions,
    mtime: i64,
}

impl Packer<'_> {
    /// Writes metadata and content in the order that is asked for.
    fn in_order(
        &self,
        out: &mut Out,
        xml: &str,
        header: &[(&str, &str)],
        content: &mut dyn FnMut(&mut Out) -> io::Result<()>,
    ) -> io::Result<()> {
        let metadata = |out: &mut Out| out.part(header, &mut |part| part.write_all(xml.as_bytes()));
        if self.options.metadata_last {
            content(out)?;
            metadata(out)
        } else {
            metadata(out)?;
            content(out)
        }
    }

    /// A part that is a tar, compressed unless the spec wants it plain.
    fn archive(
        &self,
        out: &mut Out,
        header: &[(&str, &str)],
        fill: &mut Fill<'_>,
    ) -> io::Result<()> {
        let is_plain = self.spec.compression == Compression::Tar;
        let compression = if is_plain { Compression::Tar } else { Compression::Tgz };
        // A level of zstd is none of gzip.
        let level = match self.spec.compression {
            Compression::Tzst => None,
            _ => self.spec.compression_level,
        };
        let spec = Spec { compression, compression_level: level, ..Spec::default() };
        out.part(header, &mut |part| write_archive(&spec, part, None, fill))
    }
}

/// What everything in a domain has that neither form can hold.
fn note_what_is_lost(domain: &OldDomain<'_>, lost: &mut Vec<String>) {
    let mut note = |is_there: bool, what: &str| {
        if is_there {
            lost.push(format!("{}: {what}", domain.name));
        }
    };
    let Some(mail) = &domain.mail else { return };
    note(mail.dkim.is_some(), "DKIM");
    note(!mail.mailing_lists.is_empty(), "mailing lists");
    note(mail.extra_xml.is_some(), "preferences of the mail in XML of their own");
    for mailbox in mail.mailboxes {
        let name = &mailbox.name;
        note(mailbox.address_book.is_some(), &format!("the address book of {name}"));
        let is_encoded = mailbox.password.as_ref().is_some_and(|it| it.encoding.is_some());
        note(is_encoded, &format!("the encoding of the password of {name}"));
        note(
            mailbox.quota.is_some_and(|quota| quota > 0 && quota % 1024 != 0),
            &format!("the quota of {name} in bytes: it is rounded up to KiB"),
        );
    }
}

/// Quotas were written in KiB.
fn kib(bytes: i64) -> String {
    if bytes > 0 { ((bytes - 1) / 1024 + 1).to_string() } else { bytes.to_string() }
}
