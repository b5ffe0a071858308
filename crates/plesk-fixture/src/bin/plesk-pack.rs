//! Packs a Plesk backup from a description in JSON, or a synthetic one for benchmarks.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use plesk_fixture::{
    Compression, Form, Level, MailboxSource, MailboxSpec, PasswordSpec, Spec, SubscriptionSpec,
    SyntheticServer, pack_dumps_form, pack_form, split,
};

/// Packs a Plesk backup for tests and benchmarks.
///
/// The name of OUT tells the form: `.tar`, `.tar.gz`, `.tar.zst` or `.zip`, else a directory. SPEC
/// may be a list: then OUT holds several dumps, and those with a base_stamp are increments.
#[derive(Parser)]
struct Arguments {
    /// Mail made up instead of SPEC, as KEY=VALUE,...: mailboxes (1), messages of each (100),
    /// size of a message in bytes (8192), seed (0), server (dovecot, courier, none), level
    /// (server, client, subscription), compression (tar, tgz, tzst, zip), domain, stamp, and quality
    /// of compression (3 for tzst; 1 for tgz, where Plesk's 6 would take minutes), and volume
    /// (size of the volumes of inner archives in bytes).
    #[arg(long, value_name = "KEY=VALUE,...")]
    synthetic: Option<String>,
    /// Packs OUT in this form, whatever its name.
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// Cuts OUT into OUT.001, OUT.002 and so on of so many bytes.
    #[arg(long, value_name = "BYTES")]
    split: Option<u64>,
    /// Prints the sample's SPEC instead of packing.
    #[arg(long)]
    sample: bool,
    /// SPEC OUT, or OUT alone with --synthetic. SPEC is a JSON file, `-` for standard input;
    /// relative paths in it are seen from its directory.
    #[arg(value_name = "SPEC OUT", num_args = 0..=2)]
    paths: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.sample {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &Spec::sample())?;
        return Ok(writeln!(out)?);
    }
    let (specs, out) = match (&arguments.synthetic, &arguments.paths[..]) {
        (Some(settings), [out]) => (Specs::One(Box::new(synthetic(settings)?)), out),
        (None, [spec, out]) => (read_spec(spec)?, out),
        (Some(_), paths) => bail!("--synthetic wants OUT alone, {} paths are given", paths.len()),
        (None, paths) => bail!("SPEC and OUT are wanted, {} paths are given", paths.len()),
    };
    let form = arguments.form.unwrap_or_else(|| Form::of_name(out));
    if arguments.split.is_some() && form == Form::Directory {
        bail!("only a file can be split, and {} is packed as a directory", out.display());
    }
    match specs {
        Specs::One(spec) => {
            for line in pack_form(&spec, form, out)? {
                writeln!(io::stderr(), "not held: {line}")?;
            }
        }
        Specs::Several(specs) => pack_dumps_form(&specs, form, out)?,
    }
    match arguments.split {
        Some(size) => split(out, size).map(drop),
        None => Ok(()),
    }
}

/// What is to be packed.
enum Specs {
    One(Box<Spec>),
    Several(Vec<Spec>),
}

/// Tells a list by its first character, so that a mistake in either is named by its own fields.
fn read_spec(path: &Path) -> Result<Specs> {
    let (text, base) = if path == Path::new("-") {
        (io::read_to_string(io::stdin().lock()).context("standard input")?, Path::new(""))
    } else {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        (text, path.parent().unwrap_or(Path::new("")))
    };
    let place = || path.display().to_string();
    if text.trim_start().starts_with('[') {
        let mut specs: Vec<Spec> = serde_json::from_str(&text).with_context(place)?;
        for spec in &mut specs {
            spec.resolve_paths(base);
        }
        return Ok(Specs::Several(specs));
    }
    let mut spec: Box<Spec> = serde_json::from_str(&text).with_context(place)?;
    spec.resolve_paths(base);
    Ok(Specs::One(spec))
}

/// A backup of one subscription with mailboxes that differ in their seeds.
fn synthetic(settings: &str) -> Result<Spec> {
    let (mut mailboxes, mut messages, mut message_bytes) = (1_u64, 100_u64, 8192_u64);
    let (mut seed, mut server) = (0_u64, SyntheticServer::Dovecot);
    let mut subscription = SubscriptionSpec::default();
    let mut spec = Spec::default();
    for setting in settings.split(',') {
        let (key, value) =
            setting.split_once('=').with_context(|| format!("{setting:?} is not KEY=VALUE"))?;
        let number =
            || value.parse::<u64>().with_context(|| format!("{key}={value}: not a number"));
        match key {
            "mailboxes" => mailboxes = number()?,
            "messages" => messages = number()?,
            "size" => message_bytes = number()?,
            "seed" => seed = number()?,
            "volume" => spec.volume_size = Some(number()?),
            "quality" => spec.compression_level = Some(i32::try_from(number()?)?),
            "domain" => value.clone_into(&mut subscription.name),
            "stamp" => value.clone_into(&mut spec.stamp),
            "server" => server = named(key, value)?,
            "level" => spec.level = named::<Level>(key, value)?,
            "compression" => spec.compression = named::<Compression>(key, value)?,
            _ => bail!("{key} is no setting of --synthetic"),
        }
    }
    if spec.compression == Compression::Tgz {
        spec.compression_level.get_or_insert(1);
    }
    if server == SyntheticServer::Courier {
        spec.components = vec!["courier-imap".into(), "postfix".into()];
    }
    subscription.mailboxes = (0..mailboxes)
        .map(|number| MailboxSpec {
            password: Some(PasswordSpec::plain(format!("Secret-{number}"))),
            source: Some(MailboxSource::Synthetic {
                messages,
                message_bytes,
                seed: seed.wrapping_add(number),
                server,
            }),
            ..MailboxSpec::new(format!("user{number:04}"))
        })
        .collect();
    spec.subscriptions.push(subscription);
    Ok(spec)
}

/// A word that stands for one of several values.
fn named<T: serde::de::DeserializeOwned>(key: &str, value: &str) -> Result<T> {
    serde_json::from_value(value.into()).with_context(|| format!("{key}={value}"))
}
