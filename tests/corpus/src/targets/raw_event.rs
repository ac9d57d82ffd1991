//! Any bytes as the value of a record in `forebay.raw`: an answer; what is read and written again reads the same.

use forebay_record::{RawEvent, RawTemplate};

/// Looks at one input.
pub fn check(data: &[u8]) {
    if let Ok(event) = RawEvent::read(data) {
        let mut again = Vec::new();
        RawTemplate::new(&event).push(&mut again, event.id, event.body);
        assert_eq!(RawEvent::read(&again).as_ref(), Ok(&event));
    }
}
