//! RELP, syslog with acknowledgements: a command is answered when all in-sync replicas have its message.
//!
//! While Kafka is slow, commands stay unanswered, and a client whose window is full waits. At a stop it is told that the server
//! closes; what has no answer, it sends again elsewhere.

use forebay_wire::frames::Frames;
use forebay_wire::relp::{SERVER_CLOSE, Session, Window};

use super::Protocol;
use super::flow::{Ends, MAX_MESSAGES, Speak, Taken};

/// A session.
pub(super) struct Relp {
    session: Session,
    is_closed: bool,
}

/// The commands of a batch, and the one that ends the session.
pub(super) struct Commands {
    commands: Vec<u32>,
    close: Option<u32>,
}

impl Relp {
    /// With messages of at most `max` bytes; longer ones are cut.
    pub(super) const fn new(max: usize) -> Self {
        Self { session: Session::new(max), is_closed: false }
    }
}

impl Speak for Relp {
    const PROTOCOL: Protocol = Protocol::Relp;
    const FORMAT: &'static str = "syslog";
    const ACKNOWLEDGES: bool = true;
    type Owed = Commands;

    fn take(&mut self, buffer: &[u8]) -> Taken<Commands> {
        let mut window = Window::new(MAX_MESSAGES);
        let (used, broken) = match self.session.take(buffer, &mut window) {
            Ok(used) => (used, None),
            Err(error) => (buffer.len(), Some(Ends::Broken(error.to_string()))),
        };
        let Window { frames, commands, answers, close } = window;
        let owes = close.is_some() || !commands.is_empty();
        let ends = broken.or(close.map(|_| Ends::Asked));
        Taken { used, frames, owed: owes.then_some(Commands { commands, close }), answers, ends }
    }

    fn finish(&mut self, _rest: &[u8]) -> Frames {
        // Half a command: it has no answer, and will be sent again.
        Frames::new(0)
    }

    fn answer(&mut self, owed: Commands, out: &mut Vec<u8>) {
        Window::acknowledge(&owed.commands, out);
        if let Some(txnr) = owed.close {
            Window::acknowledge_close(txnr, out);
            self.is_closed = true;
        }
    }

    fn farewell(&mut self, out: &mut Vec<u8>) {
        if !self.is_closed {
            out.extend_from_slice(SERVER_CLOSE);
        }
    }
}
