//! Finding boundary lines of a multipart file, however large what stands between them is.

use std::io;

use memchr::memmem::Finder;

use super::bytes::Bytes;

/// Large enough that reading it costs little, small enough to stay in a processor's cache.
const BUFFER: usize = 256 * 1024;

/// A line that ends a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BoundaryLine {
    /// Where the line begins, with the line break before it, which belongs to it. That is CR LF
    /// only where the line itself ends so: of a file with plain LF a CR there is content.
    pub(super) start: u64,
    /// Where what follows it begins.
    pub(super) after: u64,
    /// Which of the boundaries it is.
    pub(super) level: usize,
    /// The last one of its multipart.
    pub(super) closes: bool,
}

/// What stands between two boundary lines, as it goes by; it is never held.
pub(super) type Passing<'a> = &'a mut dyn FnMut(&[u8]);

/// Goes over a file once, from front to back.
pub(super) struct Scanner<'a> {
    bytes: &'a Bytes,
    finder: Finder<'static>,
    capacity: usize,
    buffer: Vec<u8>,
    /// How the last boundary line ended, for one whose end is lost.
    has_returns: bool,
}

/// A piece of the file that lies in the buffer.
struct Window {
    start: u64,
    filled: usize,
    is_last: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Scanner<'a> {
        Scanner::with_capacity(bytes, BUFFER)
    }

    /// With a buffer of that many bytes, or as many as a boundary line needs.
    pub(super) fn with_capacity(bytes: &'a Bytes, capacity: usize) -> Scanner<'a> {
        let finder = Finder::new(b"\n--");
        Scanner { bytes, finder, capacity, buffer: Vec::new(), has_returns: true }
    }

    /// The first line from `from` on that is one of the boundaries, of which the innermost stands
    /// last; `None` when the file ends before. `from` must be the start of a line. The bytes before
    /// the boundary line are handed to `passing`.
    ///
    /// All lines that begin with `--` are looked at rather than those with one boundary's text:
    /// a nested multipart that lost its end must not swallow what follows in the outer one.
    pub(super) fn next(
        &mut self,
        from: u64,
        boundaries: &[Vec<u8>],
        passing: Passing<'_>,
    ) -> io::Result<Option<BoundaryLine>> {
        let longest = boundaries.iter().map(Vec::len).max().unwrap_or(0);
        // CR LF `--` boundary `--` CR LF
        let line = longest + 8;
        self.buffer.resize(self.capacity.max(2 * line), 0);
        let mut window = self.window(from)?;
        if let Some(found) = at_line(&self.buffer[..window.filled], &window, boundaries) {
            let after = from + found.length as u64;
            let Found { level, closes, .. } = found;
            self.has_returns = found.has_return.unwrap_or(self.has_returns);
            return Ok(Some(BoundaryLine { start: from, after, level, closes }));
        }
        let mut searched = 0;
        loop {
            let data = &self.buffer[..window.filled];
            let Some(newline) = self.finder.find(&data[searched..]).map(|at| searched + at) else {
                // A CR LF and a dash may stand at the end, with the rest in the next window.
                let kept = if window.is_last { 0 } else { data.len().min(3) };
                passing(&data[..data.len() - kept]);
                if window.is_last {
                    return Ok(None);
                }
                window = self.window(window.start + (data.len() - kept) as u64)?;
                searched = 0;
                continue;
            };
            let has_return = newline > 0 && data[newline - 1] == b'\r';
            let start = newline - usize::from(has_return);
            if data.len() - newline < line && !window.is_last {
                passing(&data[..start]);
                window = self.window(window.start + start as u64)?;
                searched = 0;
                continue;
            }
            if let Some(found) = at_line(&data[newline + 1..], &window, boundaries) {
                self.has_returns = found.has_return.unwrap_or(self.has_returns);
                let start = if self.has_returns { start } else { newline };
                passing(&data[..start]);
                return Ok(Some(BoundaryLine {
                    start: window.start + start as u64,
                    after: window.start + (newline + 1 + found.length) as u64,
                    level: found.level,
                    closes: found.closes,
                }));
            }
            searched = newline + 1;
        }
    }

    fn window(&mut self, start: u64) -> io::Result<Window> {
        let filled = self.bytes.read_full_at(&mut self.buffer, start)?;
        let is_last = filled < self.buffer.len() || start + filled as u64 >= self.bytes.len();
        Ok(Window { start, filled, is_last })
    }
}

struct Found {
    level: usize,
    closes: bool,
    /// Bytes of the line with its line break.
    length: usize,
    /// Whether it ends with CR LF; unknown at the end of the file.
    has_return: Option<bool>,
}

/// The boundary that `rest` begins with, if that is the whole line.
fn at_line(rest: &[u8], window: &Window, boundaries: &[Vec<u8>]) -> Option<Found> {
    let text = rest.strip_prefix(b"--")?;
    let found = |level, closes, tail: &[u8]| {
        let (line_break, has_return) = match tail {
            [b'\n', ..] => (1, Some(false)),
            [b'\r', b'\n', ..] => (2, Some(true)),
            [] | [b'\r'] if window.is_last => (tail.len(), None),
            _ => return None,
        };
        let length = rest.len() - tail.len() + line_break;
        Some(Found { level, closes, length, has_return })
    };
    boundaries.iter().enumerate().rev().find_map(|(level, boundary)| {
        let tail = text.strip_prefix(boundary.as_slice())?;
        found(level, false, tail).or_else(|| found(level, true, tail.strip_prefix(b"--")?))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn bytes(content: &[u8]) -> Bytes {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Bytes::one(file).unwrap()
    }

    /// All lines, with what stood before each; and what stands behind the last.
    fn scan(content: &[u8], boundaries: &[Vec<u8>], capacity: usize) -> Scanned {
        let bytes = bytes(content);
        let mut scanner = Scanner::with_capacity(&bytes, capacity);
        let mut scanned = Scanned { parts: Vec::new(), rest: Vec::new() };
        let mut from = 0;
        loop {
            let mut passed = Vec::new();
            let found = scanner.next(from, boundaries, &mut |piece| passed.extend(piece)).unwrap();
            let Some(line) = found else {
                scanned.rest = passed;
                return scanned;
            };
            from = line.after;
            scanned.parts.push((passed, line));
        }
    }

    #[derive(Debug, PartialEq)]
    struct Scanned {
        parts: Vec<(Vec<u8>, BoundaryLine)>,
        rest: Vec<u8>,
    }

    /// The same, line by line over all of it in memory.
    fn reference(content: &[u8], boundaries: &[Vec<u8>]) -> Scanned {
        let mut scanned = Scanned { parts: Vec::new(), rest: Vec::new() };
        let (mut from, mut at) = (0, 0);
        let mut has_returns = true;
        while at < content.len() {
            let end = content[at..].iter().position(|byte| *byte == b'\n');
            let after = end.map_or(content.len(), |end| at + end + 1);
            let whole = &content[at..after];
            let line = whole.strip_suffix(b"\n").unwrap_or(whole);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is = |boundary: &Vec<u8>, end: &[u8]| {
                line == [b"--", boundary.as_slice(), end].concat().as_slice()
            };
            let levels = boundaries.iter().enumerate().rev();
            let found = levels.clone().find_map(|(level, boundary)| {
                let opens = is(boundary, b"").then_some((level, false));
                opens.or_else(|| is(boundary, b"--").then_some((level, true)))
            });
            if let Some((level, closes)) = found {
                if whole.ends_with(b"\n") {
                    has_returns = whole.ends_with(b"\r\n");
                }
                let body = &content[from..at];
                let ends: &[u8] = if has_returns { b"\r\n" } else { b"\n" };
                let body = body.strip_suffix(ends).or(body.strip_suffix(b"\n")).unwrap_or(body);
                let start = (from + body.len()) as u64;
                let line = BoundaryLine { start, after: after as u64, level, closes };
                scanned.parts.push((body.to_vec(), line));
                from = after;
            }
            at = after;
        }
        scanned.rest = content[from..].to_vec();
        scanned
    }

    /// Pieces of which nearly every neighbour makes something like a boundary line.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let fixed: Vec<&[u8]> = vec![
            b"\n",
            b"\r",
            b"\r\n",
            b"-",
            b"--",
            b"--B",
            b"--B\n",
            b"\r\n--B\r\n",
            b"\n--B--\n",
            b"--B-",
            b"--BB\n",
            b"\n--Bx",
            b"B",
            b"--in ner\r\n",
            b"\n--in ner--\r\n",
            b"\r\r\n",
            b"\n--B \n",
            b"\0\xff",
        ];
        prop_oneof![
            8 => proptest::sample::select(fixed).prop_map(<[u8]>::to_vec),
            1 => proptest::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_buffer_it_is_what_the_lines_say(
            pieces in proptest::collection::vec(piece(), 0..24),
            capacity in prop_oneof![0_usize..80, Just(4096)],
        ) {
            let content = pieces.concat();
            let boundaries = [b"B".to_vec(), b"in ner".to_vec()];
            prop_assert_eq!(
                scan(&content, &boundaries, capacity),
                reference(&content, &boundaries)
            );
        }

        #[test]
        fn a_long_part_is_handed_over_unchanged(
            length in 0_usize..2000, capacity in 0_usize..200, tail in "(\r?\n|-|x){0,5}",
        ) {
            let content = [&vec![b'-'; length][..], tail.as_bytes(), b"\r\n--B--"].concat();
            let scanned = scan(&content, &[b"B".to_vec()], capacity);
            prop_assert_eq!(scanned, reference(&content, &[b"B".to_vec()]));
        }
    }

    #[test]
    fn the_line_break_before_a_boundary_is_its_own() {
        let boundaries = [b"B".to_vec()];
        let bodies = |content: &[u8]| {
            let parts = scan(content, &boundaries, 0).parts;
            parts.into_iter().map(|(body, _)| body).collect::<Vec<_>>()
        };
        assert_eq!(bodies(b"--B\nab\n\n--B\r\ncd\r\n--B--"), [&b""[..], b"ab\n", b"cd"]);
        // An empty part, and a boundary line whose end is lost.
        assert_eq!(bodies(b"--B\n--B\n\n--B"), [&b""[..], b"", b""]);
        // Where lines end with LF alone, a CR is content; and CR LF may end a part of either.
        assert_eq!(bodies(b"--B\nab\r\n--B\ncd\r\n--B--"), [&b""[..], b"ab\r", b"cd\r"]);
        assert_eq!(bodies(b"--B\r\nab\r\r\n--B\r\ncd\n--B--"), [&b""[..], b"ab\r", b"cd"]);
    }
}
