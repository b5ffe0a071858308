//! The element `autoresponders`.

use super::text::{Shape, from_base64, from_charset};
use super::{Reading, quoted};
use crate::metadata::ContentRef;
use crate::metadata::calendar::epoch_of;
use crate::metadata::xml::Element;

/// Automatic answers of a mail account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autoresponders {
    /// In the order of the file.
    pub items: Vec<Autoresponder>,
    /// Names of the files that any of them attaches; they lie in `@attachments` of the account's
    /// directory.
    pub attachments: Vec<String>,
    /// Where the files are: a reference into the mail archive of the domain, or an archive of
    /// their own.
    pub content: Vec<ContentRef>,
}

/// One automatic answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autoresponder {
    /// Name in the panel, where there is one.
    pub name: Option<String>,
    /// Whether it answers. Plesk writes `on` only if the account's switch is on as well.
    pub enabled: bool,
    /// Subject of the answer on one line, decoded; may hold Plesk's placeholder for the subject
    /// that is answered.
    pub subject: String,
    /// `text/plain` or `text/html`, verbatim; `text/plain` when the XML does not tell.
    pub content_type: String,
    /// The charset that the XML names, verbatim. [`Autoresponder::text`] is decoded already.
    pub charset: Option<String>,
    /// The answer. Where it could not be decoded, what could be read of it.
    pub text: String,
    /// The bytes of the answer, when they could not be decoded.
    pub undecoded: Option<Vec<u8>>,
    /// `ans-freq`, verbatim: how often one sender is answered. Its unit is not established.
    pub answer_frequency: Option<String>,
    /// `end-date`, verbatim; absent also for what stands for no date (empty, 0, 0000-00-00).
    pub end_date: Option<String>,
    /// The same in seconds since 1970, when it is `YYYY-MM-DD` (the start of that day as if it
    /// were UTC), `YYYY-MM-DD hh:mm:ss` or such a number itself.
    pub end_date_epoch: Option<i64>,
    /// Addresses that the message is forwarded to as well.
    pub redirect: Vec<String>,
    /// Names of files in `@attachments`.
    pub attachments: Vec<String>,
}

impl Autoresponder {
    /// True when the answer is HTML.
    pub fn is_html(&self) -> bool {
        self.content_type.to_ascii_lowercase().contains("html")
    }
}

impl Reading<'_, '_> {
    pub(in crate::metadata) fn autoresponders(
        &mut self,
        places: &[&Element],
        object: &str,
    ) -> Option<Autoresponders> {
        let mut found = None;
        for element in places.iter().flat_map(|place| place.all("autoresponders")) {
            let content = self.resolver.contents(element, self.metadata, object, self.problems);
            let answers = found.get_or_insert_with(Autoresponders::default);
            answers.content.extend(content);
            answers.attachments.extend(self.attachments(element, object));
            // What stands above all of them switches them all.
            let is_off = self.switch(element, "status", object) == Some(false);
            for item in element.all("autoresponder") {
                let mut item = self.autoresponder(item, object);
                item.enabled &= !is_off;
                answers.items.push(item);
            }
        }
        found
    }

    fn autoresponder(&mut self, element: &Element, object: &str) -> Autoresponder {
        let tag = element.name.as_str();
        let mut bodies = element.all("text");
        let body = bodies.next();
        if bodies.next().is_some() {
            let detail = "it has several texts; the first was taken".to_owned();
            self.not_understood_of(tag, object, detail);
        }
        let charset = body
            .and_then(|body| body.attribute("charset"))
            .or_else(|| element.value("charset"))
            .map(str::to_owned);
        let subject = element.value("subject").unwrap_or_default();
        let subject = self.line(subject, charset.as_deref(), tag, "subject", object);
        let (text, undecoded) = match body {
            Some(body) => self.body(body, charset.as_deref(), object),
            None => (String::new(), None),
        };
        let limit = |name: &str| {
            let mut limits = element.all("autoresponder-limit");
            let limit = limits.find(|limit| limit.attribute("name") == Some(name))?;
            limit.trimmed().map(str::to_owned)
        };
        let end_date =
            limit("end-date").filter(|date| !matches!(date.as_str(), "0" | "0000-00-00"));
        let end_date_epoch = end_date.as_deref().and_then(epoch_of);
        if let Some(date) = end_date.as_deref().filter(|_| end_date_epoch.is_none()) {
            let detail = format!("its end date `{}` is no date that is known", quoted(date));
            self.not_understood_of(tag, object, detail);
        }
        // One address, or several between commas; old dumps have them as children.
        let redirect = element
            .attribute("redirect")
            .into_iter()
            .chain(element.all("redirect").filter_map(Element::trimmed))
            .flat_map(|list| list.split([',', ';']))
            .map(str::trim)
            .filter(|address| !address.is_empty())
            .map(str::to_owned)
            .collect();
        Autoresponder {
            name: element.value("name").map(str::to_owned),
            enabled: self.main_switch(element, "status", object),
            subject,
            content_type: element.value("content-type").unwrap_or("text/plain").trim().to_owned(),
            charset,
            text,
            undecoded,
            answer_frequency: limit("ans-freq"),
            end_date,
            end_date_epoch,
            redirect,
            attachments: self.attachments(element, object),
        }
    }

    /// The text of an answer, and its bytes when that is not all of them.
    fn body(
        &mut self,
        element: &Element,
        charset: Option<&str>,
        object: &str,
    ) -> (String, Option<Vec<u8>>) {
        let (tag, key) = ("autoresponder", "text");
        let Some(bytes) = from_base64(&element.text) else {
            let doubt = "it is no base64 and was taken as it stands".to_owned();
            self.doubt(Some(doubt), tag, key, object);
            return (self.tidy(element.text.trim(), Shape::Text, tag, key, object), None);
        };
        match from_charset(&bytes, charset) {
            Ok(decoded) => {
                self.doubt(decoded.doubt, tag, key, object);
                (self.tidy(&decoded.text, Shape::Text, tag, key, object), None)
            }
            Err(why) => {
                let doubt = format!("its {} bytes cannot be decoded: {why}", bytes.len());
                self.doubt(Some(doubt), tag, key, object);
                let readable = String::from_utf8_lossy(&bytes);
                (self.tidy(&readable, Shape::Text, tag, key, object), Some(bytes))
            }
        }
    }

    fn attachments(&mut self, element: &Element, object: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut empty = 0_u64;
        for attachment in element.all("attach") {
            let name = attachment.attribute("file").or_else(|| attachment.trimmed());
            match name.filter(|name| !name.trim().is_empty()) {
                Some(name) => names.push(name.to_owned()),
                None => empty += 1,
            }
        }
        self.report_empty("attach", object, empty);
        names
    }
}
