//! What a filter asks of a message.

/// One question about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What is looked at.
    pub part: Part,
    /// How it is compared.
    pub comparison: Match,
    /// What it is compared with. At most about 1000 bytes; newlines and tabs are possible, other
    /// control characters are not.
    pub value: String,
    /// How this rule and the *next* one are joined; means nothing on the last. `And` binds
    /// tighter than `Or`: A or B and C is A or (B and C).
    pub join: Join,
}

impl Rule {
    /// A rule that is true for every message: all that Exim delivers have a header line.
    #[must_use]
    pub fn always() -> Rule {
        Rule {
            part: Part::AnyHeader,
            comparison: Match::Contains,
            value: ":".to_owned(),
            join: Join::Or,
        }
    }

    /// A rule that is true for messages to which the spam filter gave this many tenths of a point
    /// or more, rounded up to whole points: cPanel notes the score as a row of `+` in the header
    /// `X-Spam-Bar`, one for each whole point. It does so whatever the account's threshold is.
    ///
    /// Scores below one point count as one: a message without any `+` is no spam to cPanel.
    #[must_use]
    pub fn spam_score(tenths: u32) -> Rule {
        // More than the row can be long is as good as more than any message gets.
        let points = tenths.div_ceil(10).clamp(1, 1000);
        Rule {
            part: Part::SpamBar,
            comparison: Match::Contains,
            value: (0..points).map(|_| '+').collect(),
            join: Join::Or,
        }
    }

    /// A rule that is true where the part is not exactly `value`. cPanel has no word for that,
    /// and so it is said by a regular expression.
    #[must_use]
    pub fn is_not(part: Part, value: &str) -> Rule {
        let mut expression = "\\A".to_owned();
        for character in value.chars() {
            if character.is_ascii_punctuation() {
                expression.push('\\');
            }
            expression.push(character);
        }
        expression.push_str("\\z");
        Rule { part, comparison: Match::DoesNotMatch, value: expression, join: Join::Or }
    }
}

/// How two rules are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Both must be true.
    And,
    /// One must be true.
    Or,
}

impl Join {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Join::And => "and",
            Join::Or => "or",
        }
    }
}

/// What a rule looks at. Encoded words of a header are decoded to UTF-8 first; several headers of
/// one name count as one, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header `From`, names included.
    From,
    /// The header `Subject`.
    Subject,
    /// The header `To`, names included.
    To,
    /// The header `Reply-To`. cPanel's own pages offer `$reply_address:` instead, whose colon Exim
    /// takes for a part of the text, so that nothing "is" or "ends" as it should.
    ReplyTo,
    /// The beginning of the body as it was sent, not decoded; newlines count as spaces. How much
    /// of it is the server's to say, 500 bytes unless it was told otherwise.
    Body,
    /// All headers together, a line each, with their names. Encoded words are decoded here too,
    /// but stay in their own character set.
    AnyHeader,
    /// Each address in `To`, `Cc` and `Bcc`, without names: the rule is true if it is true for
    /// one of them. That goes for the negative comparisons too: "does not contain" is true if
    /// there is an address that does not.
    AnyRecipient,
    /// The header `List-Id`.
    ListId,
    /// The header `X-Spam-Status`, which begins with `Yes` or `No`.
    SpamStatus,
    /// The header `X-Spam-Bar`: a `+` for each whole point.
    SpamBar,
    /// The header `X-Spam-Score`: ten times the points, as a whole number.
    SpamScore,
    /// Any other header by its name: letters, digits, `-` and `_`. cPanel runs such a rule, but
    /// its pages have no entry for it.
    Header(String),
}

impl Part {
    /// As it stands in a filter.
    pub(crate) fn text(&self) -> String {
        match self {
            Part::From => "$header_from:".to_owned(),
            Part::Subject => "$header_subject:".to_owned(),
            Part::To => "$header_to:".to_owned(),
            Part::ReplyTo => "$header_reply-to:".to_owned(),
            Part::Body => "$message_body".to_owned(),
            Part::AnyHeader => "$message_headers".to_owned(),
            Part::AnyRecipient => "foranyaddress $h_to:,$h_cc:,$h_bcc:".to_owned(),
            Part::ListId => "$h_List-Id:".to_owned(),
            Part::SpamStatus => "$h_X-Spam-Status:".to_owned(),
            Part::SpamBar => "$h_X-Spam-Bar:".to_owned(),
            Part::SpamScore => "$h_X-Spam-Score:".to_owned(),
            Part::Header(name) => format!("$h_{name}:"),
        }
    }
}

/// How a part is compared with a value. Capitals of ASCII letters count as small ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is exactly the value.
    Is,
    /// A regular expression matches somewhere in it. See [`is_regular`](Self::is_regular).
    Matches,
    /// The regular expression matches nowhere in it.
    DoesNotMatch,
    /// The value is somewhere in it.
    Contains,
    /// The value is nowhere in it.
    DoesNotContain,
    /// It begins with the value.
    Begins,
    /// It does not begin with the value.
    DoesNotBegin,
    /// It ends with the value.
    Ends,
    /// It does not end with the value.
    DoesNotEnd,
    /// It is a whole number above the value. What is no number makes the rule false.
    IsAbove,
    /// It is a whole number and not above the value.
    IsNotAbove,
    /// It is a whole number below the value.
    IsBelow,
    /// It is a whole number and not below the value.
    IsNotBelow,
}

impl Match {
    /// Whether the value is a regular expression. Exim stops delivering a mailbox's mail for an
    /// expression that PCRE refuses, so only those are taken that are known to compile, and to
    /// need no long search: characters, `.`, `^`, `$`, `|`, `\` with one of `d D w W s S b B A z Z`
    /// or with punctuation; classes of ASCII characters, not begun with `:`, `.` or `=` unless
    /// that is all; `?`, `*`, `+` and `{m,n}` up to 255 behind a character or a class; groups
    /// `(…)` and `(?:…)`, of which `?` is all that may follow them.
    #[must_use]
    pub fn is_regular(self) -> bool {
        matches!(self, Match::Matches | Match::DoesNotMatch)
    }

    /// Whether the value is a whole number.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Match::IsAbove | Match::IsNotAbove | Match::IsBelow | Match::IsNotBelow)
    }

    /// As it stands in a filter.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Match::Is => "is",
            Match::Matches => "matches",
            Match::DoesNotMatch => "does not match",
            Match::Contains => "contains",
            Match::DoesNotContain => "does not contain",
            Match::Begins => "begins",
            Match::DoesNotBegin => "does not begin",
            Match::Ends => "ends",
            Match::DoesNotEnd => "does not end",
            Match::IsAbove => "is above",
            Match::IsNotAbove => "is not above",
            Match::IsBelow => "is below",
            Match::IsNotBelow => "is not below",
        }
    }
}
