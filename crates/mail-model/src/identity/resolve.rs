use super::*;
pub fn resolve(raw: &RawMailbox, rules: &Rules) -> Mailbox { todo!() }
