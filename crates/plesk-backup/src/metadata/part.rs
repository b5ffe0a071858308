//! Parts of a subscription in metadata files of their own.
//!
//! Plesk 9 wrote an XML for each mailbox and for the hosting, in `mailnames/NAME/` and `phosting/`
//! below the directory of the domain; only that directory tells whose they are.

use super::mail::TYPED;
use std::collections::BTreeMap;

use super::known::count_unknown;
use super::resolve::Resolver;
use super::xml::{Context, Element, Found};
use super::{
    ContentRef, Domain, Forwarding, Hosting, MailQuota, MailUser, Problem, Subscription, salvage,
    subscription,
};
use crate::domain_name::{is_plausible, to_ascii};

/// A part, read as a subscription that has nothing else.
pub(super) struct Part {
    /// Directory of the domain: everything up to and with `domains/NAME`.
    directory: String,
    /// ASCII name of the domain, from that directory.
    main: String,
    pub(super) subscription: Subscription,
    pub(super) problems: Vec<Problem>,
    /// Elements that are not known, by path below the subscription.
    pub(super) unknown: BTreeMap<String, u64>,
}

/// Reads an element that stands outside of any `domain`; `None` when nothing tells whose it is,
/// which is reported.
pub(super) fn read(
    element: Element,
    file: &str,
    resolver: &mut Resolver<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Part> {
    let Some((directory, main, site)) = place(file) else {
        problems.push(Problem::NotUnderstood {
            object: element.attribute("name").unwrap_or("without a name").to_owned(),
            element: element.name,
            file: file.to_owned(),
            detail: "neither its file nor its place tells of which domain it is; it was left out"
                .to_owned(),
        });
        return None;
    };
    let mut domain = if element.name == "mailuser" {
        inside("mailsystem", inside("mailusers", element))
    } else {
        element
    };
    if let Some(site) = site {
        let mut whole = Element::new("site");
        whole.attributes.push(("name".to_owned(), site));
        whole.children.push(domain);
        domain = inside("phosting", inside("sites", whole));
    }
    let mut whole = Element::new("domain");
    whole.attributes.push(("name".to_owned(), main.clone()));
    whole.children.push(domain);
    let mut unknown = BTreeMap::new();
    count_unknown(&whole, &mut unknown);
    let found = Found { element: whole, context: Context::default() };
    let mut own = Vec::new();
    let subscription = subscription::read(&found, file, resolver, &mut own)?;
    Some(Part { directory, main, subscription, problems: own, unknown })
}

fn inside(name: &str, child: Element) -> Element {
    Element { children: vec![child], ..Element::new(name) }
}

/// The directory and the name of the domain that a file lies in, and that of the site.
fn place(file: &str) -> Option<(String, String, Option<String>)> {
    let parts: Vec<&str> = file.split('/').collect();
    let after = |group: &str| {
        let at = parts.iter().rposition(|part| *part == group)? + 1;
        let name = parts.get(at).filter(|_| at + 1 < parts.len())?;
        is_plausible(name).then(|| (parts[..=at].join("/"), to_ascii(name)))
    };
    let (directory, main) = after("domains")?;
    let site = after("sites").filter(|(below, _)| below.starts_with(&directory));
    Some((directory, main, site.map(|(_, name)| name)))
}

impl Part {
    /// Whether a subscription is the one that this is a part of.
    pub(super) fn is_of(&self, subscription: &Subscription) -> bool {
        let directory = subscription.metadata.rsplit_once('/').map_or("", |(above, _)| above);
        directory == self.directory || subscription.domain.ascii_name == self.main
    }

    /// A subscription of which only parts have metadata.
    pub(super) fn alone(&self) -> (Subscription, Problem) {
        let evidence = self.subscription.metadata.clone();
        let problem = Problem::Salvaged { domain: self.main.clone(), evidence: evidence.clone() };
        (salvage::new_subscription(&self.main, &evidence, salvage::IndexRow::default()), problem)
    }

    /// Puts it where it belongs: what is lacking there is taken. Returns what is there otherwise.
    pub(super) fn attach(self, subscription: &mut Subscription) -> Option<Problem> {
        let part = self.subscription;
        let mut differing = Differing::default();
        differing.domain(&mut subscription.domain, part.domain);
        for site in part.sites {
            let known = subscription.sites.iter().position(|it| it.ascii_name == site.ascii_name);
            match known {
                Some(at) => differing.domain(&mut subscription.sites[at], site),
                None => subscription.sites.push(site),
            }
        }
        if subscription.system_user.is_none() {
            subscription.system_user = part.system_user;
        }
        subscription.other_content.extend(part.other_content);
        for address in part.ip_addresses {
            if !subscription.ip_addresses.contains(&address) {
                subscription.ip_addresses.push(address);
            }
        }
        for (word, number) in part.counts {
            match subscription.counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, sum)) => *sum += number,
                None => subscription.counts.push((word, number)),
            }
        }
        (!differing.0.is_empty()).then(|| Problem::Contradiction {
            domain: subscription.domain.ascii_name.clone(),
            kept: subscription.metadata.clone(),
            dropped: part.metadata,
            difference: differing.0.join("; "),
        })
    }
}

/// What a part says otherwise than what is known.
#[derive(Default)]
struct Differing(Vec<String>);

impl Differing {
    /// Takes what is lacking; what is there already stays.
    fn fill<T: PartialEq>(
        &mut self,
        known: &mut T,
        part: T,
        is_lacking: impl Fn(&T) -> bool,
        what: &str,
    ) {
        if is_lacking(known) {
            *known = part;
        } else if !is_lacking(&part) && *known != part {
            self.0.push(what.to_owned());
        }
    }

    /// Fills in archives. Those of which none is there are as good as none.
    fn content(&mut self, known: &mut Vec<ContentRef>, part: Vec<ContentRef>, what: &str) {
        let is_there = |content: &ContentRef| {
            content.directory.is_some() || content.files.iter().any(|file| file.entry.is_some())
        };
        if known.iter().any(is_there) && !part.iter().any(is_there) {
            return;
        }
        self.fill(known, part, |contents| !contents.iter().any(is_there), what);
    }

    fn domain(&mut self, domain: &mut Domain, part: Domain) {
        if matches!(domain.hosting, Hosting::None) {
            domain.hosting = part.hosting;
            domain.www_root = domain.www_root.take().or(part.www_root);
        }
        let Some(mail) = part.mail else { return };
        let Some(system) = &mut domain.mail else {
            domain.mail = Some(mail);
            return;
        };
        let name = &domain.ascii_name;
        self.content(&mut system.content, mail.content, &format!("mail archives of {name}"));
        self.fill(&mut system.catch_all, mail.catch_all, Option::is_none, "the catch-all address");
        self.fill(&mut system.dkim, mail.dkim, Option::is_none, "DKIM");
        for user in mail.mailusers {
            // The domain's own XML may hold the account as well, whole or as little more than a name.
            match system.mailusers.iter_mut().find(|known| known.local_part == user.local_part) {
                Some(known) => {
                    let mut differing = Differing::default();
                    differing.user(known, user);
                    let what = differing.0.join(", ");
                    if !what.is_empty() {
                        self.0.push(format!("{what} of {}@{name}", known.local_part));
                    }
                }
                None => system.mailusers.push(user),
            }
        }
    }

    fn user(&mut self, known: &mut MailUser, part: MailUser) {
        if known.guid.is_none() {
            known.guid = part.guid;
        }
        match (&mut known.mailbox, part.mailbox) {
            (Some(known), Some(part)) => {
                self.content(&mut known.content, part.content, "mail archives");
            }
            (lacking, part) => *lacking = lacking.take().or(part),
        }
        self.fill(&mut known.password, part.password, Option::is_none, "password");
        let is_default = |quota: &MailQuota| *quota == MailQuota::Default;
        self.fill(&mut known.quota, part.quota, is_default, "quota");
        self.fill(&mut known.aliases, part.aliases, Vec::is_empty, "aliases");
        let is_nowhere = |forwarding: &Forwarding| forwarding.targets.is_empty();
        self.fill(&mut known.forwarding, part.forwarding, is_nowhere, "forwarding");
        let answers = "automatic answers";
        self.fill(&mut known.autoresponders, part.autoresponders, Option::is_none, answers);
        self.fill(&mut known.spam, part.spam, Option::is_none, "spam filter");
        self.fill(&mut known.address_book, part.address_book, Option::is_none, "address book");
        for setting in part.settings {
            match known.settings.iter().find(|it| it.name == setting.name) {
                None => known.settings.push(setting),
                // Those that are read are compared above.
                Some(it) if *it == setting || TYPED.contains(&it.name.as_str()) => {}
                Some(_) => self.0.push(setting.name),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_directory_tells_whose_it_is() {
        let some = |directory: &str, main: &str, site: Option<&str>| {
            Some((directory.to_owned(), main.to_owned(), site.map(str::to_owned)))
        };
        assert_eq!(
            place("clients/joe/domains/a.example/phosting/converted_info_0812121508.xml"),
            some("clients/joe/domains/a.example", "a.example", None)
        );
        assert_eq!(
            place("domains/a.example/sites/b.example/mailnames/x/converted_info_0812121508.xml"),
            some("domains/a.example", "a.example", Some("b.example"))
        );
        assert_eq!(place("domains/a.example"), None);
        assert_eq!(place("mailnames/x/converted_info_0812121508.xml"), None);
    }
}
