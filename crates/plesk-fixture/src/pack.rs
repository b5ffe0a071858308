//! Packs a backup in the order of a real export: content archives, `.discovered`, XML last.

use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::archive::{ArchiveWriter, write_archive, write_tar};
use crate::chain::{Changes, FileIndex, History};
use crate::discovered::{Dump, client_row, main_guid, object_index, write_discovered};
use crate::domain_xml::Contents;
use crate::layout::{
    Domain, Layout, Subscription, client_directory, client_guid, database_directory, join,
    mailbox_directory, stamp_to_epoch,
};
use crate::mail_content::{add_domain, add_maildir, has_mail, named_files};
use crate::mail_enable;
use crate::metadata::{client_xml, main_xml, own_xmls, subscription_xml};
use crate::sink::{DirectorySink, Sink, TarSink, ZipSink};
use crate::spec::{
    Generation, Hosting, Level, MailLayout, MailStore, MemoryFile, Spec, System, ZipMethod,
};
use crate::tar_format::{Owner, POPUSER, WEBSPACE};
use crate::walk::add_memory;
use crate::windows8;
use crate::zip_format::Style;

/// Packs a backup as a tree below `directory`, as it lies in the repository of a Plesk server.
///
/// # Errors
///
/// When a tree of mail cannot be read, `directory` cannot be written, or the spec contradicts
/// itself; the error names the file or the part of the spec.
pub fn pack_directory(spec: &Spec, directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    pack(spec, &mut DirectorySink { root: directory.to_path_buf() }, None)
}

/// Packs several dumps of one server into one tree below `directory`, each spec as the server was
/// at that moment. A spec with a base stamp is an increment of the full dump with that stamp, which
/// has to stand before it: its archives of mail and web files hold what changed since the dump
/// before, and its metadata name the dumps that hold the rest.
///
/// # Errors
///
/// As [`pack_directory`]; and when the base of an increment is not there.
pub fn pack_dumps_directory(specs: &[Spec], directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    pack_dumps(specs, &mut DirectorySink { root: directory.to_path_buf() })
}

/// Packs several dumps as one plain tar, as Plesk exports a dump together with its increments. See
/// [`pack_dumps_directory`].
///
/// # Errors
///
/// As [`pack_dumps_directory`]; a half-written file is left behind then.
pub fn pack_dumps_tar(specs: &[Spec], file: &Path) -> Result<()> {
    let newest = specs.last().context("there is no dump to pack")?;
    let mut sink = TarSink::create(file, stamp_to_epoch(&newest.stamp)?, newest.wrap.clone())?;
    pack_dumps(specs, &mut sink)?;
    write_export_index(newest, &mut sink)?;
    sink.finish()
}

/// Packs a backup as a zip, as Plesk exports it on Windows.
///
/// # Errors
///
/// As [`pack_directory`]; a half-written file is left behind then.
pub fn pack_zip(spec: &Spec, file: &Path) -> Result<()> {
    let level = match spec.zip_method {
        ZipMethod::Stored => None,
        ZipMethod::Deflated => Some(6),
    };
    let style = Style { windows: spec.system == System::Windows, level };
    let mtime = stamp_to_epoch(&spec.stamp)?;
    let mut sink = ZipSink::create(file, mtime, spec.wrap.clone(), style)?;
    pack(spec, &mut sink, None)?;
    if spec.generation == Generation::Current {
        write_export_index(spec, &mut sink)?;
    }
    sink.finish()
}

fn pack_dumps(specs: &[Spec], sink: &mut dyn Sink) -> Result<()> {
    let mut history = History::default();
    for spec in specs {
        if let Some(base) = &spec.base_stamp {
            ensure!(history.knows(base), "dump {}: its base {base} is not there", spec.stamp);
        } else {
            history.begin(&spec.stamp);
        }
        pack(spec, sink, Some(&mut history)).with_context(|| format!("dump {}", spec.stamp))?;
    }
    Ok(())
}

/// Packs a backup as one plain tar, as Plesk exports it.
///
/// # Errors
///
/// As [`pack_directory`]; a half-written file is left behind then.
pub fn pack_tar(spec: &Spec, file: &Path) -> Result<()> {
    let mut sink = TarSink::create(file, stamp_to_epoch(&spec.stamp)?, spec.wrap.clone())?;
    pack(spec, &mut sink, None)?;
    write_export_index(spec, &mut sink)?;
    sink.finish()
}

fn write_export_index(spec: &Spec, sink: &mut dyn Sink) -> Result<()> {
    if spec.export_index {
        for name in ["dump-header", "dump-index", "archive-index"] {
            write_text(sink, name, &format!("{name} of {}\n", spec.stamp))?;
        }
    }
    Ok(())
}

fn pack(spec: &Spec, sink: &mut dyn Sink, mut history: Option<&mut History>) -> Result<()> {
    if spec.generation == Generation::Plesk8Windows {
        return windows8::pack(spec, sink);
    }
    let kept;
    let spec = match spec.mail_store {
        MailStore::Maildir => spec,
        MailStore::MailEnable => {
            ensure!(
                spec.mail_layout == MailLayout::Domain,
                "MailEnable's mail is packed for whole domains only"
            );
            kept = mail_enable::kept(spec)?;
            &kept
        }
    };
    let mut layout = Layout::new(spec)?;
    let mut contents = Contents::new();
    if spec.content {
        for subscription in &layout.subscriptions {
            add_contents(&layout, sink, &mut contents, history.as_deref_mut(), subscription)
                .with_context(|| format!("subscription {}", subscription.spec.name))?;
        }
    }
    if let (Some(history), Some(base)) = (&history, &spec.base_stamp) {
        let needed = history.stamps(base).into_iter().filter(|stamp| *stamp != spec.stamp);
        layout.related.extend(needed.filter(|stamp| *stamp != base).map(str::to_owned));
    }
    let layout = layout;
    let info =
        |directory: &str| join(directory, &format!("{}.xml", layout.stem(directory, "info")));
    let index = |subscription| subscription_files(&layout, subscription, &contents, &history);
    for subscription in &layout.subscriptions {
        if spec.generation == Generation::Plesk9 {
            for (directory, xml) in own_xmls(&layout, &contents, subscription) {
                write_text(sink, &info(&directory), &xml)?;
            }
        }
    }
    if spec.level != Level::Subscription {
        for subscription in &layout.subscriptions {
            let directory = &subscription.domain.directory;
            let dump = Dump {
                directory,
                size: total(&contents, directory),
                owner: &subscription.spec.owner,
                guid: &subscription.domain.guid,
                object: &subscription.spec.name,
                full: false,
                files: index(subscription),
            };
            write_discovered(&layout, sink, &dump)?;
            let xml = subscription_xml(&layout, &contents, subscription);
            write_text(sink, &info(directory), &xml)?;
        }
    }
    if spec.level == Level::Server {
        for login in layout.clients() {
            let directory = client_directory(login);
            let dump = Dump {
                directory: &directory,
                size: total(&contents, &directory),
                owner: "admin",
                guid: &client_guid(login),
                object: login,
                full: false,
                files: vec![("object_index".into(), client_row(login))],
            };
            write_discovered(&layout, sink, &dump)?;
            write_text(sink, &info(&directory), &client_xml(&layout, login))?;
        }
    }
    let mut files = Vec::new();
    let (owner, object) = match (spec.level, &layout.subscriptions[..]) {
        (Level::Subscription, [only]) => {
            files = index(only);
            (only.spec.owner.as_str(), only.spec.name.as_str())
        }
        (Level::Client, _) => ("admin", spec.client_login.as_str()),
        _ => ("admin", spec.server_name.as_str()),
    };
    if spec.level != Level::Subscription {
        let mut index: String = layout.subscriptions.iter().map(object_index).collect();
        index.extend(layout.clients().into_iter().map(client_row));
        files.push(("object_index".into(), index));
        files.push(("webcontent_index".into(), String::new()));
    }
    let guid = main_guid(&layout);
    let root = layout.root.as_str();
    let size = total(&contents, root);
    write_discovered(
        &layout,
        sink,
        &Dump { directory: root, size, owner, guid: &guid, object, full: true, files },
    )?;
    write_text(sink, &info(root), &main_xml(&layout, &contents))?;
    Ok(())
}

/// Packs the content archives of one subscription.
fn add_contents(
    layout: &Layout<'_>,
    sink: &mut dyn Sink,
    contents: &mut Contents,
    history: Option<&mut History>,
    subscription: &Subscription<'_>,
) -> Result<()> {
    let (spec, domain) = (subscription.spec, &subscription.domain);
    let mut packer = Packer { layout, sink, contents, history };
    if spec.hosting == Hosting::Physical {
        let mtime = stamp_to_epoch(&layout.spec.stamp)?;
        let mut files = vec![web_page(&spec.www_root, &spec.name, mtime)];
        for site in &subscription.sites {
            if site.spec.hosting == Hosting::Physical {
                let root = &site.spec.www_root;
                let root = if root.is_empty() { &site.domain.ascii_name } else { root };
                files.push(web_page(root, &site.spec.name, mtime));
            }
        }
        packer.memory(domain, "", "user-data", &files)?;
        let cache = format!("{}/cache/page.html", spec.www_root);
        let written_by_server = [MemoryFile::file(cache, mtime, "<p>made by the web server</p>\n")];
        packer.memory(domain, "", "apache-files", &written_by_server)?;
    } else {
        ensure!(
            subscription.sites.is_empty() || spec.hosting == Hosting::None,
            "a subscription that only forwards cannot have sites"
        );
    }
    for (id, database) in (1..).zip(&spec.databases) {
        let mtime = stamp_to_epoch(&layout.spec.stamp)?;
        let dump = format!("CREATE TABLE `t` (`id` int); -- {}\n", database.name);
        let inside = database_directory(&database.name, id);
        let name = layout.stem(&join(&domain.directory, &inside), "sqldump");
        let file = MemoryFile::file(name, mtime, dump);
        packer.memory(domain, &inside, "sqldump", &[file])?;
    }
    packer.mail(domain)?;
    for site in &subscription.sites {
        packer.mail(&site.domain).with_context(|| format!("site {}", site.spec.name))?;
    }
    Ok(())
}

fn web_page(root: &str, name: &str, mtime: i64) -> MemoryFile {
    MemoryFile::file(format!("{root}/index.html"), mtime, format!("<h1>{name}</h1>\n"))
}

/// Packs archives and remembers their sizes.
struct Packer<'a> {
    layout: &'a Layout<'a>,
    sink: &'a mut dyn Sink,
    contents: &'a mut Contents,
    history: Option<&'a mut History>,
}

/// Archives that an increment holds in part; all others are whole in every dump.
const INCREMENTAL: [&str; 4] = ["domainmail", "mdir", "user-data", "apache-files"];

impl Packer<'_> {
    fn archive(
        &mut self,
        domain: &Domain<'_>,
        inside: &str,
        kind: &str,
        fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
    ) -> Result<()> {
        let directory = join(&domain.directory, inside);
        let path = join(&directory, &self.layout.archive_name(&directory, kind));
        let spec = self.layout.spec;
        let mut changes = None;
        if let Some(history) = &self.history
            && INCREMENTAL.contains(&kind)
        {
            let before = spec
                .base_stamp
                .as_ref()
                .and_then(|base| history.get(base, &directory, kind).cloned())
                .unwrap_or_default();
            let whole = Changes::new(&spec.stamp, before);
            // Plesk writes no archive when nothing changed; what changed is known when all of it
            // was looked at.
            let mut tried = whole.clone();
            write_tar(&mut io::sink(), Some(&mut tried), fill)
                .with_context(|| format!("cannot pack {path}"))?;
            if tried.any() {
                changes = Some(whole);
            } else {
                self.remember(&directory, kind, tried);
                return Ok(());
            }
        }
        let size = if spec.volume_size.is_some() {
            self.volumes(&path, changes.as_mut(), fill)?
        } else {
            self.sink.file(&path, &mut |out| write_archive(spec, out, changes.as_mut(), fill))?
        };
        self.contents.insert(path, size);
        if let Some(changes) = changes {
            self.remember(&directory, kind, changes);
        }
        Ok(())
    }

    fn remember(&mut self, directory: &str, kind: &str, changes: Changes) {
        let spec = self.layout.spec;
        let base = spec.base_stamp.as_ref().unwrap_or(&spec.stamp);
        if let Some(history) = &mut self.history {
            history.set(base, directory, kind, changes.finish());
        }
    }

    /// The size decides into how many volumes an archive is cut, so it is written aside first.
    fn volumes(
        &mut self,
        path: &str,
        changes: Option<&mut Changes>,
        fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
    ) -> Result<u64> {
        let mut whole = tempfile::tempfile()?;
        let mut out = BufWriter::new(&mut whole);
        write_archive(self.layout.spec, &mut out, changes, fill)?;
        out.flush()?;
        drop(out);
        let size = whole.stream_position()?;
        whole.rewind()?;
        for (volume, bytes) in self.layout.volumes(path, size) {
            let mut slice = (&mut whole).take(bytes);
            self.sink.file(&volume, &mut |out| io::copy(&mut slice, out).map(drop))?;
        }
        Ok(size)
    }

    fn memory(
        &mut self,
        domain: &Domain<'_>,
        inside: &str,
        kind: &str,
        files: &[MemoryFile],
    ) -> Result<()> {
        self.owned(domain, inside, kind, &WEBSPACE, files)
    }

    fn owned(
        &mut self,
        domain: &Domain<'_>,
        inside: &str,
        kind: &str,
        owner: &Owner,
        files: &[MemoryFile],
    ) -> Result<()> {
        let files: Vec<_> = files.iter().collect();
        self.archive(domain, inside, kind, &mut |archive| add_memory(archive, owner, &files, b""))
    }

    fn mail(&mut self, domain: &Domain<'_>) -> Result<()> {
        let Some(mail) = &domain.mail else { return Ok(()) };
        let mtime = stamp_to_epoch(&self.layout.spec.stamp)?;
        if let Some(key) = mail.dkim.and_then(|dkim| dkim.private_key.as_deref()) {
            let key = MemoryFile::file("default", mtime, key);
            self.owned(domain, "", "privatekey", &POPUSER, &[key])?;
        }
        let lists: Vec<MemoryFile> =
            mail.mailing_lists.iter().flat_map(|list| list.archive.iter().cloned()).collect();
        if !lists.is_empty() {
            self.owned(domain, "", "ml", &WEBSPACE, &lists)?;
        }
        match self.layout.spec.mail_layout {
            MailLayout::Domain if has_mail(mail) => {
                self.archive(domain, "", "domainmail", &mut |archive| {
                    add_domain(archive, mail, mtime)
                })
            }
            MailLayout::Domain => Ok(()),
            MailLayout::Mailbox => {
                ensure!(
                    mail.unlisted.is_empty(),
                    "archives of single mailboxes know no unlisted ones"
                );
                for (id, mailbox) in (domain.first_mailbox..).zip(mail.mailboxes) {
                    let inside = mailbox_directory(&mailbox.name.to_lowercase(), id);
                    for (directory, files) in mailbox.beside() {
                        let kind = if directory == "@attachments" { "attach" } else { "sa" };
                        let files = named_files("", files, mtime);
                        self.owned(domain, &inside, kind, &POPUSER, &files)?;
                    }
                    if let Some(source) = mailbox.mail() {
                        self.archive(domain, &inside, "mdir", &mut |archive| {
                            add_maildir(archive, &source)
                        })?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Inventory and indexes of the content of one subscription. Plesk lists every file in the
/// indexes; their form is not known for sure, so they are empty unless that is asked for.
fn subscription_files(
    layout: &Layout<'_>,
    subscription: &Subscription<'_>,
    contents: &Contents,
    history: &Option<&mut History>,
) -> Vec<(String, String)> {
    let rows = |directory: &str, kind: &str| {
        let spec = layout.spec;
        let base = spec.base_stamp.as_ref().unwrap_or(&spec.stamp);
        let index = history.as_ref().and_then(|history| history.get(base, directory, kind));
        index.filter(|_| spec.file_index).map(FileIndex::rows).unwrap_or_default()
    };
    let mut files = Vec::new();
    let domains = std::iter::once(&subscription.domain)
        .chain(subscription.sites.iter().map(|site| &site.domain));
    for kind in ["user-data", "apache-files"] {
        let start = join(&subscription.domain.directory, "");
        if contents.keys().any(|path| path.starts_with(&start) && path.contains(kind)) {
            let directory = &subscription.domain.directory;
            files.push((format!("cid_{kind}"), rows(directory, kind)));
        }
    }
    for domain in domains {
        let packed = |path: &String| {
            path.strip_prefix(&domain.directory)
                .map(|rest| rest.trim_start_matches('/'))
                .is_some_and(|rest| !rest.contains('/') && rest.contains("_domainmail_"))
        };
        if contents.keys().any(packed) {
            let text = rows(&domain.directory, "domainmail");
            files.push((format!("cid_domainmail_{}", domain.id), text));
        }
    }
    files.push(("object_index".into(), object_index(subscription)));
    files
}

/// Bytes of content below a directory.
fn total(contents: &Contents, directory: &str) -> u64 {
    let below = |path: &str| {
        directory.is_empty()
            || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
    };
    contents.iter().filter(|(path, _)| below(path)).map(|(_, size)| size).sum()
}

fn write_text(sink: &mut dyn Sink, path: &str, text: &str) -> Result<u64> {
    sink.file(path, &mut |out| out.write_all(text.as_bytes()))
}
