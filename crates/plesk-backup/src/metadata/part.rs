//! Parts of a subscription in metadata files of their own.
//!
//! Plesk 9 wrote an XML for each mailbox and for the hosting, in `mailnames/NAME/` and `phosting/`
//! below the directory of the domain; only that directory tells whose they are.

use super::resolve::Resolver;
use super::xml::{Context, Element, Found};
use super::{Domain, MailSystem, Problem, Subscription, salvage, subscription};
use crate::domain_name::{is_plausible, to_ascii};

/// A part, read as a subscription that has nothing else.
pub(super) struct Part {
    /// Directory of the domain: everything up to and with `domains/NAME`.
    directory: String,
    /// ASCII name of the domain, from that directory.
    main: String,
    pub(super) subscription: Subscription,
    pub(super) problems: Vec<Problem>,
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
        let users = Element { children: vec![element], ..named("mailusers") };
        Element { children: vec![users], ..named("mailsystem") }
    } else {
        element
    };
    if let Some(site) = site {
        let mut whole = named("site");
        whole.attributes.push(("name".to_owned(), site));
        whole.children.push(domain);
        let sites = Element { children: vec![whole], ..named("sites") };
        domain = Element { children: vec![sites], ..named("phosting") };
    }
    let mut whole = named("domain");
    whole.attributes.push(("name".to_owned(), main.clone()));
    whole.children.push(domain);
    let found = Found { element: whole, context: Context::default() };
    let mut own = Vec::new();
    let subscription = subscription::read(&found, file, resolver, &mut own)?;
    Some(Part { directory, main, subscription, problems: own })
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), complete: true, ..Element::default() }
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

    /// Puts it where it belongs.
    pub(super) fn attach(self, subscription: &mut Subscription) {
        let part = self.subscription;
        merge(&mut subscription.domain, part.domain);
        for site in part.sites {
            let known = subscription.sites.iter().position(|it| it.ascii_name == site.ascii_name);
            match known {
                Some(at) => merge(&mut subscription.sites[at], site),
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
    }
}

fn merge(domain: &mut Domain, part: Domain) {
    if matches!(domain.hosting, super::Hosting::None) {
        domain.hosting = part.hosting;
        domain.www_root = domain.www_root.take().or(part.www_root);
    }
    let Some(mail) = part.mail else { return };
    let system = domain.mail.get_or_insert_with(MailSystem::default);
    for user in mail.mailusers {
        // The domain's own XML may hold the account as well, whole or as little more than a name.
        match system.mailusers.iter_mut().find(|known| known.local_part == user.local_part) {
            Some(known) if known.mailbox.is_some() || known.password.is_some() => {}
            Some(known) => *known = user,
            None => system.mailusers.push(user),
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
