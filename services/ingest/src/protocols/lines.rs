//! Messages with an end of their own, and nothing else about them: plain lines, and GELF over TCP, which ends with NUL.
//!
//! Neither has acknowledgements: see [`syslog`](super::syslog).

use std::marker::PhantomData;

use forebay_wire::delimited::{Delimited, Oversized};
use forebay_wire::frames::Frames;

use super::Protocol;
use super::flow::{MAX_MESSAGES, Speak, Taken};

/// What tells the two apart.
pub(super) trait Kind: Send {
    const PROTOCOL: Protocol;
    const FORMAT: &'static str;
    const DELIMITER: u8;
    const OVERSIZED: Oversized;
}

/// Lines of any format; the parser finds out which.
pub(super) struct Text;

/// GELF, <https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html>, "GELF via TCP".
pub(super) struct Gelf;

impl Kind for Text {
    const PROTOCOL: Protocol = Protocol::Lines;
    const FORMAT: &'static str = "";
    const DELIMITER: u8 = b'\n';
    const OVERSIZED: Oversized = Oversized::Cut;
}

impl Kind for Gelf {
    const PROTOCOL: Protocol = Protocol::Gelf;
    const FORMAT: &'static str = "gelf";
    const DELIMITER: u8 = 0;
    const OVERSIZED: Oversized = Oversized::Refused;
}

/// A connection that sends them.
pub(super) struct Lines<K> {
    framing: Delimited,
    kind: PhantomData<K>,
}

impl<K: Kind> Lines<K> {
    /// With messages of at most `max` bytes.
    pub(super) const fn new(max: usize) -> Self {
        Self { framing: Delimited::new(Some(K::DELIMITER), max, K::OVERSIZED), kind: PhantomData }
    }
}

impl<K: Kind> Speak for Lines<K> {
    const PROTOCOL: Protocol = K::PROTOCOL;
    const FORMAT: &'static str = K::FORMAT;
    const ACKNOWLEDGES: bool = false;
    type Owed = ();

    fn take(&mut self, buffer: &[u8]) -> Taken<()> {
        let mut frames = Frames::new(MAX_MESSAGES);
        let used = self.framing.take(buffer, 0, &mut frames);
        Taken { used, frames, owed: None, answers: Vec::new(), ends: None }
    }

    fn finish(&mut self, rest: &[u8]) -> Frames {
        let mut frames = Frames::new(MAX_MESSAGES);
        self.framing.finish(rest, &mut frames);
        frames
    }

    fn answer(&mut self, (): (), _out: &mut Vec<u8>) {}

    fn farewell(&mut self, _out: &mut Vec<u8>) {}
}
