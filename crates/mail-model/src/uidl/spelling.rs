//! The spelling of formats in Dovecot 2.4.

use super::format::{Field, Modifier, Part, UidlFormat, Variable};

impl UidlFormat {
    /// The format as Dovecot 2.4 spells it. None where only 2.3 can say it.
    ///
    /// ```
    /// use mail_model::uidl::UidlFormat;
    ///
    /// let default = UidlFormat::dovecot_default();
    /// assert_eq!(default.to_string(), "%08Xu%08Xv");
    /// let new = default.in_dovecot_2_4().unwrap();
    /// assert_eq!(new, "%{uid | hex(8)}%{uidvalidity | hex(8)}");
    /// ```
    pub fn in_dovecot_2_4(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(bytes) => {
                    let literal = str::from_utf8(bytes).ok().filter(|text| !text.contains('%'))?;
                    text.push_str(literal);
                }
                Part::Field(field) => text.push_str(&field.in_dovecot_2_4()?),
            }
        }
        (UidlFormat::parse(&text).as_ref() == Ok(self)).then_some(text)
    }
}

impl Field {
    fn in_dovecot_2_4(&self) -> Option<String> {
        let mut steps = vec![
            match self.variable {
                Variable::Uid => "uid",
                Variable::UidValidity => "uidvalidity",
                Variable::FileName => "filename",
                Variable::Guid => "guid",
            }
            .to_owned(),
        ];
        for modifier in &self.modifiers {
            steps.push(
                match modifier {
                    Modifier::Hex if self.zeros => {
                        steps.push(format!("hex({})", self.width));
                        continue;
                    }
                    Modifier::Hex => "hex",
                    Modifier::Lower => "lower",
                    Modifier::Upper => "upper",
                    Modifier::Reverse => "reverse",
                    Modifier::Md5 => "md5 | hexlify",
                    Modifier::Trim => return None,
                }
                .to_owned(),
            );
        }
        if self.width > 0 && !self.zeros {
            steps.push(format!("truncate({})", self.width));
        }
        Some(format!("%{{{}}}", steps.join(" | ")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{UidlFormat, known_formats};

    #[test]
    fn every_known_format_has_both_spellings() {
        for text in known_formats() {
            let format = UidlFormat::parse(text).unwrap();
            let new = format.in_dovecot_2_4().unwrap();
            assert!(new.contains("%{"), "{new}");
            assert_eq!(UidlFormat::parse(&new), Ok(format), "{text} as {new}");
        }
    }

    #[test]
    fn what_only_one_dovecot_can_say_is_not_said_otherwise() {
        let padded = UidlFormat::parse("%010u-%v").unwrap();
        assert_eq!(padded.in_dovecot_2_4(), None);
        let percent = UidlFormat::parse("100%%-%u").unwrap();
        assert_eq!(percent.in_dovecot_2_4(), None);
        let hashed = UidlFormat::parse("x%{filename | md5 | hexlify}").unwrap();
        assert_eq!(hashed.to_string(), "x%Mf");
        assert_eq!(hashed.in_dovecot_2_4().as_deref(), Some("x%{filename | md5 | hexlify}"));
    }
}
