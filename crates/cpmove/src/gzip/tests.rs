use std::io::{Read, Seek};
use std::process::Command;

use flate2::bufread::GzDecoder;
use proptest::prelude::*;

use super::*;

fn pool(threads: usize) -> Compressor {
    Compressor::new(threads).unwrap()
}

fn gzip(data: &[u8], threads: usize, block_size: usize, piece: usize) -> Vec<u8> {
    let mut writer = GzipWriter::with(Vec::new(), pool(threads), block_size, deflate).unwrap();
    for part in data.chunks(piece.max(1)) {
        writer.write_all(part).unwrap();
    }
    writer.finish().unwrap()
}

/// Inflates the first member, and says how many bytes stand behind it.
fn gunzip(data: &[u8]) -> (Vec<u8>, usize) {
    let mut decoder = GzDecoder::new(data);
    let mut plain = Vec::new();
    decoder.read_to_end(&mut plain).unwrap();
    (plain, decoder.into_inner().len())
}

/// Text that compresses, with noise that does not.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut data = Vec::with_capacity(length);
    while data.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 30 == 0 {
            data.extend_from_slice(&state.to_be_bytes());
        } else {
            data.extend_from_slice(b"Received: from mail.example.com by mx.example.net\n");
        }
    }
    data.truncate(length);
    data
}

#[test]
fn empty_input_is_a_whole_member() {
    // Header, an empty final block with fixed codes, checksum 0, length 0.
    let expected = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(gzip(b"", 1, BLOCK, 1), expected);
}

#[test]
fn lengths_around_the_block() {
    for length in [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
        let data = sample(length);
        let (plain, behind) = gunzip(&gzip(&data, 3, BLOCK, 10_000));
        assert!(plain == data, "{length} bytes came back as {}", plain.len());
        assert_eq!(behind, 0);
    }
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let data = sample(5 * BLOCK + 4321);
    let one = gzip(&data, 1, BLOCK, BLOCK);
    for threads in 2..=8 {
        assert!(gzip(&data, threads, BLOCK, 777 * threads) == one, "{threads} threads differ");
    }
}

#[test]
fn the_dictionary_reaches_across_blocks() {
    // Noise that repeats at a distance of one block: only a dictionary can find it again.
    let noise: Vec<u8> = (0..4096_u32).flat_map(|n| noise_word(n).to_be_bytes()).collect();
    let data = noise.repeat(8);
    let cut = gzip(&data, 2, noise.len(), data.len()).len();
    assert!(cut < noise.len() * 5 / 4, "{cut} bytes for {} bytes of noise", noise.len());
}

fn noise_word(number: u32) -> u32 {
    crc32fast::hash(&number.to_le_bytes())
}

/// Fails once so many bytes were written.
struct FailsAt {
    left: usize,
}

impl Write for FailsAt {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        let taken = data.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_at_any_byte_is_an_error() {
    let data = sample(3000);
    let whole = gzip(&data, 2, 256, 100).len();
    let attempt = |left: usize| -> io::Result<()> {
        let mut writer = GzipWriter::with(FailsAt { left }, pool(2), 256, deflate)?;
        writer.write_all(&data)?;
        writer.finish().map(|_| ())
    };
    for left in 0..whole {
        let error = attempt(left).expect_err("the writer failed, and nobody was told");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "at byte {left}");
    }
    attempt(whole).unwrap();
}

#[test]
fn a_panic_in_a_worker_is_an_error() {
    let broken: Deflate = |_, _, last| if last { panic!("on purpose") } else { Ok(Vec::new()) };
    let mut writer = GzipWriter::with(Vec::new(), pool(2), 16, broken).unwrap();
    writer.write_all(&sample(100)).unwrap();
    assert_eq!(writer.finish().unwrap_err().to_string(), "a worker thread panicked");
}

#[test]
fn two_archives_share_one_pool() {
    let compressor = pool(2);
    let data = sample(2 * BLOCK + 99);
    let handles: Vec<_> = (0..4)
        .map(|_| {
            let (compressor, data) = (compressor.clone(), data.clone());
            std::thread::spawn(move || {
                let mut writer = GzipWriter::new(Vec::new(), compressor).unwrap();
                writer.write_all(&data).unwrap();
                writer.finish().unwrap()
            })
        })
        .collect();
    for handle in handles {
        assert!(gunzip(&handle.join().unwrap()).0 == data);
    }
}

/// `gzip -t` reads to the end, and complains of anything behind it.
fn gzip_program_accepts(packed: &[u8]) -> bool {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(packed).unwrap();
    file.rewind().unwrap();
    let output = Command::new("gzip").arg("-t").stdin(file).output().unwrap();
    output.status.success() && output.stderr.is_empty()
}

fn any_content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        (any::<u8>(), 0..5000_usize).prop_map(|(byte, count)| vec![byte; count]),
        (prop::collection::vec(b'a'..b'f', 1..30), 1..200_usize)
            .prop_map(|(word, count)| word.repeat(count)),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_input_and_any_block_boundary(
        data in any_content(),
        block_size in 1..6000_usize,
        piece in 1..9000_usize,
        threads in 1..4_usize,
    ) {
        // Many blocks cost a deflate state each.
        let block_size = block_size.max(data.len() / 64 + 1);
        let packed = gzip(&data, threads, block_size, piece);
        let (plain, behind) = gunzip(&packed);
        prop_assert!(plain == data);
        prop_assert_eq!(behind, 0);
        prop_assert!(gzip_program_accepts(&packed));
        prop_assert!(gzip(&data, 1, block_size, data.len()) == packed);
    }
}
