//! How much of a message has come that isn't complete, as the frames of a WebSocket show it.
//!
//! Whoever reads messages learns of one when it is complete, and of its bytes not before; by then they have taken memory. So the
//! bytes are looked at on their way to the reader. Frames are those of [RFC 6455], section 5.2. What is no frame is the reader's
//! to refuse.
//!
//! [RFC 6455]: <https://www.rfc-editor.org/rfc/rfc6455#section-5.2>

/// The longest head of a frame: two bytes, eight for the length, four for the mask.
const HEAD: usize = 14;

/// Follows the bytes of one direction of a connection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    head: [u8; HEAD],
    /// How much of the head of a frame has come.
    seen: usize,
    /// How much of the frame is to come after its head; none as long as the head isn't complete.
    left: Option<u64>,
    /// The bytes of the message, its frames' heads included.
    under_way: usize,
}

impl Progress {
    /// The next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.left {
                Some(left) => usize::try_from(left).unwrap_or(usize::MAX).min(rest.len()),
                None => 1,
            };
            let (now, later) = rest.split_at_checked(used).unwrap_or((rest, &[]));
            match &mut self.left {
                Some(left) => *left -= now.len() as u64,
                None => self.head(now.first().copied().unwrap_or_default()),
            }
            if !self.is_control() {
                self.under_way = self.under_way.saturating_add(now.len());
            }
            if self.left == Some(0) {
                self.frame_ended();
            }
            rest = later;
        }
    }

    /// How many bytes of a message have come that isn't complete; 0 between two messages.
    #[must_use]
    pub const fn under_way(&self) -> usize {
        self.under_way
    }

    fn head(&mut self, byte: u8) {
        if let Some(place) = self.head.get_mut(self.seen) {
            *place = byte;
            self.seen += 1;
        }
        let [_, second, ..] = self.head;
        let of_length = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if self.seen < 2 || self.seen < 2 + of_length + mask {
            return;
        }
        let given = self.head.get(2..2 + of_length).unwrap_or_default();
        let long = given.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
        self.left = Some(if of_length == 0 { u64::from(second & 0x7f) } else { long });
    }

    fn frame_ended(&mut self) {
        let [first, ..] = self.head;
        if first & 0x80 != 0 && !self.is_control() {
            self.under_way = 0;
        }
        (self.head, self.seen, self.left) = ([0; HEAD], 0, None);
    }

    /// Whether the frame is a ping, a pong or a close, which may come amid a message and belong to none.
    const fn is_control(&self) -> bool {
        let [first, ..] = self.head;
        first & 0x08 != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: u8 = 0x01;
    const MORE: u8 = 0x00;
    const PING: u8 = 0x09;
    const FIN: u8 = 0x80;

    /// A frame as a client sends it.
    fn frame(first: u8, len: usize) -> Vec<u8> {
        let mut out = vec![first];
        match len {
            0..126 => out.push(0x80 | u8::try_from(len).unwrap()),
            126..65_536 => {
                out.push(0x80 | 126);
                out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            }
            _ => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&[7; 4]);
        out.resize(out.len() + len, b'x');
        out
    }

    #[test]
    fn what_is_not_complete_is_counted_and_pings_are_not() {
        let mut progress = Progress::default();
        let mut after = |bytes: &[u8]| {
            progress.see(bytes);
            progress.under_way()
        };
        assert_eq!(after(&frame(FIN | TEXT, 5)), 0);
        let begun = frame(TEXT, 300);
        assert_eq!(after(&begun[..1]), 1);
        assert_eq!(after(&begun[1..100]), 100);
        assert_eq!(after(&begun[100..]), begun.len());
        assert_eq!(after(&frame(FIN | PING, 10)), begun.len());
        let last = frame(FIN | MORE, 70_000);
        assert_eq!(after(&last[..60_000]), begun.len() + 60_000);
        assert_eq!(after(&last[60_000..]), 0);
        assert_eq!(after(&frame(FIN | TEXT, 0)), 0);
        assert_eq!(after(&frame(FIN | PING, 3)[..4]), 0);
    }

    proptest! {
        /// Guarantees: how the bytes are split changes nothing; whole messages leave nothing behind.
        #[test]
        fn any_split_counts_the_same(
            frames in prop::collection::vec((any::<bool>(), any::<bool>(), 0_usize..400), 0..8),
            cuts in prop::collection::vec(1_usize..50, 1..40),
        ) {
            let mut bytes = Vec::new();
            for (is_ping, is_last, len) in frames {
                let first = if is_ping { FIN | PING } else if is_last { FIN | TEXT } else { TEXT };
                bytes.extend_from_slice(&frame(first, len));
            }
            let mut whole = Progress::default();
            whole.see(&bytes);
            let (mut split, mut rest, mut cuts) = (Progress::default(), &bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                split.see(now);
                rest = later;
            }
            prop_assert_eq!(&split, &whole);
            split.see(&frame(FIN | MORE, 1));
            prop_assert_eq!(split.under_way(), 0);
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            let mut progress = Progress::default();
            progress.see(&bytes);
            prop_assert!(progress.under_way() <= bytes.len());
        }
    }
}
