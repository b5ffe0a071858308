//! One backup with every mail setting that a Plesk of today knows, and mail stored in every way.

use std::collections::BTreeSet;

use plesk_fixture::{Hosting, Level, PasswordSpec, Spec, SubscriptionSpec};

pub mod addresses;
pub mod settings;
pub mod stored;

/// The backup. Each of its parts stands in the module that tests it.
pub fn rich() -> Spec {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.system_password = Some(PasswordSpec::plain("secret"));
    subscription.hosting = Hosting::None;
    subscription.limits.insert("mbox_quota".into(), 200 << 20);
    subscription.mailboxes = addresses::main_addresses();
    subscription.mailboxes.extend(settings::mailboxes());
    subscription.mailboxes.push(stored::attic());
    subscription.catch_all = Some("bounce:Nobody here,\n ask \"info\"".into());
    subscription.aliases = addresses::domain_aliases();
    subscription.dkim = Some(settings::dkim());
    subscription.mailing_lists = vec![settings::mailing_list()];
    subscription.extra_mail_xml = Some(settings::OUTGOING.into());
    subscription.sites = addresses::sites();
    Spec { level: Level::Subscription, subscriptions: vec![subscription], ..Spec::default() }
}

/// Every address that the backup names, in the form in which mail is sent to it.
pub fn named() -> BTreeSet<String> {
    let spec = rich();
    let subscription = &spec.subscriptions[0];
    let sites = subscription.sites.iter().map(|site| (&site.name, &site.mailboxes));
    let lists = subscription.mailing_lists.iter();
    let lists = lists.map(|list| format!("{}@{}", list.name, subscription.name));
    std::iter::once((&subscription.name, &subscription.mailboxes))
        .chain(sites)
        .flat_map(|(domain, mailboxes)| {
            mailboxes
                .iter()
                .map(move |mailbox| (domain.replace("bücher", "xn--bcher-kva"), mailbox))
        })
        .flat_map(|(domain, mailbox)| {
            let names = std::iter::once(&mailbox.name).chain(&mailbox.aliases);
            names.map(|name| format!("{}@{domain}", name.to_lowercase())).collect::<Vec<_>>()
        })
        .chain(lists)
        .collect()
}
