//! The digests and their HMACs, behind one name each.

use blake2::{Blake2b256, Blake2b512, Blake2s256};
use gost94::{Gost94CryptoPro, Gost94Test};
use hmac::digest::block_api::BlockSizeUser;
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use md4::Md4;
use md5::Md5;
use ripemd::{Ripemd128, Ripemd160, Ripemd256, Ripemd320};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Keccak224, Keccak256, Keccak384, Keccak512, Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use sm3::Sm3;
use streebog::{Streebog256, Streebog512};
use tiger::Tiger;
use whirlpool::Whirlpool;
use zeroize::Zeroizing;

/// The digest functions, once: the variant, the name that recipes use, the type, and the bytes of its output
/// and its block.
macro_rules! digests {
    ($($variant:ident $name:literal $type:ty, $len:literal, $block:literal;)*) => {
        /// A digest function.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Hash {
            $($variant,)*
        }

        impl Hash {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in recipes.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The length of its output in bytes.
            pub(crate) const fn len(self) -> usize {
                match self {
                    $(Self::$variant => $len,)*
                }
            }

            /// The bytes that one call of its compression function takes in.
            pub(crate) const fn block_len(self) -> usize {
                match self {
                    $(Self::$variant => $block,)*
                }
            }

            /// Does the work with the type of the digest.
            pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
                match self {
                    $(Self::$variant => work.run::<$type>(),)*
                }
            }
        }
    };
}

digests! {
    Md4 "md4" Md4, 16, 64;
    Md5 "md5" Md5, 16, 64;
    Sha1 "sha1" Sha1, 20, 64;
    Sha224 "sha224" Sha224, 28, 64;
    Sha256 "sha256" Sha256, 32, 64;
    Sha384 "sha384" Sha384, 48, 128;
    Sha512 "sha512" Sha512, 64, 128;
    Sha3_224 "sha3_224" Sha3_224, 28, 144;
    Sha3_256 "sha3_256" Sha3_256, 32, 136;
    Sha3_384 "sha3_384" Sha3_384, 48, 104;
    Sha3_512 "sha3_512" Sha3_512, 64, 72;
    Keccak224 "keccak_224" Keccak224, 28, 144;
    Keccak256 "keccak_256" Keccak256, 32, 136;
    Keccak384 "keccak_384" Keccak384, 48, 104;
    Keccak512 "keccak_512" Keccak512, 64, 72;
    Whirlpool "whirlpool" Whirlpool, 64, 64;
    Ripemd128 "ripemd128" Ripemd128, 16, 64;
    Ripemd160 "ripemd160" Ripemd160, 20, 64;
    Ripemd256 "ripemd256" Ripemd256, 32, 64;
    Ripemd320 "ripemd320" Ripemd320, 40, 64;
    Tiger "tiger" Tiger, 24, 64;
    Gost94 "gost94" Gost94Test, 32, 32;
    Gost94CryptoPro "gost94cp" Gost94CryptoPro, 32, 32;
    Streebog256 "streebog256" Streebog256, 32, 64;
    Streebog512 "streebog512" Streebog512, 64, 64;
    Blake2b256 "blake2b256" Blake2b256, 32, 128;
    Blake2b512 "blake2b512" Blake2b512, 64, 128;
    Blake2s256 "blake2s256" Blake2s256, 32, 64;
    Sm3 "sm3" Sm3, 32, 64;
}

impl Hash {
    /// The digest that has this name in recipes.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hash| hash.name() == name)
    }

    /// The digest of the parts, one after the other.
    pub(crate) fn of(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        self.run(Plain(parts))
    }

    /// The HMAC (RFC 2104) of the parts, one after the other, under a key of any length.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        self.run(Keyed(key, parts))
    }
}

/// What can be done with any digest.
pub(crate) trait Work {
    type Output;

    fn run<D: Digest + BlockSizeUser + Clone>(self) -> Self::Output;
}

struct Plain<'a>(&'a [&'a [u8]]);

impl Work for Plain<'_> {
    type Output = Zeroizing<Vec<u8>>;

    fn run<D: Digest + BlockSizeUser + Clone>(self) -> Self::Output {
        let mut digest = D::new();
        for part in self.0 {
            digest.update(part);
        }
        Zeroizing::new(digest.finalize().to_vec())
    }
}

struct Keyed<'a>(&'a [u8], &'a [&'a [u8]]);

impl Work for Keyed<'_> {
    type Output = Zeroizing<Vec<u8>>;

    fn run<D: Digest + BlockSizeUser + Clone>(self) -> Self::Output {
        // HMAC takes keys of any length: the error is of the trait, not of the function.
        let Ok(mut hmac) = SimpleHmac::<D>::new_from_slice(self.0) else { return Zeroizing::default() };
        for part in self.1 {
            hmac.update(part);
        }
        Zeroizing::new(hmac.finalize().into_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn lengths_are_those_of_the_output() {
        for hash in Hash::ALL {
            assert_eq!(hash.of(&[]).len(), hash.len(), "{}", hash.name());
            assert_eq!(hash.hmac(b"key", &[]).len(), hash.len(), "{}", hash.name());
        }
    }
}
