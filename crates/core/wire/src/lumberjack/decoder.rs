//! From the bytes of a connection to portions of events.

use bytes::{Buf, Bytes, BytesMut};

use super::fault::{Broken, Failure, Fault};
use super::frame::{Content, Frame, Scanner};
use super::{Ack, PORTION, pairs};
use crate::batch::{Batch, Event, Facts, Group, Limits};
use crate::encoding::Encoding;
use crate::inflate::{InflateError, inflate};
use crate::rejections::{Reason, Rejections};

/// Events of one window that are acknowledged together.
#[derive(Clone, Debug)]
pub struct Portion {
    /// The events.
    pub batch: Batch,
    /// What says that they have arrived.
    pub ack: Ack,
}

/// Reads one connection.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// What was received and isn't part of a portion yet.
    received: Source<BytesMut>,
    /// What a compressed frame held, until its last event is taken.
    inflated: Option<Source<Bytes>>,
    /// Where that frame began.
    inflated_at: u64,
    window: Option<Window>,
    open: Open,
    /// How many bytes of the connection are gone from `received`.
    dropped: u64,
}

/// Bytes with the place of the next frame in them.
#[derive(Debug, Default)]
struct Source<B> {
    bytes: B,
    scanner: Scanner,
}

/// What the sender announced.
#[derive(Clone, Copy, Debug)]
struct Window {
    version: u8,
    size: u32,
    /// How many of its events are still to come.
    left: u32,
}

/// A portion in the making.
#[derive(Debug, Default)]
struct Open {
    events: Vec<Event>,
    rejections: Rejections,
    /// The last event's number in its window, from 1.
    line: usize,
    /// The last event's sequence number.
    sequence: u32,
    /// Where events of pairs are written. Events of JSON are ranges of their source instead, which keeps them until they are
    /// shipped.
    text: Vec<u8>,
    is_text: bool,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Turn {
    /// It is taken.
    Taken,
    /// It has to wait until what is open is shipped.
    CutFirst,
    /// It is taken, and is the last of its portion.
    CutAfter,
}

// === impl Decoder ===

impl Decoder {
    /// At the beginning of a connection. [`Limits::max_inflated`] limits single frames as well.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            received: Source::default(),
            inflated: None,
            inflated_at: 0,
            window: None,
            open: Open::default(),
            dropped: 0,
        }
    }

    /// Where to append what is received.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.received.bytes
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        let inflated = self.inflated.as_ref().map_or(0, |source| source.bytes.len());
        let events = self.open.events.capacity() * size_of::<Event>();
        self.received.bytes.len() + inflated + self.open.text.capacity() + events
    }

    /// How many events wait for the rest of their window.
    #[must_use]
    pub fn events(&self) -> usize {
        self.open.count()
    }

    fn has_events(&self) -> bool {
        self.events() > 0
    }

    /// Whether it is between two windows: no frame has begun, and no event waits for others.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let owes = self.window.is_some_and(|window| window.left != 0 && window.left != window.size);
        self.received.bytes.is_empty() && !self.has_events() && !owes
    }

    /// What keeps a sender waiting that has announced a window.
    #[must_use]
    pub fn keepalive(&self) -> Option<Ack> {
        self.window.map(|window| Ack { version: window.version, sequence: 0 })
    }

    /// The next portion, or `None` if it needs more bytes. Before a frame is decompressed, `grant` is asked for the memory, in
    /// bytes with all that is held; when it refuses, the same call may be made again later.
    ///
    /// # Errors
    /// When the bytes break the protocol, or memory isn't granted.
    pub fn next<R>(
        &mut self,
        mut grant: impl FnMut(usize) -> Result<(), R>,
    ) -> Result<Option<Portion>, Failure<R>> {
        loop {
            let turn = if self.inflated.is_some() {
                self.step_inflated()?
            } else {
                let Some(turn) = self.step_received(&mut grant)? else { return Ok(None) };
                turn
            };
            if turn == Turn::Taken {
                continue;
            }
            let portion = self.flush();
            if self.inflated.as_ref().is_some_and(|source| source.bytes.is_empty()) {
                self.inflated = None;
            }
            if portion.is_some() {
                return Ok(portion);
            }
        }
    }

    /// What has come of a window so far, to be shipped and acknowledged by itself.
    pub fn flush(&mut self) -> Option<Portion> {
        let window = self.window.filter(|_| self.has_events())?;
        let open = &mut self.open;
        let bytes = match &mut self.inflated {
            _ if open.is_text => Bytes::from(std::mem::take(&mut open.text)),
            Some(source) => source.bytes.split_to(source.scanner.restart()),
            None => {
                let at = self.received.scanner.restart();
                self.dropped += at as u64;
                self.received.bytes.split_to(at).freeze()
            }
        };
        let events = std::mem::take(&mut open.events);
        let groups = match events.len() {
            0 => Vec::new(),
            len => vec![Group { facts: Facts::of_format("json"), len }],
        };
        let rejections = std::mem::take(&mut open.rejections);
        let ack = Ack { version: window.version, sequence: open.sequence };
        Some(Portion { batch: Batch { bytes, events, groups, given_ids: Vec::new(), rejections }, ack })
    }

    fn step_received<R>(
        &mut self,
        grant: &mut impl FnMut(usize) -> Result<(), R>,
    ) -> Result<Option<Turn>, Failure<R>> {
        let at = self.dropped + self.received.scanner.at as u64;
        let broken = |fault| Broken { at, fault };
        let source = &mut self.received;
        let found = source.scanner.look(&source.bytes, self.limits.max_inflated);
        let Some(frame) = found.map_err(broken)? else { return Ok(None) };
        let is_data = matches!(frame.content, Content::Json { .. } | Content::Pairs { .. });
        if !is_data && self.open.count() > 0 {
            return Ok(Some(Turn::CutFirst));
        }
        let turn = match &frame.content {
            Content::Window(size) => {
                self.window = Some(Window { version: frame.version, size: *size, left: *size });
                self.open.line = 0;
                Turn::Taken
            }
            Content::Compressed { body } => {
                let packed = source.bytes.get(body.clone()).unwrap_or_default();
                let held = source.bytes.len();
                let bytes = inflate(packed, Encoding::Deflate, self.limits.max_inflated, |size| {
                    grant(held.saturating_add(size))
                })
                .map_err(|error| match error {
                    InflateError::Refused(refused) => Failure::Refused(refused),
                    InflateError::Broken { reason, .. } => broken(Fault::Compression(reason)).into(),
                    InflateError::TooLarge { max } => broken(Fault::Inflated(max)).into(),
                })?;
                self.inflated_at = at;
                self.inflated = Some(Source { bytes: Bytes::from(bytes), scanner: Scanner::default() });
                Turn::Taken
            }
            Content::Json { .. } | Content::Pairs { .. } => {
                let window = self.window.as_mut().ok_or(broken(Fault::NoWindow))?;
                self.open.take(window, &source.bytes, &frame, &self.limits).map_err(broken)?
            }
        };
        match turn {
            Turn::CutFirst => {}
            _ if is_data && !self.open.is_text => source.scanner.pass(&frame),
            _ => {
                let _start_of_next = source.scanner.restart();
                source.bytes.advance(frame.end);
                self.dropped += frame.end as u64;
            }
        }
        Ok(Some(turn))
    }

    /// The same for what a compressed frame held, where only events may be.
    fn step_inflated(&mut self) -> Result<Turn, Broken> {
        let broken = |fault| Broken { at: self.inflated_at, fault };
        let Some(source) = &mut self.inflated else { return Ok(Turn::Taken) };
        let found = source.scanner.look(&source.bytes, self.limits.max_inflated).map_err(broken)?;
        let Some(frame) = found else {
            let is_end = source.scanner.at == source.bytes.len();
            if is_end && !self.has_events() {
                self.inflated = None;
                return Ok(Turn::Taken);
            }
            return if is_end { Ok(Turn::CutFirst) } else { Err(broken(Fault::Cut)) };
        };
        match frame.content {
            Content::Window(_) => return Err(broken(Fault::Nested(b'W'))),
            Content::Compressed { .. } => return Err(broken(Fault::Nested(b'C'))),
            Content::Json { .. } | Content::Pairs { .. } => {}
        }
        let window = self.window.as_mut().ok_or(broken(Fault::NoWindow))?;
        let turn = self.open.take(window, &source.bytes, &frame, &self.limits).map_err(broken)?;
        match turn {
            Turn::CutFirst => {}
            _ if !self.open.is_text => source.scanner.pass(&frame),
            _ => {
                let _start_of_next = source.scanner.restart();
                source.bytes.advance(frame.end);
            }
        }
        Ok(turn)
    }
}

// === impl Open ===

impl Open {
    fn count(&self) -> usize {
        self.events.len() + self.rejections.count()
    }

    /// Takes an event.
    fn take(
        &mut self,
        window: &mut Window,
        bytes: &[u8],
        frame: &Frame,
        limits: &Limits,
    ) -> Result<Turn, Fault> {
        if window.left == 0 {
            return Err(Fault::NoWindow);
        }
        let is_text = matches!(frame.content, Content::Pairs { .. });
        if self.count() > 0 && self.is_text != is_text {
            return Ok(Turn::CutFirst);
        }
        self.is_text = is_text;
        self.line += 1;
        let max = limits.max_event;
        let span = match &frame.content {
            Content::Json { sequence, body } => {
                self.sequence = *sequence;
                body.clone()
            }
            Content::Pairs { sequence, body } => {
                self.sequence = *sequence;
                let start = self.text.len();
                // As JSON it may be a little shorter, or six times as long.
                if body.len() <= max.saturating_mul(2) {
                    pairs::push_object(&mut self.text, bytes.get(body.clone()).unwrap_or_default());
                }
                let end = self.text.len();
                if end - start > max {
                    self.text.truncate(start);
                }
                start..if end == start { start + body.len() } else { end }
            }
            Content::Window(_) | Content::Compressed { .. } => return Ok(Turn::Taken),
        };
        if span.len() > max {
            self.rejections.push(self.line, Reason::TooLarge { len: span.len(), max });
        } else {
            self.events.push(Event { line: self.line, observed_at: 0, span });
        }
        window.left -= 1;
        if window.left == 0 {
            // A sender of version 1 announces its window once and goes on in it.
            window.left = window.size;
            self.line = 0;
            return Ok(Turn::CutAfter);
        }
        let size = if is_text { self.text.len() } else { frame.end };
        let is_full = size >= PORTION.min(limits.max_inflated) || self.count() >= limits.max_events;
        Ok(if is_full { Turn::CutAfter } else { Turn::Taken })
    }
}
