//! What Plesk's file names tell: `PREFIX_[OBJECT_]KIND_[BASE_]STAMP` with an extension.

use super::Stamp;

/// A file name of Plesk's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName {
    /// `info` for metadata, else the kind of content: `domainmail`, `user-data` and so on.
    pub(crate) kind: String,
    /// Stamp of the full dump, when this is of an increment.
    pub(crate) base: Option<Stamp>,
    /// Metadata may lack it, when somebody renamed them.
    pub(crate) stamp: Option<Stamp>,
    /// Metadata, not an archive.
    pub(crate) is_metadata: bool,
    /// Number of the volume, when the archive is cut into several.
    pub(crate) volume: Option<u32>,
}

/// What Plesk calls its content archives, in versions 9 to Obsidian.
const CONTENT: [&str; 31] = [
    "anon-ftpstat",
    "apache-files",
    "attach",
    "cgi",
    "conf",
    "docroot",
    "domainmail",
    "error-docs",
    "ftpstat",
    "httpdocs",
    "httpsdocs",
    "key",
    "logs",
    "mdir",
    "ml",
    "pd",
    "private",
    "privatekey",
    "sa",
    "skel",
    "skeleton",
    "sqldump",
    "statistics",
    "user-data",
    "vhost",
    "webstat",
    "webstat-ssl",
    // `docroot_ssl`, `error_docs`, `ftp_stat` and `webuser_home` of Plesk 9, as far as a kind goes.
    "docs",
    "home",
    "ssl",
    "stat",
];

impl FileName {
    /// True for an archive inside a backup, whose name says what it is of; an export is called after
    /// its object.
    pub(crate) fn is_content(&self) -> bool {
        CONTENT.contains(&self.kind.as_str())
    }

    /// Takes a name without directories; `None` when it is not Plesk's.
    pub(crate) fn parse(name: &[u8]) -> Option<FileName> {
        let name = std::str::from_utf8(name).ok()?;
        if let Some(stem) = name.strip_suffix(".xml") {
            let (rest, base, stamp) = split_stamps(stem);
            let is_metadata = rest == "info" || rest.ends_with("_info") || stem.contains("_info_");
            return is_metadata.then(|| FileName {
                kind: "info".to_owned(),
                base,
                stamp,
                is_metadata: true,
                volume: None,
            });
        }
        let (whole, volume) = match name.rsplit_once('.') {
            Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                (stem, number.parse().ok())
            }
            _ => (name, None),
        };
        let stem = [".tar", ".tgz", ".tzst", ".zip"]
            .iter()
            .find_map(|extension| whole.strip_suffix(extension))?;
        let (rest, base, stamp) = split_stamps(stem);
        let (_prefix, kind) = rest.rsplit_once('_')?;
        stamp.map(|stamp| FileName {
            kind: kind.to_owned(),
            base,
            stamp: Some(stamp),
            is_metadata: false,
            volume,
        })
    }
}

fn split_stamps(stem: &str) -> (&str, Option<Stamp>, Option<Stamp>) {
    let split = |text| -> Option<(&str, Stamp)> {
        let (rest, stamp) = str::rsplit_once(text, '_')?;
        Some((rest, Stamp::parse(stamp)?))
    };
    match split(stem) {
        None => (stem, None, None),
        Some((rest, stamp)) => match split(rest) {
            None => (rest, None, Some(stamp)),
            Some((rest, base)) => (rest, Some(base), Some(stamp)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::FileName;

    #[test]
    fn names_of_all_ages() {
        let parse = |name: &str| {
            FileName::parse(name.as_bytes()).map(|parsed| {
                let text = |stamp: Option<super::Stamp>| stamp.map(|stamp| stamp.to_string());
                (parsed.kind, text(parsed.base), text(parsed.stamp), parsed.is_metadata)
            })
        };
        let some = |text: &str| Some(text.to_owned());
        let found =
            |kind: &str, base, stamp, metadata| Some((kind.to_owned(), base, stamp, metadata));
        assert_eq!(
            parse("backup_info_2401151030.xml"),
            found("info", None, some("2401151030"), true)
        );
        assert_eq!(
            parse("backup_info_1609042052_1609101705.xml"),
            found("info", some("1609042052"), some("1609101705"), true)
        );
        assert_eq!(
            parse("converted_mydomains_info_0812121508.xml"),
            found("info", None, some("0812121508"), true)
        );
        assert_eq!(parse("backup_info_renamed.xml"), found("info", None, None, true));
        assert_eq!(
            parse("backup_user-data_2401151030.tzst"),
            found("user-data", None, some("2401151030"), false)
        );
        assert_eq!(
            parse("my_prefix_domainmail_1609042052_1609101705.tgz"),
            found("domainmail", some("1609042052"), some("1609101705"), false)
        );
        assert_eq!(
            parse("backup_domainmail_2401151030.tar.002"),
            found("domainmail", None, some("2401151030"), false)
        );
        let is_content = |name: &str| FileName::parse(name.as_bytes()).unwrap().is_content();
        assert!(is_content("backup_domainmail_2401151030.tar.002"));
        assert!(!is_content("backup_example.com_2401151030.tar"));
        let volume = |name: &str| FileName::parse(name.as_bytes()).unwrap().volume;
        assert_eq!(volume("backup_domainmail_2401151030.tar.002"), Some(2));
        assert_eq!(volume("backup_domainmail_2401151030.tar"), None);
        assert_eq!(parse("holiday.tar"), None);
        assert_eq!(parse("backup_domainmail_2499999999.tar"), None);
        assert_eq!(parse("web.xml"), None);
    }
}
