//! RELP, syslog with acknowledgements: the server's side.
//!
//! A client opens a session, sends commands without waiting for each, and every one is answered under its number, so that
//! it knows what to send again over another connection. Here a command is answered when Kafka has its message, and not before:
//! a client whose window of unanswered commands is full waits, which is the back-pressure of this protocol.
//!
//! A message that is larger than an event may be is cut, as with [`syslog`](crate::syslog), and answered like any other: refused,
//! it would be sent again for ever. A frame that can't be read ends the session, since nobody knows where the next begins.
//!
//! Source: <https://www.rsyslog.com/doc/relp.html>.

mod frame;

use std::io::Write as _;

use thiserror::Error;

use crate::frames::Frames;
use frame::{Header, header};

/// What says who answers: name, version, address.
const SOFTWARE: &str = concat!("forebay,", env!("CARGO_PKG_VERSION"), ",https://github.com/forebay");

/// The largest data of a command other than `syslog`, in bytes. Offers take about a hundred.
const MAX_OFFERS: usize = 4096;

/// The hint that the server is about to close the session.
pub const SERVER_CLOSE: &[u8] = b"0 serverclose 0\n";

/// The session can't go on.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RelpError {
    /// The bytes are no frame.
    #[error("no RELP frame {at} bytes into the connection: {what}")]
    Frame {
        /// Where it begins.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The session isn't open.
    #[error("a RELP session has to begin with `open`")]
    NotOpen,
    /// The session is open already.
    #[error("`open` in a RELP session that is open")]
    OpenTwice,
    /// The client's offers can't be read, or the two have no version in common.
    #[error("the offers of the RELP client can't be met: {0}")]
    Offers(&'static str),
}

/// What came in one go.
#[derive(Clone, Debug)]
pub struct Window {
    /// The messages.
    pub frames: Frames,
    /// The commands that are to be answered once Kafka has the messages, in their order. A blank message has a command too.
    pub commands: Vec<u32>,
    /// What is to be answered at once.
    pub answers: Vec<u8>,
    /// The client's `close`, which ends the session: answered after everything else.
    pub close: Option<u32>,
}

/// A session, from its first byte to its last.
#[derive(Clone, Debug)]
pub struct Session {
    max: usize,
    is_open: bool,
    /// How many bytes of an oversized message are still to come.
    skip: usize,
    /// How many bytes of the connection are done with.
    done: u64,
}

impl Window {
    /// Room for so many messages.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { frames: Frames::new(max), commands: Vec::new(), answers: Vec::new(), close: None }
    }

    /// Appends the answers to all commands: Kafka has their messages.
    pub fn acknowledge(commands: &[u32], out: &mut Vec<u8>) {
        for txnr in commands {
            answer(*txnr, "200 OK", out);
        }
    }

    /// Appends what ends the session after a `close`.
    pub fn acknowledge_close(txnr: u32, out: &mut Vec<u8>) {
        answer(txnr, "", out);
        out.extend_from_slice(SERVER_CLOSE);
    }

    /// Whether there is no room for another command, or none can come.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.frames.is_full() || self.commands.len() >= self.frames.max() || self.close.is_some()
    }
}

impl Session {
    /// A session with messages of at most `max` bytes; longer ones are cut.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, is_open: false, skip: 0, done: 0 }
    }

    /// Adds the commands that are whole in `buffer`, while there is room, and gives how many of its bytes are done with. The next
    /// call's buffer begins with those that are not.
    ///
    /// # Errors
    /// When the session can't go on; the messages before that have been added, and the answers hold what the client is told.
    pub fn take(&mut self, buffer: &[u8], window: &mut Window) -> Result<usize, RelpError> {
        let mut at = 0;
        while !window.is_full() {
            let rest = buffer.get(at..).unwrap_or_default();
            let used = match self.one(buffer, at, rest, window) {
                Ok(Some(used)) => used,
                Ok(None) => break,
                Err(error) => {
                    self.done += at as u64;
                    return Err(error);
                }
            };
            at += used;
        }
        self.done += at as u64;
        Ok(at)
    }

    /// Takes one frame, or what is left of one that was cut, and says how long it is; `None` if more of it has to come.
    fn one(
        &mut self,
        buffer: &[u8],
        at: usize,
        rest: &[u8],
        window: &mut Window,
    ) -> Result<Option<usize>, RelpError> {
        let wrong = |what| RelpError::Frame { at: self.done + at as u64, what };
        if self.skip > 0 {
            let passed = self.skip.min(rest.len());
            self.skip -= passed;
            if self.skip == 0 && rest.get(passed.wrapping_sub(1)) != Some(&b'\n') {
                let at = self.done + (at + passed) as u64 - 1;
                return Err(RelpError::Frame { at, what: "no LF after the data" });
            }
            return Ok((passed > 0).then_some(passed));
        }
        let Some(Header { txnr, command, data, len }) = header(rest).map_err(wrong)? else { return Ok(None) };
        let is_syslog = command == b"syslog";
        if is_syslog && !self.is_open {
            answer(txnr, "500 open the session first", &mut window.answers);
            return Err(RelpError::NotOpen);
        }
        if is_syslog && len > self.max {
            // The byte after the cut shows whether a character ends there.
            if rest.len() - data <= self.max {
                return Ok(None);
            }
            window.frames.push_cut(buffer, at + data, self.max);
            window.commands.push(txnr);
            self.skip = len - self.max + 1;
            return Ok(Some(data + self.max));
        }
        if !is_syslog && len > MAX_OFFERS {
            return Err(wrong("more data than the command can have"));
        }
        let end = data + len;
        match rest.get(end) {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) => return Err(wrong("no LF after the data")),
        }
        match command {
            b"syslog" => {
                let _blank = window.frames.push(buffer, at + data..at + end);
                window.commands.push(txnr);
            }
            b"open" => self.open(txnr, rest.get(data..end).unwrap_or_default(), window)?,
            b"close" => window.close = Some(txnr),
            _ => answer(txnr, "500 only open, syslog and close are known here", &mut window.answers),
        }
        Ok(Some(end + 1))
    }

    fn open(&mut self, txnr: u32, offers: &[u8], window: &mut Window) -> Result<(), RelpError> {
        if self.is_open {
            answer(txnr, "500 the session is open", &mut window.answers);
            return Err(RelpError::OpenTwice);
        }
        let offered = |name: &[u8]| {
            offers.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(b"="))
        };
        // Version 0 is the only one that is specified; a client that can do more says the most that it can.
        let version = offered(b"relp_version").unwrap_or_default();
        if version.is_empty() || version.len() > 3 || !version.iter().all(u8::is_ascii_digit) {
            answer(txnr, "500 relp_version is missing or no number", &mut window.answers);
            return Err(RelpError::Offers("relp_version is missing or no number"));
        }
        let meets = format!("200 OK\nrelp_version=0\nrelp_software={SOFTWARE}\ncommands=syslog");
        answer(txnr, &meets, &mut window.answers);
        self.is_open = true;
        Ok(())
    }
}

/// Appends an answer.
fn answer(txnr: u32, data: &str, out: &mut Vec<u8>) {
    let space = if data.is_empty() { "" } else { " " };
    let _a_vec_takes_all = writeln!(out, "{txnr} rsp {}{space}{data}", data.len());
}

#[cfg(test)]
mod tests;
