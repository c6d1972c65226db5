//! Single blocks of the block ciphers, for the schemes that encrypt one or a few.

use aes::Aes256;
use des::Des;
use des::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};
use zeroize::Zeroizing;

/// One block under DES. The parity bits of the key don't matter.
pub(crate) fn des(key: &[u8; 8], block: &[u8; 8]) -> Zeroizing<[u8; 8]> {
    let mut block = Array::from(*block);
    Des::new(&Array::from(*key)).encrypt_block(&mut block);
    Zeroizing::new(block.into())
}

/// The last block of `text` under DES in CBC mode with a zero IV, `text` filled with NULs to whole blocks.
pub(crate) fn des_cbc_mac(key: &[u8; 8], text: &[u8]) -> Zeroizing<[u8; 8]> {
    let cipher = Des::new(&Array::from(*key));
    let mut state = Zeroizing::new([0; 8]);
    for chunk in text.chunks(8) {
        state.iter_mut().zip(chunk).for_each(|(byte, next)| *byte ^= next);
        let mut block = Array::from(*state);
        cipher.encrypt_block(&mut block);
        *state = block.into();
    }
    state
}

/// One block under AES-256.
pub(crate) fn aes256(key: &[u8; 32], block: &[u8; 16]) -> Zeroizing<[u8; 16]> {
    let mut block = Array::from(*block);
    Aes256::new(&Array::from(*key)).encrypt_block(&mut block);
    Zeroizing::new(block.into())
}
