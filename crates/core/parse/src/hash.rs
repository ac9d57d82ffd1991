//! A hash of short keys for tables that nobody outside can fill at will.
//!
//! It reads at most sixteen bytes, so it is cheap and weak: keys that agree at both ends collide. Whoever uses it
//! compares keys too, and falls back to a keyed hash where foreign input decides how many there are.

/// Hashes a key together with a small number that says where it stands.
pub(crate) fn short(place: u8, key: &[u8]) -> u32 {
    let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
            (Some(head), Some(tail)) => {
                (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)))
            }
            _ => (key.iter().fold(1, |hash, byte| hash << 8 | u64::from(*byte)), 0),
        },
    };
    let length = (key.len() as u64) << 8 | u64::from(place);
    let mixed = (head ^ length.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        ^ tail.wrapping_mul(0x94D0_49BB_1331_11EB).rotate_left(29);
    (mixed ^ mixed >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93).wrapping_shr(32) as u32
}
