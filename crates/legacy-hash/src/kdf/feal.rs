//! The eight rounds of the FEAL cipher, with the key schedule that Sybase has: the published one also XORs the
//! key's last but one word in.

type Word = [u8; 4];

/// A cipher whose key is set.
pub(crate) struct Feal {
    rounds: [[u8; 2]; 8],
    before: [Word; 2],
    after: [Word; 2],
}

impl Feal {
    pub(crate) fn new(key: &[u8; 8]) -> Self {
        let [a, b] = halves(key);
        let (mut last, mut word) = (a, b);
        let mut words = [[0; 4]; 8];
        for out in &mut words {
            (last, word) = (word, schedule(last, word));
            *out = word;
        }
        let [w0, w1, w2, w3, before @ .., after_0, after_1] = words;
        let pair = |word: Word| [[word[0], word[1]], [word[2], word[3]]];
        let [[k0, k1], [k2, k3], [k4, k5], [k6, k7]] = [pair(w0), pair(w1), pair(w2), pair(w3)];
        Self { rounds: [k0, k1, k2, k3, k4, k5, k6, k7], before, after: [after_0, after_1] }
    }

    pub(crate) fn encrypt(&self, block: &[u8; 8]) -> [u8; 8] {
        let [left, right] = halves(block);
        let mut left = xor(left, self.before[0]);
        let mut right = xor(xor(right, self.before[1]), left);
        for key in self.rounds {
            (left, right) = (right, xor(left, round(right, key)));
        }
        left = xor(xor(left, right), self.after[1]);
        right = xor(right, self.after[0]);
        let mut out = [0; 8];
        out[..4].copy_from_slice(&right);
        out[4..].copy_from_slice(&left);
        out
    }
}

fn halves(block: &[u8; 8]) -> [Word; 2] {
    let [a, b, c, d, e, f, g, h] = *block;
    [[a, b, c, d], [e, f, g, h]]
}

fn xor(a: Word, b: Word) -> Word {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

fn s0(a: u8, b: u8) -> u8 {
    a.wrapping_add(b).rotate_left(2)
}

fn s1(a: u8, b: u8) -> u8 {
    a.wrapping_add(b).wrapping_add(1).rotate_left(2)
}

fn round([a, b, c, d]: Word, key: [u8; 2]) -> Word {
    let low = b ^ key[0] ^ a;
    let high = c ^ key[1] ^ d;
    let low = s1(low, high);
    let high = s0(high, low);
    [s0(a, low), low, high, s1(d, high)]
}

fn schedule([a, b, c, d]: Word, key: Word) -> Word {
    let low = b ^ a;
    let high = c ^ d;
    let low = s1(low, high ^ key[0]);
    let high = s0(high, low ^ key[1]);
    [s0(a, low ^ key[2]), low, high, s1(d, high ^ key[3])]
}
