//! Limits under which everything is cheap. The fuzz targets use them too.

use legacy_hash::Limits;

/// So low that whatever passes them is cheap.
pub const TIGHT: Limits = Limits {
    bcrypt_cost: 4,
    pbkdf2_work: 200,
    scrypt_memory: 1 << 16,
    scrypt_work: 1 << 9,
    argon2_memory_kib: 64,
    argon2_passes: 2,
    argon2_work_kib: 128,
    sha_crypt_rounds: 1001,
    phpass_log2: 8,
    digest_rounds: 1001,
    recipe_work: 1000,
};

/// A tick comes every few milliseconds: so many of them under these limits would no longer be cheap.
pub const MOST_TICKS: u32 = 200;
