//! Commands to actions.

use super::arguments::{Arguments, Strings, once, unknown};
use crate::Text;
use crate::action::{Action, Notify, NotifyForm, Vacation};
use crate::folder::FolderName;
use crate::syntax::{Command, Tests};
use crate::unsupported::Reason;

/// The action that a command is.
pub(super) fn action(command: &Command, strings: Strings) -> Result<Action, Reason> {
    let mut arguments = Arguments::new(&command.arguments, strings);
    let action = match command.name.as_str() {
        "fileinto" => file_into(&mut arguments)?,
        "redirect" => redirect(&mut arguments)?,
        "keep" => keep(&mut arguments)?,
        "discard" => Action::Discard,
        "stop" => Action::Stop,
        "reject" | "ereject" => Action::Reject {
            text: arguments.text("the text for the sender")?,
            extended: command.name == "ereject",
        },
        "vacation" => Action::Vacation(vacation(&mut arguments)?),
        "addflag" => Action::AddFlag(flags(&mut arguments)?),
        "setflag" => Action::SetFlag(flags(&mut arguments)?),
        "removeflag" => Action::RemoveFlag(flags(&mut arguments)?),
        "notify" => Action::Notify(notify(&mut arguments)?),
        name => return Err(Reason::UnknownCommand { name: name.to_owned() }),
    };
    arguments.end()?;
    if command.tests != Tests::None {
        return Err(Reason::TooMany { unexpected: "a test" });
    }
    if command.block.is_some() {
        return Err(Reason::TooMany { unexpected: "a block" });
    }
    Ok(action)
}

fn file_into(arguments: &mut Arguments<'_>) -> Result<Action, Reason> {
    let (mut copy, mut create, mut own_flags) = (false, false, None);
    while let Some(tag) = arguments.tag()? {
        match tag {
            "copy" => copy = true,
            "create" => create = true,
            "flags" => own_flags = Some(flags(arguments)?),
            _ => return Err(unknown(tag)),
        }
    }
    let folder = FolderName::from(arguments.text("the folder")?);
    Ok(Action::FileInto { folder, copy, create, flags: own_flags })
}

fn redirect(arguments: &mut Arguments<'_>) -> Result<Action, Reason> {
    let mut copy = false;
    while let Some(tag) = arguments.tag()? {
        match tag {
            "copy" => copy = true,
            _ => return Err(unknown(tag)),
        }
    }
    Ok(Action::Redirect { address: arguments.text("the address")?, copy })
}

fn keep(arguments: &mut Arguments<'_>) -> Result<Action, Reason> {
    let mut own_flags = None;
    while let Some(tag) = arguments.tag()? {
        match tag {
            "flags" => own_flags = Some(flags(arguments)?),
            _ => return Err(unknown(tag)),
        }
    }
    Ok(Action::Keep { flags: own_flags })
}

/// A string can hold several flags with blanks between them (RFC 5232 section 2).
fn flags(arguments: &mut Arguments<'_>) -> Result<Vec<Text>, Reason> {
    let texts = arguments.list("the flags")?;
    let words = texts.iter().flat_map(|text| text.split(|byte| *byte == b' '));
    Ok(words.filter(|word| !word.is_empty()).map(Text::from).collect())
}

fn vacation(arguments: &mut Arguments<'_>) -> Result<Vacation, Reason> {
    let mut vacation = Vacation::default();
    while let Some(tag) = arguments.tag()? {
        match tag {
            "days" => vacation.days = Some(arguments.number("the number of days")?),
            "seconds" => vacation.seconds = Some(arguments.number("the number of seconds")?),
            "subject" => vacation.subject = Some(arguments.text("the subject")?),
            "from" => vacation.from = Some(arguments.text("the sender")?),
            "addresses" => vacation.addresses = arguments.list("the addresses")?,
            "handle" => vacation.handle = Some(arguments.text("the handle")?),
            "mime" => vacation.mime = true,
            _ => return Err(unknown(tag)),
        }
    }
    if vacation.days.is_some() && vacation.seconds.is_some() {
        return Err(Reason::ConflictingTag { name: "seconds".to_owned() });
    }
    vacation.reason = arguments.text("the text")?;
    Ok(vacation)
}

/// The draft has its method in a tag, RFC 5435 has it last and without one.
fn notify(arguments: &mut Arguments<'_>) -> Result<Notify, Reason> {
    let mut importance = None;
    let (mut method, mut id, mut from, mut message) = (None, None, None, None);
    let mut options = vec![];
    let mut draft_tag = None;
    while let Some(tag) = arguments.tag()? {
        match tag {
            "method" => method = Some(arguments.text("the method")?),
            "id" => id = Some(arguments.text("the id")?),
            "from" => from = Some(arguments.text("the sender")?),
            "message" => message = Some(arguments.text("the text")?),
            "options" => options = arguments.list("the options")?,
            "importance" => {
                let text = arguments.text("the importance")?;
                let number = match &*text {
                    b"1" => 1,
                    b"2" => 2,
                    b"3" => 3,
                    _ => return Err(Reason::Value { kind: "importance", value: text }),
                };
                once(&mut importance, number, tag)?;
            }
            "high" => once(&mut importance, 1, tag)?,
            "normal" => once(&mut importance, 2, tag)?,
            "low" => once(&mut importance, 3, tag)?,
            _ => return Err(unknown(tag)),
        }
        if matches!(tag, "method" | "id" | "high" | "normal" | "low") {
            draft_tag = Some(tag);
        }
    }
    let form = if arguments.is_empty() { NotifyForm::Draft } else { NotifyForm::Standard };
    if form == NotifyForm::Standard {
        if let Some(tag) = draft_tag {
            return Err(Reason::ConflictingTag { name: tag.to_owned() });
        }
        method = Some(arguments.text("the method")?);
    }
    Ok(Notify { form, method, options, message, from, importance, id })
}
