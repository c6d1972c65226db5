//! Powers of 5 modulo Radmin's prime of 2048 bits, by Montgomery's multiplication.

const WORDS: usize = 32;

/// The bytes of a power.
pub(crate) const POWER_BYTES: usize = 8 * WORDS;

/// A number, the least significant word first.
type Number = [u64; WORDS];

/// 5 to the power of this exponent, both with the most significant byte first.
pub(crate) fn power_of_five(exponent: &[u8]) -> [u8; POWER_BYTES] {
    let mut power = ONE;
    for byte in exponent {
        for bit in (0..8).rev() {
            power = multiply(&power, &power);
            if byte >> bit & 1 == 1 {
                power = multiply(&power, &FIVE);
            }
        }
    }
    let mut one = [0; WORDS];
    one[0] = 1;
    let mut bytes = [0; POWER_BYTES];
    for (bytes, word) in bytes.chunks_exact_mut(8).zip(multiply(&power, &one).iter().rev()) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

/// a·b / 2^2048 modulo the prime: a word of b at a time, with as many primes as make the lowest word zero, which
/// is then dropped.
fn multiply(a: &Number, b: &Number) -> Number {
    let mut sum = [0; WORDS];
    let mut top = 0;
    for &word in b {
        top += add_product(&mut sum, a, word);
        let primes = sum[0].wrapping_mul(INVERSE);
        top += add_product(&mut sum, &PRIME, primes);
        sum.rotate_left(1);
        sum[WORDS - 1] = top as u64;
        top >>= 64;
    }
    if top != 0 || !is_below_prime(&sum) { less_prime(&sum) } else { sum }
}

/// Adds a·word, and returns what is carried beyond the last word.
fn add_product(sum: &mut Number, a: &Number, word: u64) -> u128 {
    let mut carry = 0;
    for (sum, &a) in sum.iter_mut().zip(a) {
        carry += u128::from(*sum) + u128::from(a) * u128::from(word);
        *sum = carry as u64;
        carry >>= 64;
    }
    carry
}

fn is_below_prime(number: &Number) -> bool {
    number.iter().rev().lt(PRIME.iter().rev())
}

fn less_prime(number: &Number) -> Number {
    let mut borrow = false;
    let mut out = *number;
    for (out, &prime) in out.iter_mut().zip(&PRIME) {
        let (partial, first) = out.overflowing_sub(prime);
        let (total, second) = partial.overflowing_sub(borrow.into());
        (*out, borrow) = (total, first || second);
    }
    out
}

/// The prime.
#[rustfmt::skip]
const PRIME: Number = [
    0x7b379fd7740a682f, 0xd70b2bca4af5b8d3, 0xe5a4ccf5d7f51544, 0x30ebc4fd24c9e5a2,
    0xfaa0c43b40a71f19, 0xac9278b92bfe7dba, 0x9c4d18f697245bd2, 0x6091acea89dfd06c,
    0x2cfb3b528ba2332d, 0x34fd0fd45350dec7, 0x149167ea125db8ad, 0x0fdbaf4601f560dd,
    0xc5473fdb6b0c6bdb, 0xb8f90dea36fc4f80, 0x590387f548598f2c, 0x021c881ae63ec4b3,
    0xbdd952f7a0d18a79, 0xedbba5eae99e6127, 0xf8bdd56a102fc6ce, 0xdb70102266261cd3,
    0x2d7cdf810db4db96, 0xca9f08062cbdd4ac, 0x81a32da95503342e, 0xffd8df96fd0f9e29,
    0xef2fcd2a4dd09947, 0x86b0dbe60dfe4178, 0x8e0c3bff92cf3357, 0xcafca04a53e36fb6,
    0x13b406f23e2cec58, 0xaec0b980d4304b01, 0x5d02f19d587d8f77, 0x9847fc7e0f891dfd,
];

/// 2^2048 modulo the prime: how 1 is written here.
#[rustfmt::skip]
const ONE: Number = [
    0x84c860288bf597d1, 0x28f4d435b50a472c, 0x1a5b330a280aeabb, 0xcf143b02db361a5d,
    0x055f3bc4bf58e0e6, 0x536d8746d4018245, 0x63b2e70968dba42d, 0x9f6e531576202f93,
    0xd304c4ad745dccd2, 0xcb02f02bacaf2138, 0xeb6e9815eda24752, 0xf02450b9fe0a9f22,
    0x3ab8c02494f39424, 0x4706f215c903b07f, 0xa6fc780ab7a670d3, 0xfde377e519c13b4c,
    0x4226ad085f2e7586, 0x12445a1516619ed8, 0x07422a95efd03931, 0x248fefdd99d9e32c,
    0xd283207ef24b2469, 0x3560f7f9d3422b53, 0x7e5cd256aafccbd1, 0x0027206902f061d6,
    0x10d032d5b22f66b8, 0x794f2419f201be87, 0x71f3c4006d30cca8, 0x35035fb5ac1c9049,
    0xec4bf90dc1d313a7, 0x513f467f2bcfb4fe, 0xa2fd0e62a7827088, 0x67b80381f076e202,
];

/// 5·2^2048 modulo the prime: how 5 is written here.
#[rustfmt::skip]
const FIVE: Number = [
    0x264301445facbe88, 0x47a6a1ada8523964, 0xd2d99851405755d9, 0x78a1d816d9b0d2e8,
    0x2af9de25fac70736, 0x9b6c3a36a00c1228, 0x1d97384b46dd216a, 0xfb7298abb1017c9b,
    0x9826256ba2ee6694, 0x5817815d657909c6, 0x5b74c0af6d123a96, 0x812285cff054f917,
    0xd5c60124a79ca127, 0x383790ae481d83f9, 0x37e3c055bd33869a, 0xef1bbf28ce09da65,
    0x11356842f973ac37, 0x9222d0a8b30cf6c2, 0x3a1154af7e81c988, 0x247f7eeccecf1960,
    0x941903f792592349, 0xab07bfce9a115a9e, 0xf2e692b557e65e89, 0x0139034817830eb3,
    0x868196ad917b35c0, 0xca7920cf900df438, 0x8f9e200369866543, 0xa81afdad60e4824b,
    0x625fc86e0e989d39, 0x89fa33f95e7da7f7, 0x17e873153c138442, 0x3dc01c0f83b71015,
];

/// -1 divided by the prime, modulo 2^64.
const INVERSE: u64 = 0x56654c77fdac2131;
