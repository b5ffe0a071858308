//! What Plesk 7 wrote otherwise than Plesk 8: everybody is a `user` of the domain. The first one owns
//! the web space, the others are mail accounts.
//!
//! Facts are those that the one known reader of such dumps goes by.

use super::psadump::{Old, cid};
use super::subscription::{is_false, is_true};
use super::xml::Element;

/// Brings a subscription into the shape of Plesk 8.
pub(super) fn reshape(element: &mut Element, old: &mut Old<'_>) {
    let users = element.take_all("user");
    let owner = owner(&users);
    let mut mailsystem = Element::new("mailsystem");
    mailsystem.children.extend(element.take_all("catch-all"));
    let mut hosting = Element::new("phosting");
    for (index, mut user) in users.into_iter().enumerate() {
        for mut web_user in user.take_all("user") {
            web_user.rename("webuser");
            hosting.child_mut("webusers").children.push(web_user);
        }
        if Some(index) == owner {
            if is_on(&user, "postbox") == Some(true) {
                mailsystem.children.push(mail_user(user.clone(), old));
            }
            own_web_space(user, &mut hosting, old);
        } else if user.value("type").is_some_and(|kind| kind.contains("web")) {
            user.rename("webuser");
            hosting.child_mut("webusers").children.push(user);
        } else {
            mailsystem.children.push(mail_user(user, old));
        }
    }
    databases(element);
    certificates(element);
    limits(element);
    for child in &mut element.children {
        if child.name == "dns" {
            child.rename("dns-zone");
        }
    }
    if owner.is_some() || !hosting.children.is_empty() {
        element.children.push(hosting);
    }
    element.children.push(mailsystem);
}

/// The first user, unless types tell of another one.
fn owner(users: &[Element]) -> Option<usize> {
    let kind = |user: &Element| user.value("type").map(|kind| kind.trim().to_lowercase());
    let typed = users.iter().position(|user| kind(user).as_deref() == Some("domain_level"));
    let first = users.first()?;
    typed.or_else(|| {
        // A domain without web space may have nobody but mail accounts.
        let is_mail = kind(first).is_some() && is_on(first, "postbox") == Some(true);
        (!is_mail).then_some(0)
    })
}

/// A service of a user: `true`, an empty element, or anything else for off; absent when the dump
/// does not tell.
fn is_on(user: &Element, name: &str) -> Option<bool> {
    let services = user.child("services")?;
    match (services.value(name), services.child(name)) {
        (Some(text), _) => Some(is_true(text)),
        (None, Some(service)) => Some(service.complete),
        (None, None) => None,
    }
}

struct Login {
    name: String,
    password: Option<Element>,
    quota: Option<String>,
}

fn take_login(user: &mut Element) -> Login {
    let mut login = Login { name: String::new(), password: None, quota: None };
    for mut element in user.take_all("login") {
        let types = ["PW_TYPE", "pw_type"];
        let mut kind = types.iter().find_map(|key| element.take_value(key));
        let text = match element.take_all("password").into_iter().next() {
            Some(mut password) => {
                let own = ["PW_TYPE", "pw_type", "type"];
                kind = kind.or_else(|| own.iter().find_map(|key| password.take_value(key)));
                password.trimmed().map(str::to_owned)
            }
            None => element.take_value("password"),
        };
        if let Some(text) = text {
            let mut password = Element::of_text("password", &text);
            if let Some(kind) = kind {
                password.set("type", &kind);
            }
            login.password.get_or_insert(password);
        }
        if let Some(name) = element.take_value("name").filter(|_| login.name.is_empty()) {
            name.trim().clone_into(&mut login.name);
        }
        login.quota = login.quota.take().or_else(|| element.take_value("quota"));
        element.attributes.retain(|(key, _)| key != "password");
        if !(element.attributes.is_empty() && element.children.is_empty()) {
            user.children.push(element);
        }
    }
    login
}

/// The tar of a user's home is web space for the owner, and holds the `Maildir` of an account.
fn own_web_space(mut user: Element, hosting: &mut Element, old: &mut Old<'_>) {
    let login = take_login(&mut user);
    let mut sysuser = Element { complete: user.complete, ..Element::new("sysuser") };
    sysuser.set("name", &login.name);
    sysuser.children.extend(login.password);
    for mut crontab in user.take_all("crontab") {
        crontab.rename("cron");
        sysuser.children.push(crontab);
    }
    hosting.children.push(sysuser);
    if let Some(source) = user.take_value("src") {
        hosting.child_mut("content").children.push(cid(old.tree, "user-data", &source));
    }
    user.take_value("type");
    for mut child in user.children {
        if child.name == "protected_dir" {
            child.rename("pdir");
        }
        hosting.children.push(child);
    }
}

fn mail_user(mut user: Element, old: &mut Old<'_>) -> Element {
    let postbox = is_on(&user, "postbox");
    let login = take_login(&mut user);
    let mut account = Element { complete: user.complete, ..Element::new("mailuser") };
    account.set("name", &login.name);
    if let Some(quota) = &login.quota {
        account.set("mailbox-quota", quota);
    }
    account.children.extend(login.password);
    let source = user.take_value("src");
    user.take_value("type");
    // Mail that is there is kept, also where nothing says that there is a mailbox.
    if postbox == Some(true) || source.is_some() {
        let mut mailbox = Element::new("mailbox");
        mailbox.set("type", "mdir");
        mailbox.set("enabled", if postbox == Some(false) { "false" } else { "true" });
        if let Some(source) = source {
            let mut cid = cid(old.tree, "mailbox", &source);
            cid.set("offset", "Maildir");
            mailbox.child_mut("content").children.push(cid);
        }
        account.children.push(mailbox);
    }
    for services in user.take_all("services") {
        forwarding(services, &mut account, old);
    }
    let answers = user.take_all("autoresponder");
    if !answers.is_empty() {
        account.child_mut("autoresponders").children.extend(answers);
    }
    account.children.append(&mut user.children);
    account
}

fn forwarding(mut services: Element, account: &mut Element, old: &mut Old<'_>) {
    services.take_value("postbox");
    services.take_all("postbox");
    for mut forwarding in services.take_all("forwarding") {
        let is_off = ["enabled", "status", "state"]
            .iter()
            .filter_map(|key| forwarding.take_value(key))
            .any(|text| is_false(&text));
        let mut targets: Vec<String> = forwarding
            .take_all("email")
            .iter()
            .filter_map(|target| target.trimmed().map(str::to_owned))
            .collect();
        targets.extend(forwarding.take_value("email"));
        if targets.is_empty() {
            let object =
                format!("{}@{}", account.attribute("name").unwrap_or_default(), old.domain);
            old.not_understood("forwarding", object, "it names no address".to_owned());
        }
        for target in targets {
            let mut redirect = Element::of_text("redirect", &target);
            if is_off {
                redirect.set("enabled", "false");
            }
            account.children.push(redirect);
        }
    }
    // The web's services of an account, if it has any, and what is not known.
    for (key, value) in &services.attributes {
        services.children.push(Element::of_text(key, value));
    }
    let is_off = |service: &Element| {
        let is_text = service.children.is_empty() && service.attributes.is_empty();
        is_text && service.trimmed().is_some_and(is_false)
    };
    services.children.retain(|service| !is_off(service));
    account.children.append(&mut services.children);
}

/// Each `data_bases` is one of them, or holds them.
fn databases(element: &mut Element) {
    let mut found = Vec::new();
    for mut list in element.take_all("data_bases") {
        let mut inner = list.take_all("database");
        inner.extend(list.take_all("data_base"));
        if inner.is_empty() || list.value("name").is_some() {
            found.push(list);
        }
        found.append(&mut inner);
    }
    for database in &mut found {
        database.rename("database");
        for user in database.children.iter_mut().filter(|child| child.name == "user") {
            user.rename("dbuser");
        }
    }
    if !found.is_empty() {
        element.child_mut("databases").children.append(&mut found);
    }
}

fn certificates(element: &mut Element) {
    for child in element.children.iter_mut().filter(|child| child.name == "server") {
        for list in child.children.iter_mut().filter(|child| child.name == "certificates_list") {
            list.rename("certificates");
        }
    }
    for mut server in element.take_all("server") {
        let lists = server.take_all("certificates");
        element.children.extend(lists);
        if !(server.children.is_empty() && server.attributes.is_empty()) {
            element.children.push(server);
        }
    }
}

/// Attributes or children that are called like the limits of today.
fn limits(element: &mut Element) {
    for limits in element.take_all("limits") {
        let values = limits.attributes.iter().map(|(key, value)| (key.clone(), value.clone()));
        let children = limits.children.iter().filter_map(|child| {
            let name = child.attribute("name").unwrap_or(&child.name);
            Some((name.to_owned(), child.trimmed()?.to_owned()))
        });
        let found: Vec<Element> = values
            .chain(children)
            .map(|(name, value)| {
                let mut limit = Element::of_text("limit", value.trim());
                limit.set("name", &name);
                limit
            })
            .collect();
        element.child_mut("limits-and-permissions").children.extend(found);
    }
}
