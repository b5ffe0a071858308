//! The element `spamassassin`.

use super::{Reading, quoted};
use crate::metadata::ContentRef;
use crate::metadata::settings::text::Shape;
use crate::metadata::xml::Element;

/// The spam filter of a mail account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpamFilter {
    /// Whether it is on.
    pub enabled: bool,
    /// What becomes of spam.
    pub action: SpamAction,
    /// `hits`: from which score on a message is spam; absent means the server's default.
    pub required_score: Option<SpamScore>,
    /// Whether the subject of spam is marked; absent when the XML does not tell.
    pub modify_subject: Option<bool>,
    /// What the subject is marked with.
    pub subject_text: Option<String>,
    /// Whether the server's settings hold as well; absent when the XML does not tell.
    pub use_server_config: Option<bool>,
    /// Patterns of senders whose mail is spam, verbatim.
    pub black_list: Vec<String>,
    /// Patterns of senders whose mail is none, verbatim.
    pub white_list: Vec<String>,
    /// Patterns taken off the server's black list, verbatim.
    pub un_black_list: Vec<String>,
    /// Patterns taken off the server's white list, verbatim.
    pub un_white_list: Vec<String>,
    /// The filter's data (`.spamassassin`): a reference into the mail archive of the domain, or
    /// an archive of its own.
    pub content: Vec<ContentRef>,
}

/// What becomes of spam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpamAction {
    /// It is marked and delivered. Taken also where the XML does not tell, as no mail is lost by
    /// it.
    Mark,
    /// It is thrown away.
    Delete,
    /// It is put into the folder `Spam`.
    Move,
    /// A word that is not known, verbatim.
    Other(String),
}

/// A score of SpamAssassin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpamScore {
    /// As written.
    pub text: String,
    /// In tenths, rounded; absent when it is no number between -100000 and 100000.
    pub tenths: Option<i32>,
}

impl SpamScore {
    fn parse(text: &str) -> SpamScore {
        SpamScore { text: text.to_owned(), tenths: tenths(text) }
    }
}

/// Decimal digits with an optional sign and fraction; some languages have a comma.
fn tenths(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 5
        || !are_digits(whole)
        || !are_digits(fraction)
        || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let whole: i32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digit =
        |index: usize| fraction.as_bytes().get(index).map_or(0, |byte| i32::from(byte - b'0'));
    Some(sign * (whole * 10 + digit(0) + i32::from(digit(1) >= 5)))
}

impl Reading<'_, '_> {
    pub(in crate::metadata) fn spam(
        &mut self,
        places: &[&Element],
        object: &str,
    ) -> Option<SpamFilter> {
        let found: Vec<&Element> =
            places.iter().flat_map(|place| place.all("spamassassin")).collect();
        // The place of today comes last.
        let element = *found.last()?;
        if found.len() > 1 {
            let detail = format!("it stands {} times; the last was taken", found.len());
            self.not_understood_of(&element.name, object, detail);
        }
        let tag = element.name.as_str();
        let action = match element.value("action").map(str::trim).unwrap_or_default() {
            "" | "mark" => SpamAction::Mark,
            "delete" => SpamAction::Delete,
            "move" => SpamAction::Move,
            other => {
                let detail = format!("its action `{}` is not known", quoted(other));
                self.not_understood_of(tag, object, detail);
                SpamAction::Other(other.to_owned())
            }
        };
        let score = element.value("hits").map(str::trim).filter(|text| !text.is_empty());
        let required_score = score.map(SpamScore::parse);
        if let Some(score) = required_score.as_ref().filter(|score| score.tenths.is_none()) {
            let detail = format!("its score `{}` is no number", quoted(&score.text));
            self.not_understood_of(tag, object, detail);
        }
        let subject_text = element
            .value("subj-text")
            .filter(|text| !text.is_empty())
            .map(|text| self.tidy(text, Shape::Line, tag, "subj-text", object));
        Some(SpamFilter {
            enabled: self.main_switch(element, "status", object),
            action,
            required_score,
            modify_subject: self.switch(element, "modify-subj", object),
            subject_text,
            use_server_config: self.switch(element, "server-conf", object),
            black_list: self.members(element, "blacklist-member", object),
            white_list: self.members(element, "whitelist-member", object),
            un_black_list: self.members(element, "unblacklist-member", object),
            un_white_list: self.members(element, "unwhitelist-member", object),
            content: self.resolver.contents(element, self.metadata, object, self.problems),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::tenths;

    #[test]
    fn scores_are_decimal_numbers() {
        assert_eq!(tenths("7"), Some(70));
        assert_eq!(tenths("7.5"), Some(75));
        assert_eq!(tenths("7,5"), Some(75));
        assert_eq!(tenths("5.04"), Some(50));
        assert_eq!(tenths("5.05"), Some(51));
        assert_eq!(tenths("-2.96"), Some(-30));
        assert_eq!(tenths("+.5"), Some(5));
        assert_eq!(tenths("99999.99"), Some(1_000_000));
        for text in ["", ".", "-", "x", "1e3", "1.2.3", "100000", "\u{0667}"] {
            assert_eq!(tenths(text), None, "{text}");
        }
    }
}
