//! The element `domain-keys`.

use super::Reading;
use crate::metadata::ContentRef;
use crate::metadata::xml::Element;

/// DKIM signing of a domain's mail.
///
/// The private key is the only file, `default`, of the archive; read it with
/// [`Backup::read_single_file`](crate::Backup::read_single_file). It is PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dkim {
    /// Whether outgoing mail is signed.
    pub enabled: bool,
    /// The bare key as it stands in the DNS record behind `p=`: base64 without its white space.
    pub public_key: Option<String>,
    /// The archive of the private key.
    pub content: Vec<ContentRef>,
}

impl Reading<'_, '_> {
    pub(in crate::metadata) fn dkim(&mut self, preferences: &Element) -> Option<Dkim> {
        let object = self.domain;
        let mut found = preferences.all("domain-keys");
        let element = found.next()?;
        if found.next().is_some() {
            let detail = "it stands several times; the first was taken".to_owned();
            self.not_understood_of(&element.name, object, detail);
        }
        let public_key = element
            .value("public-key")
            .map(|key| key.split_ascii_whitespace().collect::<String>())
            .filter(|key| !key.is_empty());
        Some(Dkim {
            enabled: self.main_switch(element, "state", object),
            public_key,
            content: self.resolver.contents(element, self.metadata, object, self.problems),
        })
    }
}
