//! From XML events to subscriptions, one at a time.

use std::io::Read;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::Element;
use super::clean::{CleanText, Counters};
use crate::metadata::windows8;

const DEPTH_LIMIT: usize = 256;
const ATTRIBUTE_LIMIT: usize = 1024 * 1024;
/// One subscription with all its mail accounts; real ones have some hundred KiB.
const SUBSCRIPTION_LIMIT: u64 = 64 * 1024 * 1024;

/// What a metadata file says beside its subscriptions.
#[derive(Debug, Default)]
pub(in crate::metadata) struct Dump {
    /// Attributes of `migration-dump`; `None` when there is no such element.
    pub(in crate::metadata) root: Option<Vec<(String, String)>>,
    pub(in crate::metadata) components: Vec<String>,
    pub(in crate::metadata) related: Vec<String>,
    pub(in crate::metadata) server_name: Option<String>,
    /// It is of Plesk 8 for Windows.
    pub(in crate::metadata) is_windows8: bool,
    /// `os-description/@type`.
    pub(in crate::metadata) operating_system: Option<String>,
    /// Element and `name` of the object that the dump is of.
    pub(in crate::metadata) object: Option<(String, Option<String>)>,
    /// Login or guid of an account, and its mail address.
    pub(in crate::metadata) emails: Vec<(String, String)>,
    /// Content outside subscriptions: directory and file.
    pub(in crate::metadata) server_content: Vec<(String, String)>,
    /// Names under `domain-info`.
    pub(in crate::metadata) announced: Vec<String>,
    pub(in crate::metadata) replaced_characters: u64,
    /// Why the file could not be read to its end.
    pub(in crate::metadata) cut: Option<Cut>,
}

impl Dump {
    /// An attribute of `migration-dump`; none when it is empty.
    pub(in crate::metadata) fn attribute(&self, name: &str) -> Option<&str> {
        let root = self.root.as_deref().unwrap_or_default();
        let found = root.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

/// Where a file was damaged.
#[derive(Debug, Clone)]
pub(in crate::metadata) struct Cut {
    pub(in crate::metadata) offset: u64,
    pub(in crate::metadata) inside: String,
    pub(in crate::metadata) detail: String,
}

/// What stands around a subscription.
#[derive(Debug, Default, Clone)]
pub(in crate::metadata) struct Context {
    /// `name` of the innermost client or reseller around it.
    pub(in crate::metadata) owner_login: Option<String>,
    /// Version of Plesk, from the root element.
    pub(in crate::metadata) plesk_version: Option<String>,
}

/// What subscriptions must stand below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::metadata) enum Root {
    /// The element `migration-dump`, at any depth: a signed file wraps it.
    MigrationDump,
    /// Whatever the first element is: that of Plesk 7 is not established.
    Any,
}

/// One element `domain`; or, in files of their own in Plesk 9, `mailuser` and `phosting`.
pub(in crate::metadata) struct Found {
    pub(in crate::metadata) element: Element,
    pub(in crate::metadata) context: Context,
}

/// Reads a file; every subscription, or part of one that stands alone, is handed over as soon as it
/// ends.
pub(in crate::metadata) fn read(
    reader: impl Read,
    root: Root,
    take: &mut dyn FnMut(Found),
) -> Dump {
    let counters = Rc::new(Counters::default());
    let mut state =
        State { root, dump: Dump::default(), open: Vec::new(), held: Vec::new(), held_bytes: 0 };
    let mut offset = 0;
    let outcome = match CleanText::new(reader, Rc::clone(&counters)) {
        Ok(text) => state.run(Reader::from_reader(text), &counters, &mut offset, take),
        Err(error) => Err(error.to_string()),
    };
    if let Err(detail) = outcome {
        let inside = state.path();
        state.dump.cut = Some(Cut { offset, inside, detail });
        state.close_cut(take);
    }
    state.dump.replaced_characters = counters.replaced.get();
    state.dump
}

struct State {
    root: Root,
    dump: Dump,
    /// Open elements outside subscriptions, and the subscription's own ones up to `domain`.
    open: Vec<Element>,
    /// Open elements of a subscription, the outermost first.
    held: Vec<Element>,
    held_bytes: u64,
}

impl State {
    fn run<R: std::io::BufRead>(
        &mut self,
        mut reader: Reader<R>,
        counters: &Counters,
        offset: &mut u64,
        take: &mut dyn FnMut(Found),
    ) -> Result<(), String> {
        reader.config_mut().allow_dangling_amp = true;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            buffer.shrink_to(ATTRIBUTE_LIMIT);
            counters.token.set(0);
            let event = reader.read_event_into(&mut buffer).map_err(|error| {
                *offset = reader.error_position();
                error.to_string()
            })?;
            *offset = reader.buffer_position();
            match event {
                Event::Start(tag) => self.start(&tag)?,
                Event::Empty(tag) => {
                    self.start(&tag)?;
                    self.end(take);
                }
                Event::End(_) => self.end(take),
                Event::Text(text) => self.text(&text)?,
                Event::CData(text) => self.text(&text)?,
                Event::GeneralRef(name) => {
                    let text = resolve(&name)?;
                    self.text(&text)?;
                }
                // One that only names a file elsewhere defines nothing: the file is never read.
                Event::DocType(text) if !text.contains('[') => {}
                Event::DocType(_) => {
                    return Err("a document type definition, which is refused".to_owned());
                }
                Event::Eof if self.open.is_empty() && self.held.is_empty() => return Ok(()),
                Event::Eof => return Err("the file ends early".to_owned()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() + self.held.len() >= DEPTH_LIMIT {
            return Err(format!("elements are nested deeper than {DEPTH_LIMIT}"));
        }
        let name = tag.local_name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| format!("in `{name}`: {error}"))?;
            if attribute.value.len() > ATTRIBUTE_LIMIT {
                return Err(format!(
                    "an attribute of `{name}` has {} bytes, at most {ATTRIBUTE_LIMIT} are read",
                    attribute.value.len()
                ));
            }
            attributes.push((attribute.key.0.to_owned(), unescape(&attribute.value)?));
        }
        let mut element = Element { name, attributes, ..Element::default() };
        if self.is_of_windows8(&element) {
            // Its root is called otherwise than that of a dump of any other version.
            let root = self.open.first().map(|root| root.attributes.clone());
            self.dump.root.get_or_insert(root.unwrap_or_default());
            self.dump.operating_system.get_or_insert("windows".to_owned());
            self.dump.is_windows8 = true;
            windows8::DOMAIN.clone_into(&mut element.name);
        }
        if self.held.is_empty() && self.dump.object.is_none() {
            self.note_object(&element);
        }
        if !self.held.is_empty() || self.begins_subscription(&element) {
            self.hold(tag.len())?;
            self.held.push(element);
        } else {
            self.note(&element);
            self.open.push(element);
        }
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<(), String> {
        // An element costs more than its text.
        self.held_bytes += bytes as u64 + 128;
        if self.held_bytes > SUBSCRIPTION_LIMIT {
            return Err(format!("one subscription is larger than {SUBSCRIPTION_LIMIT} bytes"));
        }
        Ok(())
    }

    /// `domain` at any depth of the dump, but not as a setting of the server. A part of it that
    /// stands outside of any is in a file of its own.
    fn begins_subscription(&self, element: &Element) -> bool {
        if element.name == windows8::DOMAIN {
            return true;
        }
        let above = match self.root {
            Root::MigrationDump => self.open.as_slice(),
            Root::Any => self.open.get(1..).unwrap_or_default(),
        };
        let begins = match self.root {
            Root::MigrationDump => {
                matches!(element.name.as_str(), "domain" | "mailuser" | "phosting")
                    && above.iter().any(|above| above.name == "migration-dump")
            }
            Root::Any => element.name == "domain" && !self.open.is_empty(),
        };
        begins && !above.iter().any(|above| above.name == "server" || above.name.ends_with("-info"))
    }

    fn plesk_version(&self) -> Option<String> {
        let attributes = self.dump.root.as_ref()?;
        ["dump-version", "dump-original-version", "psa-version"].iter().find_map(|name| {
            let found = attributes.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        })
    }

    /// A domain of a client in a list of clients, and no `migration-dump` around them.
    fn is_of_windows8(&self, element: &Element) -> bool {
        let is =
            |depth: usize, name: &str| self.open.get(depth).is_some_and(|above| above.name == name);
        let is_below = self.open.len() == 3 && is(1, "clients") && is(2, "client");
        self.root == Root::MigrationDump
            && self.held.is_empty()
            && element.name == "domain"
            && is_below
            && !is(0, "migration-dump")
    }

    /// The first of the elements directly in the dump that stand for an object.
    fn note_object(&mut self, element: &Element) {
        let is_direct = self.open.last().is_some_and(|above| above.name == "migration-dump");
        if is_direct && matches!(element.name.as_str(), "admin" | "reseller" | "client" | "domain")
        {
            let name = element.attribute("name").map(str::to_owned);
            self.dump.object = Some((element.name.clone(), name));
        }
    }

    fn note(&mut self, element: &Element) {
        let name = || element.attribute("name").map(str::to_owned);
        match element.name.as_str() {
            name if self.dump.root.is_none()
                && (name == "migration-dump" || self.root == Root::Any) =>
            {
                self.dump.root = Some(element.attributes.clone());
            }
            "component" if self.is_inside("components-installed") => {
                self.dump.components.extend(name());
            }
            "os-description" if self.dump.operating_system.is_none() => {
                let kind = element.attribute("type").map(str::trim).filter(|kind| !kind.is_empty());
                self.dump.operating_system = kind.map(str::to_owned);
            }
            "admin" if self.dump.server_name.is_none() => self.dump.server_name = name(),
            "domain-info" => self.dump.announced.extend(name()),
            _ => {}
        }
    }

    fn is_inside(&self, name: &str) -> bool {
        self.open.iter().any(|above| above.name == name)
    }

    fn end(&mut self, take: &mut dyn FnMut(Found)) {
        if let Some(mut element) = self.held.pop() {
            element.complete = true;
            self.close_held(element, take);
            return;
        }
        if let Some(mut element) = self.open.pop() {
            element.complete = true;
            self.close_open(&element);
        }
    }

    fn close_held(&mut self, element: Element, take: &mut dyn FnMut(Found)) {
        if let Some(parent) = self.held.last_mut() {
            parent.children.push(element);
            return;
        }
        self.held_bytes = 0;
        let owner = |above: &&Element| matches!(above.name.as_str(), "client" | "reseller");
        let owner_login = self
            .open
            .iter()
            .rev()
            .find(owner)
            .and_then(|above| above.attribute("name").or(above.attribute("login")))
            .map(str::to_owned);
        let context = Context { owner_login, plesk_version: self.plesk_version() };
        take(Found { element, context });
    }

    fn close_open(&mut self, element: &Element) {
        let Some(text) = element.trimmed() else { return };
        match element.name.as_str() {
            "pinfo" if element.attribute("name") == Some("email") => {
                let account = |above: &&Element| {
                    matches!(above.name.as_str(), "client" | "reseller" | "admin")
                };
                if let Some(account) = self.open.iter().rev().find(account) {
                    // The administrator's login is always this; `name` is that of the server.
                    let login = (account.name == "admin").then_some("admin");
                    let names = [login.or(account.attribute("name")), account.attribute("guid")];
                    for name in names.into_iter().flatten() {
                        self.dump.emails.push((name.to_owned(), text.to_owned()));
                    }
                }
            }
            "related-dump" => self.dump.related.push(text.to_owned()),
            "content-file" => {
                let cid = self.open.last().filter(|above| above.name == "cid");
                let path = cid.and_then(|cid| cid.attribute("path")).unwrap_or_default();
                self.dump.server_content.push((path.to_owned(), text.to_owned()));
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.held.is_empty() {
            // Outside subscriptions only these texts matter, and a server's XML may be large.
            if let Some(element) = self.open.last_mut()
                && matches!(element.name.as_str(), "pinfo" | "related-dump" | "content-file")
                && element.text.len() + text.len() <= ATTRIBUTE_LIMIT
            {
                element.text.push_str(text);
            }
            return Ok(());
        }
        self.hold(text.len())?;
        if let Some(element) = self.held.last_mut() {
            element.text.push_str(text);
        }
        Ok(())
    }

    fn path(&self) -> String {
        let in_file = |element: &Element| match element.name.as_str() {
            windows8::DOMAIN => "domain".to_owned(),
            name => name.to_owned(),
        };
        let names: Vec<String> = self.open.iter().chain(&self.held).map(in_file).collect();
        names.join("/")
    }

    /// Hands over the subscription that was being read, with what there is of it.
    fn close_cut(&mut self, take: &mut dyn FnMut(Found)) {
        while let Some(element) = self.held.pop() {
            self.close_held(element, take);
        }
    }
}

/// Replaces references; unlike the parser's own, it does not stumble over control characters.
fn unescape(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        if let Some(end) = after.find(';').filter(|end| *end <= 32) {
            text.push_str(&resolve(&after[..end])?);
            rest = &after[end + 1..];
        } else {
            // Written by hand or by a careless tool: it can only be meant literally.
            text.push('&');
            rest = after;
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// Character references and the five entities of XML; others need a definition, which is refused.
fn resolve(name: &str) -> Result<String, String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        let character = code
            .ok()
            .and_then(char::from_u32)
            .filter(|character| !character.is_control() || matches!(character, '\t' | '\n' | '\r'));
        return Ok(character.unwrap_or('?').to_string());
    }
    resolve_predefined_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("the entity `{name}`, which is not defined"))
}
