//! A report that was written earlier, read again.

use serde::Deserialize;

use super::{Report, SCHEMA};

/// Why a file is no report that this program reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Another shape than this program knows.
    #[error("it is a report of schema {found}, and this program reads schema {SCHEMA}")]
    Schema {
        /// What it says of itself.
        found: u64,
    },
    /// Something else.
    #[error("it is no report of plesk2cpanel")]
    NoReport,
    /// Cut, or a report that something was done to.
    #[error("it can't be read: {0}")]
    Malformed(#[source] serde_json::Error),
}

/// The oldest schema that is read. What came since is a field that may be absent.
const OLDEST: u64 = 2;

/// The one field that says how to read the others.
#[derive(Deserialize)]
struct Versioned {
    schema: Option<u64>,
}

impl Report {
    /// Reads `report.json`, or what `--json` printed. Unknown fields are refused: a field that this
    /// program does not know could hold what somebody wants to compare.
    ///
    /// # Errors
    /// When it is something else, or a report of another schema.
    pub fn from_json(bytes: &[u8]) -> Result<Report, ReadError> {
        // Serde takes an array for a structure, too.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ReadError::NoReport);
        }
        // The number first: of another schema, any field may look odd.
        match serde_json::from_slice(bytes) {
            Ok(Versioned { schema: Some(found) }) if (OLDEST..=SCHEMA.into()).contains(&found) => {
                serde_json::from_slice(bytes).map_err(ReadError::Malformed)
            }
            Ok(Versioned { schema: Some(found) }) => Err(ReadError::Schema { found }),
            Ok(Versioned { schema: None }) => Err(ReadError::NoReport),
            Err(error) if error.is_data() => Err(ReadError::NoReport),
            Err(error) => Err(ReadError::Malformed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadError, Report, SCHEMA};

    #[test]
    fn what_is_no_report_is_told_apart() {
        let read = |text: &str| Report::from_json(text.as_bytes()).unwrap_err();
        assert!(matches!(read(r#"{"schema": 1}"#), ReadError::Schema { found: 1 }));
        assert!(matches!(read(r#"{"schema": "2"}"#), ReadError::NoReport));
        assert!(matches!(read("{}"), ReadError::NoReport));
        assert!(matches!(read("[1]"), ReadError::NoReport));
        assert!(matches!(read("{\"schema\""), ReadError::Malformed(_)));
        let cut = format!("{{\"schema\": {SCHEMA}}}");
        assert!(read(&cut).to_string().contains("missing field"), "{}", read(&cut));
    }
}
