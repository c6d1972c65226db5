//! Advisory locks of pg_ferry's own class.

use pgrx::pg_sys;

/// The fourth field of an advisory lock tag tells its class: PostgreSQL's SQL functions use 1 and
/// 2. Ours can therefore never collide with a lock that an application takes. `pg_locks` shows it
/// as `objsubid`.
const LOCK_CLASS: u16 = 0x0FE2;

/// Waits for the lock on `key` and keeps it until the (sub)transaction ends.
pub(crate) fn acquire(key: u64) {
    lock(key, pg_sys::ExclusiveLock);
}

/// The same, together with others who share it.
pub(crate) fn share(key: u64) {
    lock(key, pg_sys::ShareLock);
}

fn lock(key: u64, mode: u32) {
    let mut tag = pg_sys::LOCKTAG {
        // SAFETY: reads the database of this backend.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: (key >> 32) as u32,
        locktag_field3: key as u32,
        locktag_field4: LOCK_CLASS,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    };
    // SAFETY: a complete tag; lock_timeout, cancel and deadlock detection apply as usual.
    unsafe {
        pg_sys::LockAcquire(&raw mut tag, mode as i32, false, false);
    }
}
