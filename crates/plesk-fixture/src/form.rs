//! The forms in which people have a backup: what is around Plesk's tree.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::GzBuilder;

use crate::pack::{pack_directory, pack_dumps_directory, pack_dumps_tar, pack_tar, pack_zip};
use crate::psadump::{PsadumpOptions, PsadumpVersion, pack_psadump};
use crate::spec::{Compression, Generation, MailStore, Spec, System};
use crate::{mail_enable, windows8};

/// What is around Plesk's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Nothing: as it lies in the repository.
    Directory,
    /// One plain tar, as Plesk exports it.
    Tar,
    /// The tar, compressed with gzip.
    TarGz,
    /// The tar, compressed with zstd.
    TarZst,
    /// A zip: a tree of Linux that somebody packed anew.
    Zip,
    /// What Plesk for Windows exports: a zip of zips with `\` in all paths, and mail as MailEnable
    /// keeps it.
    Windows,
    /// What Plesk 8 for Windows writes.
    Windows8,
    /// The mail-like file of Plesk 8.
    Plesk8,
    /// The mail-like file of Plesk 7.
    Plesk7,
}

impl Form {
    /// The form that the name of a file stands for; those of Windows have the name of any zip.
    pub fn of_name(path: &Path) -> Form {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is = |extensions: &[&str]| extensions.iter().any(|it| name.ends_with(it));
        if is(&[".tar"]) {
            Form::Tar
        } else if is(&[".tar.gz", ".tgz"]) {
            Form::TarGz
        } else if is(&[".tar.zst", ".tzst"]) {
            Form::TarZst
        } else if is(&[".zip"]) {
            Form::Zip
        } else {
            Form::Directory
        }
    }
}

/// Packs a backup in the form that is asked for. What is compressed lies beside `path` as a plain
/// tar meanwhile. Gives back what the form can't hold, a line each.
///
/// # Errors
///
/// As [`pack_directory`].
pub fn pack_form(spec: &Spec, form: Form, path: &Path) -> Result<Vec<String>> {
    let version = match form {
        Form::Plesk8 => PsadumpVersion::Plesk8,
        Form::Plesk7 => PsadumpVersion::Plesk7,
        Form::Windows | Form::Windows8 => {
            pack_zip(&of_windows(spec, form), path)?;
            let lost = if form == Form::Windows8 { windows8::lost(spec) } else { Vec::new() };
            return Ok(std::iter::once(mail_enable::LOST.to_owned()).chain(lost).collect());
        }
        _ => return pack_whole(spec, form, path).map(|()| Vec::new()),
    };
    pack_psadump(spec, path, &PsadumpOptions::new(version))
}

/// Packs in a form that can hold everything.
fn pack_whole(spec: &Spec, form: Form, path: &Path) -> Result<()> {
    match form {
        Form::Directory => pack_directory(spec, path),
        Form::Tar => pack_tar(spec, path),
        Form::TarGz | Form::TarZst => compressed(form, path, |plain| pack_tar(spec, plain)),
        Form::Zip => pack_zip(spec, path),
        Form::Windows | Form::Windows8 | Form::Plesk8 | Form::Plesk7 => {
            bail!("this form does not hold everything")
        }
    }
}

/// The same backup as Plesk for Windows would have made it.
fn of_windows(spec: &Spec, form: Form) -> Spec {
    let generation = match form {
        Form::Windows8 => Generation::Plesk8Windows,
        _ => spec.generation,
    };
    Spec {
        system: System::Windows,
        compression: Compression::Zip,
        mail_store: MailStore::MailEnable,
        components: vec!["mailenable".into()],
        generation,
        ..spec.clone()
    }
}

/// The same for several dumps in one tree.
///
/// # Errors
///
/// As [`pack_dumps_directory`].
pub fn pack_dumps_form(specs: &[Spec], form: Form, path: &Path) -> Result<()> {
    match form {
        Form::Directory => pack_dumps_directory(specs, path),
        Form::Tar => pack_dumps_tar(specs, path),
        Form::TarGz | Form::TarZst => compressed(form, path, |plain| pack_dumps_tar(specs, plain)),
        Form::Plesk8 | Form::Plesk7 => bail!("an old form holds one dump, not several"),
        Form::Zip | Form::Windows | Form::Windows8 => {
            bail!("several dumps are packed as a directory or a tar")
        }
    }
}

fn compressed(form: Form, path: &Path, pack: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut plain = path.as_os_str().to_owned();
    plain.push(".plain");
    let plain = PathBuf::from(plain);
    pack(&plain)?;
    compress(form, &plain, path).with_context(|| format!("cannot write {}", path.display()))?;
    fs::remove_file(&plain).with_context(|| format!("cannot remove {}", plain.display()))
}

fn compress(form: Form, plain: &Path, path: &Path) -> io::Result<()> {
    let mut tar = BufReader::with_capacity(256 * 1024, File::open(plain)?);
    let out = BufWriter::new(File::create(path)?);
    let mut out = if form == Form::TarGz {
        // Level 1: the inner archives are compressed already.
        let mut encoder =
            GzBuilder::new().operating_system(3).write(out, flate2::Compression::new(1));
        io::copy(&mut tar, &mut encoder)?;
        encoder.finish()?
    } else {
        let mut encoder = zstd::Encoder::new(out, 1)?;
        encoder.include_checksum(true)?;
        io::copy(&mut tar, &mut encoder)?;
        encoder.finish()?
    };
    out.flush()
}

/// Cuts a file into `<file>.001`, `<file>.002` and so on of `size` bytes each, the last of what is
/// left, and removes it. Gives back their paths in order.
///
/// # Errors
///
/// When `size` is 0, or a file cannot be read, written or removed.
pub fn split(path: &Path, size: u64) -> Result<Vec<PathBuf>> {
    ensure!(size > 0, "parts of 0 bytes never come to an end");
    let mut whole = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let length = whole.metadata()?.len();
    let mut parts = Vec::new();
    for number in 1..=length.div_ceil(size) {
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{number:03}"));
        let part = PathBuf::from(part);
        let mut out =
            File::create(&part).with_context(|| format!("cannot create {}", part.display()))?;
        io::copy(&mut (&mut whole).take(size), &mut out)
            .with_context(|| format!("cannot write {}", part.display()))?;
        parts.push(part);
    }
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(parts)
}
