//! Any bytes as the key of a record in `forebay.events`: an answer; what is read and written again reads the same.

use forebay_record::EventKey;

/// Looks at one input.
pub fn check(data: &[u8]) {
    if let Ok(key) = EventKey::read(data) {
        let mut again = String::new();
        key.push(&mut again);
        assert_eq!(EventKey::read(again.as_bytes()), Ok(key));
    }
}
