//! Which paths members may have.

use thiserror::Error;

/// Why a path cannot be a member's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MemberPathError {
    /// The path is empty.
    #[error("the path is empty")]
    Empty,
    /// The path begins or ends with a slash, or has two in a row.
    #[error("the path has an empty component")]
    EmptyComponent,
    /// A component is `.` or `..`.
    #[error("the path has the component . or ..")]
    DotComponent,
    /// A NUL byte or a newline: no file can have the one, and lists of files break at the other.
    #[error("the path holds byte {byte:#04x}")]
    Byte {
        /// The byte.
        byte: u8,
    },
}

/// Checks that a path is relative, stays below where it begins, and is the only one to say so.
pub(crate) fn check(path: &[u8]) -> Result<(), MemberPathError> {
    if path.is_empty() {
        return Err(MemberPathError::Empty);
    }
    if let Some(byte) = path.iter().copied().find(|byte| matches!(byte, 0 | b'\n')) {
        return Err(MemberPathError::Byte { byte });
    }
    for component in path.split(|byte| *byte == b'/') {
        match component {
            b"" => return Err(MemberPathError::EmptyComponent),
            b"." | b".." => return Err(MemberPathError::DotComponent),
            _ => {}
        }
    }
    Ok(())
}

/// The directory that holds a member; `None` if it is the top directory.
pub(super) fn parent(path: &[u8]) -> Option<&[u8]> {
    path.iter().rposition(|byte| *byte == b'/').map(|slash| &path[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for good in [
            &b"a"[..],
            b"homedir/mail/a.b/x/cur/1.M1.h,S=1:2,S",
            b".a",
            b"...",
            b"a..b",
            b"C:\\x",
            b"\xff\xfe/\x1b[0m",
        ] {
            assert_eq!(check(good), Ok(()), "{}", good.escape_ascii());
        }
        assert_eq!(check(b""), Err(MemberPathError::Empty));
        for bad in [&b"/etc/passwd"[..], b"a/", b"a//b", b"/"] {
            assert_eq!(check(bad), Err(MemberPathError::EmptyComponent));
        }
        for bad in [&b".."[..], b"../../x", b"a/../../b", b"./x", b"a/.", b"a/.."] {
            assert_eq!(check(bad), Err(MemberPathError::DotComponent));
        }
        assert_eq!(check(b"a\0b"), Err(MemberPathError::Byte { byte: 0 }));
        assert_eq!(check(b"a\nb").unwrap_err().to_string(), "the path holds byte 0x0a");
        assert_eq!(parent(b"a/b/c"), Some(&b"a/b"[..]));
        assert_eq!(parent(b"a"), None);
    }
}
