//! Any bytes as the key of a record in `forebay.events`: an answer; what is read and written again reads the same.

#![no_main]

use forebay_record::EventKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(key) = EventKey::read(data) {
        let mut again = String::new();
        key.push(&mut again);
        assert_eq!(EventKey::read(again.as_bytes()), Ok(key));
    }
});
