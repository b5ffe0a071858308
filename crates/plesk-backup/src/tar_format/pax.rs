//! PAX records: `LENGTH KEY=VALUE\n`.

/// What PAX records say of a member; unknown keys do not matter for reading.
#[derive(Debug, Default, Clone)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) mtime: Option<i64>,
    pub(super) is_sparse: bool,
}

impl Records {
    /// Takes the records of an extension; later ones win.
    pub(super) fn read(&mut self, mut data: &[u8]) -> Result<(), String> {
        while !data.is_empty() {
            // Some writers fill the block up.
            if data.iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            let (record, rest) = split_record(data).ok_or_else(|| {
                format!("a PAX record that begins `{}`", data[..data.len().min(20)].escape_ascii())
            })?;
            data = rest;
            let separator = record
                .iter()
                .position(|byte| *byte == b'=')
                .ok_or_else(|| format!("a PAX record without `=` ({} bytes)", record.len()))?;
            self.take(&record[..separator], &record[separator + 1..])?;
        }
        Ok(())
    }

    /// These records, and where they say nothing, those of `global`.
    pub(super) fn over(self, global: &Records) -> Records {
        Records {
            path: self.path.or_else(|| global.path.clone()),
            link: self.link.or_else(|| global.link.clone()),
            size: self.size.or(global.size),
            mtime: self.mtime.or(global.mtime),
            is_sparse: self.is_sparse || global.is_sparse,
        }
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let invalid = |what: &str| format!("a PAX {what} `{}`", value.escape_ascii());
        match key {
            // An empty value takes back what a global record said.
            b"path" => self.path = (!value.is_empty()).then(|| value.to_vec()),
            b"linkpath" => self.link = (!value.is_empty()).then(|| value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.size = Some(size.ok_or_else(|| invalid("size"))?);
            }
            b"mtime" => {
                let whole = value.split(|byte| *byte == b'.').next().unwrap_or(value);
                let seconds: Option<i64> =
                    std::str::from_utf8(whole).ok().and_then(|text| text.parse().ok());
                self.mtime = Some(seconds.ok_or_else(|| invalid("mtime"))?);
            }
            key if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
            _ => {}
        }
        Ok(())
    }
}

/// The first record without its length and newline, and what follows it.
fn split_record(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = data.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&data[..space]).ok()?.parse().ok()?;
    let record = data.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, &data[length..]))
}
