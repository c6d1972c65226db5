//! Powers modulo a number of some 256 bits: what verifiers of SRP are.

/// 64 bits more than the moduli need, so that no sum overflows.
const WORDS: usize = 5;

/// The bytes of a number.
pub(crate) const NUMBER_BYTES: usize = 8 * WORDS;

/// A number of up to 320 bits, the least significant word first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) [u64; WORDS]);

impl Number {
    const ZERO: Self = Self([0; WORDS]);
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// From [`NUMBER_BYTES`] bytes, the most significant first.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; NUMBER_BYTES] = bytes.try_into().ok()?;
        let mut number = Self::ZERO;
        for (word, bytes) in number.0.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *word = bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        }
        Some(number)
    }

    /// Its bytes, the most significant first.
    pub(crate) fn bytes(self) -> [u8; NUMBER_BYTES] {
        let mut bytes = [0; NUMBER_BYTES];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(self.0.iter().rev()) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    fn bit(self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// `base` to the power of a number of any length, the most significant byte first. The modulus has fewer than
/// 319 bits.
///
/// By doubling and adding only: a millisecond, once a verification, needs no cleverer arithmetic.
pub(crate) fn power(base: u64, exponent: &[u8], modulus: Number) -> Number {
    let base = Number([base, 0, 0, 0, 0]);
    let mut result = Number::ONE;
    for byte in exponent {
        for bit in (0..8).rev() {
            result = multiply(result, result, modulus);
            if byte >> bit & 1 == 1 {
                result = multiply(result, base, modulus);
            }
        }
    }
    result
}

fn multiply(a: Number, b: Number, modulus: Number) -> Number {
    let mut product = Number::ZERO;
    for index in (0..64 * WORDS).rev() {
        if product != Number::ZERO {
            product = add(product, product, modulus);
        }
        if b.bit(index) {
            product = add(product, a, modulus);
        }
    }
    product
}

/// The sum of two numbers below the modulus, below the modulus again.
fn add(a: Number, b: Number, modulus: Number) -> Number {
    let (mut sum, mut carry) = (Number::ZERO, false);
    for ((out, a), b) in sum.0.iter_mut().zip(a.0).zip(b.0) {
        let (partial, first) = a.overflowing_add(b);
        let (total, second) = partial.overflowing_add(carry.into());
        (*out, carry) = (total, first || second);
    }
    let (mut reduced, mut borrow) = (Number::ZERO, false);
    for ((out, a), b) in reduced.0.iter_mut().zip(sum.0).zip(modulus.0) {
        let (partial, first) = a.overflowing_sub(b);
        let (total, second) = partial.overflowing_sub(borrow.into());
        (*out, borrow) = (total, first || second);
    }
    // A borrow says that the sum was below the modulus.
    if borrow { sum } else { reduced }
}
