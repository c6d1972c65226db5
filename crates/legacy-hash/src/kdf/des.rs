//! DES as crypt(3) uses it: with the salt that swaps bits of the expansion, and so many times over.
//!
//! Written here because no cipher crate has the salt. Without one (salt 0, once) it is plain DES, which is what
//! LM and AFS need.

use zeroize::Zeroizing;

use crate::Error;
use crate::kdf::Pacer;

/// Encryptions between two ticks: about 2 ms.
pub(crate) const PACE: u32 = 2048;

/// A key schedule: each round key as the 48 bits that the expansion is XORed with.
pub(crate) struct Des(Zeroizing<[u64; 16]>);

impl Des {
    /// The schedule of a key whose lowest bit in each byte is not used.
    pub(crate) fn new(key: [u8; 8]) -> Self {
        let chosen = permute(u64::from_be_bytes(key), 64, &PC1);
        let (mut c, mut d) = ((chosen >> 28) as u32, (chosen & HALF_KEY as u64) as u32);
        let mut keys = Zeroizing::new([0; 16]);
        for (key, &shift) in keys.iter_mut().zip(&SHIFTS) {
            c = (c << shift | c >> (28 - shift)) & HALF_KEY;
            d = (d << shift | d >> (28 - shift)) & HALF_KEY;
            *key = permute(u64::from(c) << 28 | u64::from(d), 56, &PC2);
        }
        Self(keys)
    }

    /// Plain DES.
    pub(crate) fn encrypt(&self, block: u64) -> u64 {
        let mut state = State::new(block);
        state.encrypt(&self.0, 0);
        state.into_block()
    }

    /// The block encrypted `times` times. Bit n of the salt, counted from the lowest, swaps bit n of the
    /// expansion's first half with that of its second half.
    pub(crate) fn salted(
        &self,
        block: u64,
        salt: u32,
        times: u64,
        pacer: &mut Pacer<'_>,
    ) -> Result<u64, Error> {
        let swapped = u64::from(salt.reverse_bits() >> 8);
        let mut state = State::new(block);
        for _ in 0..times {
            pacer.step()?;
            state.encrypt(&self.0, swapped);
        }
        Ok(state.into_block())
    }
}

const HALF_KEY: u32 = 0xfff_ffff;

/// Both halves of a block, each kept as its expansion to 48 bits: what the round function yields is expanded
/// by the tables already, and so are its operands.
struct State {
    left: u64,
    right: u64,
}

impl State {
    fn new(block: u64) -> Self {
        let mixed = permute(block, 64, &IP);
        Self { left: permute(mixed >> 32, 32, &E), right: permute(mixed & 0xffff_ffff, 32, &E) }
    }

    fn into_block(self) -> u64 {
        permute(contract(self.left) << 32 | contract(self.right), 64, &FP)
    }

    /// Sixteen rounds. The final permutation and the next initial one undo each other, hence are left to the
    /// ends.
    fn encrypt(&mut self, keys: &[u64; 16], swapped: u64) {
        let (mut left, mut right) = (self.left, self.right);
        for key in keys {
            let swap = (right >> 24 ^ right) & swapped;
            let x = right ^ swap ^ swap << 24 ^ key;
            let mut out = left;
            for (i, table) in SPE.iter().enumerate() {
                out ^= table[(x >> (42 - 6 * i) & 63) as usize];
            }
            (left, right) = (right, out);
        }
        (self.left, self.right) = (right, left);
    }
}

/// The 32 bits of an expansion: the middle four of each six.
fn contract(expanded: u64) -> u64 {
    (0..8).fold(0, |word, i| word << 4 | expanded >> (43 - 6 * i) & 15)
}

/// The bits of `value`, which has `width` of them, at these places, counted from 1 at the highest.
const fn permute(value: u64, width: u32, places: &[u8]) -> u64 {
    let mut out = 0;
    let mut i = 0;
    while i < places.len() {
        out = out << 1 | value >> (width - places[i] as u32) & 1;
        i += 1;
    }
    out
}

/// Each S-box, followed by the permutation P and the next round's expansion.
static SPE: [[u64; 64]; 8] = spe();

const fn spe() -> [[u64; 64]; 8] {
    let mut tables = [[0; 64]; 8];
    let mut i = 0;
    while i < 8 {
        let mut x = 0;
        while x < 64 {
            // The outer bits choose the row, the inner ones the column.
            let row = x >> 4 & 2 | x & 1;
            let out = S[i][row * 16 + (x >> 1 & 15)] as u64;
            tables[i][x] = permute(permute(out << (28 - 4 * i), 32, &P), 32, &E);
            x += 1;
        }
        i += 1;
    }
    tables
}

// FIPS 46-3.
const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

#[rustfmt::skip]
const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17,  9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

#[rustfmt::skip]
const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
    38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41,  9, 49, 17, 57, 25,
];

#[rustfmt::skip]
const E: [u8; 48] = [
    32,  1,  2,  3,  4,  5,  4,  5,  6,  7,  8,  9,  8,  9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
    16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32,  1,
];

#[rustfmt::skip]
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17,  1, 15, 23, 26,  5, 18, 31, 10,
     2, 8, 24, 14, 32, 27,  3,  9, 19, 13, 30,  6, 22, 11,  4, 25,
];

#[rustfmt::skip]
const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17,  9,  1, 58, 50, 42, 34, 26, 18, 10,  2, 59, 51, 43, 35, 27, 19, 11,  3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15,  7, 62, 54, 46, 38, 30, 22, 14,  6, 61, 53, 45, 37, 29, 21, 13,  5, 28, 20, 12,  4,
];

#[rustfmt::skip]
const PC2: [u8; 48] = [
    14, 17, 11, 24,  1,  5,  3, 28, 15,  6, 21, 10, 23, 19, 12,  4, 26,  8, 16,  7, 27, 20, 13,  2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

#[rustfmt::skip]
const S: [[u8; 64]; 8] = [
    [
        14,  4, 13,  1,  2, 15, 11,  8,  3, 10,  6, 12,  5,  9,  0,  7,
         0, 15,  7,  4, 14,  2, 13,  1, 10,  6, 12, 11,  9,  5,  3,  8,
         4,  1, 14,  8, 13,  6,  2, 11, 15, 12,  9,  7,  3, 10,  5,  0,
        15, 12,  8,  2,  4,  9,  1,  7,  5, 11,  3, 14, 10,  0,  6, 13,
    ],
    [
        15,  1,  8, 14,  6, 11,  3,  4,  9,  7,  2, 13, 12,  0,  5, 10,
         3, 13,  4,  7, 15,  2,  8, 14, 12,  0,  1, 10,  6,  9, 11,  5,
         0, 14,  7, 11, 10,  4, 13,  1,  5,  8, 12,  6,  9,  3,  2, 15,
        13,  8, 10,  1,  3, 15,  4,  2, 11,  6,  7, 12,  0,  5, 14,  9,
    ],
    [
        10,  0,  9, 14,  6,  3, 15,  5,  1, 13, 12,  7, 11,  4,  2,  8,
        13,  7,  0,  9,  3,  4,  6, 10,  2,  8,  5, 14, 12, 11, 15,  1,
        13,  6,  4,  9,  8, 15,  3,  0, 11,  1,  2, 12,  5, 10, 14,  7,
         1, 10, 13,  0,  6,  9,  8,  7,  4, 15, 14,  3, 11,  5,  2, 12,
    ],
    [
         7, 13, 14,  3,  0,  6,  9, 10,  1,  2,  8,  5, 11, 12,  4, 15,
        13,  8, 11,  5,  6, 15,  0,  3,  4,  7,  2, 12,  1, 10, 14,  9,
        10,  6,  9,  0, 12, 11,  7, 13, 15,  1,  3, 14,  5,  2,  8,  4,
         3, 15,  0,  6, 10,  1, 13,  8,  9,  4,  5, 11, 12,  7,  2, 14,
    ],
    [
         2, 12,  4,  1,  7, 10, 11,  6,  8,  5,  3, 15, 13,  0, 14,  9,
        14, 11,  2, 12,  4,  7, 13,  1,  5,  0, 15, 10,  3,  9,  8,  6,
         4,  2,  1, 11, 10, 13,  7,  8, 15,  9, 12,  5,  6,  3,  0, 14,
        11,  8, 12,  7,  1, 14,  2, 13,  6, 15,  0,  9, 10,  4,  5,  3,
    ],
    [
        12,  1, 10, 15,  9,  2,  6,  8,  0, 13,  3,  4, 14,  7,  5, 11,
        10, 15,  4,  2,  7, 12,  9,  5,  6,  1, 13, 14,  0, 11,  3,  8,
         9, 14, 15,  5,  2,  8, 12,  3,  7,  0,  4, 10,  1, 13, 11,  6,
         4,  3,  2, 12,  9,  5, 15, 10, 11, 14,  1,  7,  6,  0,  8, 13,
    ],
    [
         4, 11,  2, 14, 15,  0,  8, 13,  3, 12,  9,  7,  5, 10,  6,  1,
        13,  0, 11,  7,  4,  9,  1, 10, 14,  3,  5, 12,  2, 15,  8,  6,
         1,  4, 11, 13, 12,  3,  7, 14, 10, 15,  6,  8,  0,  5,  9,  2,
         6, 11, 13,  8,  1,  4, 10,  7,  9,  5,  0, 15, 14,  2,  3, 12,
    ],
    [
        13,  2,  8,  4,  6, 15, 11,  1, 10,  9,  3, 14,  5,  0, 12,  7,
         1, 15, 13,  8, 10,  3,  7,  4, 12,  5,  6, 11,  0, 14,  9,  2,
         7, 11,  4,  1,  9, 12, 14,  2,  0,  6, 10, 13, 15,  3,  5,  8,
         2,  1, 14,  7,  4, 10,  8, 13, 15, 12,  9,  0,  3,  5,  6, 11,
    ],
];

#[cfg(test)]
mod tests {
    use super::Des;

    #[test]
    fn plain_des_is_des() {
        // FIPS 81, the first block of its example.
        let key = 0x0123_4567_89ab_cdef_u64.to_be_bytes();
        assert_eq!(Des::new(key).encrypt(0x4e6f_7720_6973_2074), 0x3fa4_0e8a_984d_4815);
    }
}
