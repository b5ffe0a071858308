//! Random numbers and the words made from them.

/// SplitMix64: one addition and two multiplications for eight bytes. Mail that is to be packed at
/// hundreds of megabytes a second leaves no time for more.
pub(super) struct Random(u64);

impl Random {
    /// Two numbers that differ at all give unrelated sequences.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut mixed = Self(seed);
        Self(mixed.next() ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// How many words the vocabulary has, a power of two.
const WORDS: u64 = 2048;
/// No word with its space is longer.
const LONGEST: usize = 16;

/// A vocabulary. Words stand in fields of one length, so that copying one is a single move.
pub(super) struct Words {
    fields: Vec<[u8; LONGEST]>,
    lengths: Vec<usize>,
}

impl Words {
    /// Words of one to four syllables.
    pub(super) fn new() -> Self {
        const SYLLABLES: &[u8; 64] =
            b"tenomarilusadibekagohevipyzuwefojichthshrastelinderoungmentation";
        let mut random = Random::new(1, 1);
        let mut words = Self { fields: Vec::new(), lengths: Vec::new() };
        for _ in 0..WORDS {
            let mut field = [b' '; LONGEST];
            let mut bits = random.next();
            let syllables = 1 + (bits & 3) as usize;
            bits >>= 2;
            let mut length = 0;
            for _ in 0..syllables {
                let at = 2 * (bits & 31) as usize;
                field[length..length + 2].copy_from_slice(&SYLLABLES[at..at + 2]);
                length += 2;
                // One letter more now and then, or all words had an even length.
                if bits & 0x60 == 0 {
                    field[length] = b's';
                    length += 1;
                }
                bits >>= 7;
            }
            words.fields.push(field);
            words.lengths.push(length + 1);
        }
        words
    }

    /// Fills `line` with words; the last one is cut.
    pub(super) fn fill(&self, random: &mut Random, line: &mut [u8]) {
        let mut at = 0;
        let mut bits = 0;
        let mut left = 0;
        while at < line.len() {
            if left == 0 {
                bits = random.next();
                left = 5;
            }
            let word = usize::try_from(bits % WORDS).unwrap_or_default();
            bits >>= 11;
            left -= 1;
            let end = (at + LONGEST).min(line.len());
            line[at..end].copy_from_slice(&self.fields[word][..end - at]);
            at += self.lengths[word];
        }
    }
}
