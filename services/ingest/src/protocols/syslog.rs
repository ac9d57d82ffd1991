//! Syslog over TCP, TLS and Unix sockets; over UDP and Unix datagrams see [`datagrams`](super::datagrams).
//!
//! There are no acknowledgements ([RFC 6587] regrets it): while Kafka is slow, nothing is read, and the sender waits; what it has sent
//! and we have not read is lost when either side goes away, which only RELP mends.
//!
//! [RFC 6587]: <https://www.rfc-editor.org/rfc/rfc6587#section-3.1>

use forebay_wire::frames::Frames;
use forebay_wire::syslog::Framing;

use super::Protocol;
use super::flow::{Ends, MAX_MESSAGES, Speak, Taken};

/// A connection that speaks it.
pub(super) struct Syslog {
    framing: Framing,
}

impl Syslog {
    /// With messages of at most `max` bytes; longer ones are cut.
    pub(super) const fn new(max: usize) -> Self {
        Self { framing: Framing::new(max) }
    }
}

impl Speak for Syslog {
    const PROTOCOL: Protocol = Protocol::Syslog;
    const FORMAT: &'static str = "syslog";
    const ACKNOWLEDGES: bool = false;
    type Owed = ();

    fn take(&mut self, buffer: &[u8]) -> Taken<()> {
        let mut frames = Frames::new(MAX_MESSAGES);
        let (used, ends) = match self.framing.take(buffer, &mut frames) {
            Ok(used) => (used, None),
            Err(error) => (buffer.len(), Some(Ends::Broken(error.to_string()))),
        };
        Taken { used, frames, owed: None, answers: Vec::new(), ends }
    }

    fn finish(&mut self, rest: &[u8]) -> Frames {
        let mut frames = Frames::new(MAX_MESSAGES);
        self.framing.finish(rest, &mut frames);
        frames
    }

    fn answer(&mut self, (): (), _out: &mut Vec<u8>) {}

    fn farewell(&mut self, _out: &mut Vec<u8>) {}
}
