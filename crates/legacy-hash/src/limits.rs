//! How much a stored hash may cost. A hash string comes from a table that others filled: its numbers are
//! claims of an adversary until they have been compared with these.
//!
//! Two caps for each: the default one, which real rows stay under, and an absolute one that no setting can
//! lift. Times are of one thread of a current server.

/// Passwords longer than this are wrong, without looking at them.
///
/// WordPress, phpass and Symfony cut off at 4096 bytes too; longer input only serves to keep the server busy.
pub const MAX_PASSWORD_BYTES: usize = 4096;

/// Stored hashes, and salts that come from a column of their own, longer than this are refused unread.
///
/// The longest strings that real systems store are Keycloak's JSON credentials (about 1 KiB) and
/// passport-local-mongoose's 512 byte keys in hex.
pub const MAX_HASH_BYTES: usize = 8192;

/// bcrypt cost (log2 of the rounds). Real maximum seen: 15. 16 takes about 4.6 s, and each step doubles it.
pub const BCRYPT_COST: u32 = 16;
/// bcrypt cost that no setting exceeds: about 75 s.
pub const BCRYPT_COST_ABSOLUTE: u32 = 20;

/// PBKDF2: iterations times output blocks, since each block is computed anew. Real maximum seen: 1.2 million
/// (Django 6). 5 million take 3 s (SHA-1) to 5 s (SHA-512).
pub const PBKDF2_WORK: u64 = 5_000_000;
/// PBKDF2 work that no setting exceeds: about 20 s.
pub const PBKDF2_WORK_ABSOLUTE: u64 = 20_000_000;
/// PBKDF2: length of the derived key. passport-local-mongoose's 512 bytes are the real maximum.
pub const PBKDF2_KEY_BYTES: usize = 1024;

/// scrypt: memory in bytes, 128*N*r. Real maximum seen: 128 MiB (N = 2^17 with r = 8; N = 2^16 with r = 16 at
/// Gitea).
pub const SCRYPT_MEMORY: u64 = 256 << 20;
/// scrypt memory that no setting exceeds: 1 GiB.
pub const SCRYPT_MEMORY_ABSOLUTE: u64 = 1 << 30;
/// scrypt: N·r·p, to which the time is proportional. 2^22 take about 2 s.
pub const SCRYPT_WORK: u64 = 1 << 22;
/// scrypt work that no setting exceeds: about 8 s.
pub const SCRYPT_WORK_ABSOLUTE: u64 = 1 << 24;

/// argon2: memory in KiB. Real maximum seen: 128 MiB in web applications (libsodium's "sensitive" preset asks
/// for 1 GiB).
pub const ARGON2_MEMORY_KIB: u32 = 256 << 10;
/// argon2 memory that no setting exceeds, in KiB: 1 GiB, libsodium's "sensitive".
pub const ARGON2_MEMORY_KIB_ABSOLUTE: u32 = 1 << 20;
/// argon2: passes over the memory. Real maximum seen: 5 in web applications.
pub const ARGON2_PASSES: u32 = 16;
/// argon2 passes that no setting exceeds.
pub const ARGON2_PASSES_ABSOLUTE: u32 = 64;
/// argon2: memory times passes in KiB, to which the time is proportional. 2 GiB take 2 to 3 s.
pub const ARGON2_WORK_KIB: u64 = 2 << 20;
/// argon2 work that no setting exceeds, in KiB: 8 GiB.
pub const ARGON2_WORK_KIB_ABSOLUTE: u64 = 8 << 20;
/// argon2: lanes. They cost nothing by themselves; real maximum seen: 8.
pub const ARGON2_LANES: u32 = 64;
/// argon2: length of the output in bytes. 1024 are what the reference's command line can produce.
pub const ARGON2_OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 4..=1024;
/// argon2: memory in KiB that stays allocated between two hashes of one thread. More is given back: one
/// expensive row must not keep its memory for as long as the connection lives. Covers the usual settings, up
/// to PHP's and libsodium's 64 MiB.
pub const ARGON2_KEPT_KIB: usize = 64 << 10;

/// sha256crypt, sha512crypt: rounds. passlib's 656,000 are the real maximum; 2 million take about 1 s for a
/// short password.
pub const SHA_CRYPT_ROUNDS: u64 = 2_000_000;
/// sha-crypt rounds that no setting exceeds.
pub const SHA_CRYPT_ROUNDS_ABSOLUTE: u64 = 10_000_000;
/// sha256crypt, sha512crypt: rounds times bytes of the password, since each round hashes the password up to
/// twice. A 40 byte password under passlib's 656,000 rounds makes 2^25; a long one must not turn one second
/// into minutes.
pub const SHA_CRYPT_WORK: u64 = 1 << 28;

/// phpass: iterations times bytes of the password, each of which every iteration hashes. 4096 bytes under
/// 2^13 iterations make 2^25.
pub const PHPASS_WORK: u64 = 1 << 28;
/// phpass: log2 of the iterations. Real maximum seen: 13; 20 take 0.3 s. The notation goes up to 30.
pub const PHPASS_LOG2: u32 = 20;
/// phpass log2 that no setting exceeds: about 4 s.
pub const PHPASS_LOG2_ABSOLUTE: u32 = 24;

/// Iterated digests (sunmd5, sha1crypt, Jasypt, Shiro, Symfony, SSPR and their like): rounds. Real maximum seen: 500,000
/// (Shiro); 2 million take about 1 s for a short password.
pub const DIGEST_ROUNDS: u64 = 2_000_000;
/// Rounds of iterated digests that no setting exceeds.
pub const DIGEST_ROUNDS_ABSOLUTE: u64 = 10_000_000;
/// Iterated digests: rounds times bytes that each round hashes anew, where the password is among them.
pub const DIGEST_WORK: u64 = 1 << 28;

/// Recipes: calls of a compression function. 2^22 take 0.5 s (MD5) to 3 s (Whirlpool).
pub const RECIPE_WORK: u64 = 1 << 22;
/// Recipe work that no setting exceeds.
pub const RECIPE_WORK_ABSOLUTE: u64 = 1 << 24;

/// Calibration: calls of the tick in one search, each of them a try or a few milliseconds of one. Up to minutes where all
/// tries are costly; most searches need fewer than a thousand.
pub const CALIBRATION_TICKS: u32 = 100_000;
/// Calibration: calls of a compression function in one recipe. The usual ones iterate up to 1024 times.
pub const CALIBRATION_RECIPE_WORK: u64 = 1 << 14;

/// One of the [`Limits`], for who sets them by name.
pub struct Bound {
    /// The name of the field.
    pub name: &'static str,
    /// What it bounds, and in which unit.
    pub about: &'static str,
    /// The default cap.
    pub default: u64,
    /// The cap that no setting lifts.
    pub absolute: u64,
    /// Sets it.
    pub set: fn(&mut Limits, u64),
}

/// The limits, once: the field, its type, its default and its absolute cap.
macro_rules! limits {
    ($(#[doc = $doc:literal] $field:ident: $type:ty = $default:expr, $absolute:expr;)*) => {
        /// The cost bounds of one call, in the units of the constants of this module. [`Default`] is their
        /// default caps.
        ///
        /// Whatever is set here, the absolute caps hold.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Limits {
            $(#[doc = $doc] pub $field: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Limits {
            /// The caps that no setting lifts.
            pub const ABSOLUTE: Self = Self { $($field: $absolute,)* };

            /// What there is to set.
            pub const BOUNDS: &[Bound] = &[
                $(Bound {
                    name: stringify!($field),
                    about: $doc,
                    default: $default as u64,
                    absolute: $absolute as u64,
                    set: |limits, value| limits.$field = value.try_into().unwrap_or(<$type>::MAX),
                },)*
            ];

            /// These limits, none above its absolute cap.
            pub(crate) fn capped(&self) -> Self {
                Self { $($field: self.$field.min($absolute),)* }
            }
        }
    };
}

limits! {
    /// Highest bcrypt cost, log2 of the rounds.
    bcrypt_cost: u32 = BCRYPT_COST, BCRYPT_COST_ABSOLUTE;
    /// Most PBKDF2 iterations times output blocks.
    pbkdf2_work: u64 = PBKDF2_WORK, PBKDF2_WORK_ABSOLUTE;
    /// Most bytes of memory for scrypt, 128*N*r.
    scrypt_memory: u64 = SCRYPT_MEMORY, SCRYPT_MEMORY_ABSOLUTE;
    /// Highest N*r*p of scrypt.
    scrypt_work: u64 = SCRYPT_WORK, SCRYPT_WORK_ABSOLUTE;
    /// Most KiB of memory for argon2.
    argon2_memory_kib: u32 = ARGON2_MEMORY_KIB, ARGON2_MEMORY_KIB_ABSOLUTE;
    /// Most passes of argon2.
    argon2_passes: u32 = ARGON2_PASSES, ARGON2_PASSES_ABSOLUTE;
    /// Most KiB of memory times passes of argon2.
    argon2_work_kib: u64 = ARGON2_WORK_KIB, ARGON2_WORK_KIB_ABSOLUTE;
    /// Most rounds of sha256crypt and sha512crypt.
    sha_crypt_rounds: u64 = SHA_CRYPT_ROUNDS, SHA_CRYPT_ROUNDS_ABSOLUTE;
    /// Highest log2 of the iterations of phpass.
    phpass_log2: u32 = PHPASS_LOG2, PHPASS_LOG2_ABSOLUTE;
    /// Most rounds of other iterated digests.
    digest_rounds: u64 = DIGEST_ROUNDS, DIGEST_ROUNDS_ABSOLUTE;
    /// Most calls of a compression function in a recipe.
    recipe_work: u64 = RECIPE_WORK, RECIPE_WORK_ABSOLUTE;
}
