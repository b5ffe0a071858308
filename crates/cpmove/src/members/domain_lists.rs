//! `pds`, `addons`, `sds`, `sds2`: which domains there are, a line for each.

use super::WEB_ROOT_MODE;
use super::lines::line;
use super::sites::Sites;
use super::tree::Tree;

pub(super) fn write(tree: &mut Tree, sites: &Sites<'_>) {
    let mut addons = String::new();
    let mut subdomains = String::new();
    let mut subdomains_with_roots = String::new();
    for site in &sites.subdomains {
        let name = format!("{}_{}", site.label, site.parent);
        if let Some(addon) = site.addon {
            line(&mut addons, format_args!("{}={name}", addon.name));
        }
        line(&mut subdomains, format_args!("{name}"));
        line(&mut subdomains_with_roots, format_args!("{name}={}", site.document_root));
        make_root(tree, site.document_root);
    }
    make_root(tree, &sites.main.document_root);
    let mut parked = String::new();
    for domain in &sites.parked {
        line(&mut parked, format_args!("{}", domain.name));
    }
    // Shipped even if empty: a missing file is a warning in the restore's log.
    tree.file("addons", addons);
    tree.file("pds", parked);
    tree.file("sds", subdomains);
    tree.file("sds2", subdomains_with_roots);
}

/// The web root and all directories above it.
fn make_root(tree: &mut Tree, document_root: &str) {
    let ends = document_root.match_indices('/').map(|(at, _)| at).chain([document_root.len()]);
    for end in ends {
        tree.directory(&format!("homedir/{}", &document_root[..end]), WEB_ROOT_MODE);
    }
}
