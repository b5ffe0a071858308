//! The main XML, and those of clients and subscriptions below it.

use crate::domain_xml::{
    Contents, write_hosting, write_mail_user, write_status, write_subscription,
};
use crate::layout::{
    ADMIN_GUID, Domain, Layout, Subscription, client_guid, join, mailbox_directory,
};
use crate::spec::{Level, System};
use crate::xml::Xml;

/// The XML at the root of the tree.
pub(crate) fn main_xml(layout: &Layout<'_>, contents: &Contents) -> String {
    let spec = layout.spec;
    let mut xml = start(layout);
    match spec.level {
        Level::Server => {
            let attributes =
                [("id", "1"), ("guid", ADMIN_GUID), ("name", spec.server_name.as_str())];
            xml.open("admin", &attributes);
            xml.open("preferences", &[]);
            xml.text("pinfo", &[("name", "email")], &spec.admin_email);
            xml.close();
            xml.open("clients", &[]);
            for login in layout.clients() {
                xml.open("client-info", &[("name", login), ("guid", &client_guid(login))]);
                pointers(&mut xml, layout, login);
                xml.close();
            }
            xml.close();
            xml.open("domains", &[]);
            pointers(&mut xml, layout, "admin");
            xml.close();
            xml.close();
            xml.empty("server", &[]);
        }
        Level::Client => {
            let login = &spec.client_login;
            open_client(&mut xml, layout, login);
            xml.open("domains", &[]);
            for subscription in &layout.subscriptions {
                pointer(&mut xml, subscription);
            }
            xml.close();
            xml.close();
        }
        Level::Subscription => {
            for subscription in &layout.subscriptions {
                write_subscription(&mut xml, layout, contents, subscription);
            }
        }
    }
    if let Some(extra) = &spec.extra_xml {
        xml.verbatim(extra);
    }
    xml.finish()
}

/// The XML of a subscription in a backup of a higher level.
pub(crate) fn subscription_xml(
    layout: &Layout<'_>,
    contents: &Contents,
    subscription: &Subscription<'_>,
) -> String {
    let mut xml = start(layout);
    write_subscription(&mut xml, layout, contents, subscription);
    xml.finish()
}

/// The XML files of the hosting and of each mailbox, with their directories.
pub(crate) fn own_xmls(
    layout: &Layout<'_>,
    contents: &Contents,
    subscription: &Subscription<'_>,
) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut add = |directory: String, fill: &dyn Fn(&mut Xml)| {
        let mut xml = start(layout);
        fill(&mut xml);
        files.push((directory, xml.finish()));
    };
    add(join(&subscription.domain.directory, "phosting"), &|xml| {
        write_hosting(xml, layout, contents, subscription);
    });
    let sites = subscription.sites.iter().map(|site| &site.domain);
    let domains: Vec<&Domain<'_>> = std::iter::once(&subscription.domain).chain(sites).collect();
    for domain in domains {
        let mailboxes = domain.mail.map_or(&[][..], |mail| mail.mailboxes);
        for (id, mailbox) in (domain.first_mailbox..).zip(mailboxes) {
            let inside = mailbox_directory(&mailbox.name.to_lowercase(), id);
            add(join(&domain.directory, &inside), &|xml| {
                write_mail_user(xml, layout, contents, domain, (id, mailbox));
            });
        }
    }
    files
}

/// The XML of a client in a backup of the server.
pub(crate) fn client_xml(layout: &Layout<'_>, login: &str) -> String {
    let mut xml = start(layout);
    open_client(&mut xml, layout, login);
    xml.open("domains", &[]);
    pointers(&mut xml, layout, login);
    xml.finish()
}

fn start(layout: &Layout<'_>) -> Xml {
    let spec = layout.spec;
    let mut xml = Xml::new();
    xml.open(
        "migration-dump",
        &[
            ("agent-name", "PleskX"),
            ("dump-version", &spec.plesk_version),
            ("dump-original-version", &spec.plesk_version),
            ("content-included", if spec.content { "true" } else { "false" }),
            ("dump-format", "panel"),
        ],
    );
    xml.open("dump-info", &[]);
    xml.text("description", &[], "All configuration and content");
    match layout.spec.system {
        System::Unix => {
            let ids = [("type", "unix"), ("apache-uid", "33"), ("apache-gid", "33")];
            xml.empty("os-description", &ids);
        }
        System::Windows => xml.empty("os-description", &[("type", "windows")]),
    }
    xml.open("cp-description", &[]);
    xml.open("components-installed", &[]);
    for component in &spec.components {
        xml.empty("component", &[("name", component)]);
    }
    xml.close();
    xml.close();
    xml.text("server-id", &[], ADMIN_GUID);
    if !layout.related.is_empty() {
        xml.open("related-dumps", &[]);
        for stamp in &layout.related {
            xml.text("related-dump", &[], stamp);
        }
        xml.close();
    }
    xml.close();
    xml
}

fn open_client(xml: &mut Xml, layout: &Layout<'_>, login: &str) {
    let owned = |subscription: &&Subscription<'_>| {
        layout.spec.level == Level::Client || subscription.spec.owner == login
    };
    let email = layout
        .subscriptions
        .iter()
        .find(owned)
        .map_or("client@example.net", |subscription| &subscription.spec.owner_email);
    xml.open(
        "client",
        &[
            ("guid", &client_guid(login)),
            ("name", login),
            ("contact", login),
            ("cr-date", "2019-12-31"),
            ("owner-name", "admin"),
            ("owner-guid", ADMIN_GUID),
            ("vendor-login", "admin"),
            ("vendor-guid", ADMIN_GUID),
        ],
    );
    xml.open("preferences", &[]);
    xml.text("pinfo", &[("name", "email")], email);
    xml.close();
    xml.open("properties", &[]);
    write_status(xml, "status", &[]);
    xml.close();
}

/// Pointers to the subscriptions of one owner.
fn pointers(xml: &mut Xml, layout: &Layout<'_>, owner: &str) {
    for subscription in &layout.subscriptions {
        if subscription.spec.owner == owner {
            pointer(xml, subscription);
        }
    }
}

fn pointer(xml: &mut Xml, subscription: &Subscription<'_>) {
    let attributes =
        [("name", subscription.spec.name.as_str()), ("guid", &subscription.domain.guid)];
    xml.empty("domain-info", &attributes);
}
