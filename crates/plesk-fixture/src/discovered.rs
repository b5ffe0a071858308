//! The `.discovered` directory beside each XML file.

use std::fmt::Write;

use anyhow::Result;

use crate::layout::{ADMIN_GUID, Layout, Subscription, client_guid, join};
use crate::sink::Sink;

/// What is known of a dump when its directory is written.
pub(crate) struct Dump<'a> {
    /// Directory of the XML file.
    pub(crate) directory: &'a str,
    /// Bytes of content below.
    pub(crate) size: u64,
    pub(crate) owner: &'a str,
    pub(crate) guid: &'a str,
    pub(crate) object: &'a str,
    /// The main XML of the backup.
    pub(crate) full: bool,
    /// Further files.
    pub(crate) files: Vec<(String, String)>,
}

/// Writes one `.discovered/<dump>/`.
pub(crate) fn write_discovered(
    layout: &Layout<'_>,
    sink: &mut dyn Sink,
    dump: &Dump<'_>,
) -> Result<()> {
    let directory =
        join(dump.directory, &format!(".discovered/{}", layout.stem(dump.directory, "info")));
    let owner_type = if dump.owner == "admin" { "server" } else { "client" };
    let mut files = vec![(
        "props".to_owned(),
        format!(
            "size_{}\nowner_{}\nownertype_{owner_type}\nGUID_{}\nobjectid_{}\n{}",
            dump.size,
            client_guid(dump.owner),
            dump.guid,
            dump.object,
            if dump.full { "dump_full" } else { "dump_part" },
        ),
    )];
    files.extend(dump.files.iter().cloned());
    files.push(("status_OK".into(), String::new()));
    if dump.full {
        files.push(("dumpresult_SUCCESS".into(), String::new()));
    }
    for (name, text) in files {
        let path = format!("{directory}/{name}");
        sink.file(&path, &mut |out| out.write_all(text.as_bytes()))?;
    }
    Ok(())
}

/// The inventory of one subscription: `subscription`, domain, GUID, owner's login, owner's type,
/// system user; then its sites.
pub(crate) fn object_index(subscription: &Subscription<'_>) -> String {
    let (spec, domain) = (subscription.spec, &subscription.domain);
    let owner_type = if spec.owner == "admin" { "admin" } else { "customer" };
    let mut index = format!(
        "subscription\t{}\t{}\t{}\t{owner_type}\t{}\n",
        spec.name, domain.guid, spec.owner, spec.system_user
    );
    for site in &subscription.sites {
        // Writing into a String does not fail.
        let _ = writeln!(index, "site\t{}\t{}", site.spec.name, site.domain.guid);
    }
    index
}

/// A row of the inventory for a client.
pub(crate) fn client_row(login: &str) -> String {
    format!("customer\t{login}\t{}\tadmin\tadmin\t{login}\n", client_guid(login))
}

/// GUID of the object that the main XML is about.
pub(crate) fn main_guid(layout: &Layout<'_>) -> String {
    use crate::spec::Level;
    match layout.spec.level {
        Level::Server => ADMIN_GUID.to_owned(),
        Level::Client => client_guid(&layout.spec.client_login),
        Level::Subscription => {
            layout.subscriptions.first().map(|only| only.domain.guid.clone()).unwrap_or_default()
        }
    }
}
