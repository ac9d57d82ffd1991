//! From the bytes of a connection to portions of events.

use bytes::{Bytes, BytesMut};
use forebay_record::dead_letter::cut;

use super::entries::Entries;
use super::fault::{Broken, Failure, Fault};
use super::handshake::Ping;
use super::message::{self, Message};
use super::{PORTION, TAG};
use crate::batch::{Batch, Facts, Limits};
use crate::encoding::Encoding;
use crate::inflate::{InflateError, inflate};
use crate::msgpack::{self, Transcriber, Walk};
use crate::writer::Writer;

/// Events that are acknowledged together.
#[derive(Clone, Debug)]
pub struct Portion {
    /// The events.
    pub batch: Batch,
    /// What is to be written once they have arrived; empty if nobody waits for it.
    pub answer: Vec<u8>,
    /// Whether the sender of any of the events waits for an answer, if not for this portion's then for a later one's.
    pub is_awaited: bool,
}

/// Reads one connection.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: BytesMut,
    /// Where the message ends whose bytes are coming in.
    walk: Walk,
    /// How many bytes of the connection are gone from the buffer.
    taken: u64,
    /// Where the message begins that is being worked on.
    at: u64,
    under_way: Option<UnderWay>,
    transcriber: Transcriber,
    /// The portion in the making.
    writer: Option<Writer>,
    answer: Vec<u8>,
    is_awaited: bool,
    fault: Option<Broken>,
}

/// A message that is being written.
#[derive(Debug)]
struct UnderWay {
    tag: Bytes,
    chunk: Option<Bytes>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Not decompressed yet.
    Packed(Bytes, Encoding),
    Entries(Entries),
}

impl Decoder {
    /// At the beginning of a connection. [`Limits::max_inflated`] limits single messages as well.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            walk: Walk::new(limits.max_inflated),
            taken: 0,
            at: 0,
            under_way: None,
            transcriber: Transcriber::new(limits.max_depth, limits.max_event),
            writer: None,
            answer: Vec::new(),
            is_awaited: false,
            fault: None,
        }
    }

    /// Where to append what is received.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        let under_way = self.under_way.as_ref().map_or(0, |message| match &message.source {
            Source::Packed(bytes, _) => bytes.len(),
            Source::Entries(entries) => entries.bytes.len(),
        });
        self.buffer.len() + under_way
    }

    /// Whether it is between two messages.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && self.under_way.is_none()
    }

    /// The message by which a client proves what it knows, or `None` if it needs more bytes.
    ///
    /// # Errors
    /// When another message comes first.
    pub fn ping(&mut self) -> Result<Option<Ping>, Broken> {
        let Some(message) = self.message()? else { return Ok(None) };
        let ping = Ping::read(&message).map_err(|fault| Broken { at: self.at, fault })?;
        Ok(Some(ping))
    }

    /// The next portion, or `None` if it needs more bytes. Before entries are decompressed, `grant` is asked for the memory,
    /// in bytes with all that is held; when it refuses, the same call may be made again later.
    ///
    /// # Errors
    /// When the bytes break the protocol, or memory isn't granted; what was read before comes first.
    pub fn next<R>(
        &mut self,
        mut grant: impl FnMut(usize) -> Result<(), R>,
    ) -> Result<Option<Portion>, Failure<R>> {
        if let Some(broken) = &self.fault {
            return Err(broken.clone().into());
        }
        loop {
            let more = match &mut self.under_way {
                Some(_) => self.write(&mut grant),
                None => self.begin().map_err(Failure::from),
            };
            match more {
                Ok(More::Yes) => {}
                Ok(More::No) => return Ok(self.portion()),
                Err(failure) => {
                    let Some(portion) = self.portion() else { return Err(failure) };
                    if let Failure::Broken(broken) = failure {
                        self.fault = Some(broken);
                    }
                    return Ok(Some(portion));
                }
            }
        }
    }

    /// The bytes of the next message, if all of it is there.
    fn message(&mut self) -> Result<Option<Bytes>, Broken> {
        self.at = self.taken;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let found = self.walk.go_on(&self.buffer);
        let found = found.map_err(|error| {
            let fault = match error.fault {
                msgpack::Fault::TooLarge { max, .. } => Fault::TooLarge(max),
                _ => Fault::Message(error),
            };
            Broken { at: self.at, fault }
        })?;
        let Some(len) = found else { return Ok(None) };
        self.walk = Walk::new(self.limits.max_inflated);
        self.taken += len as u64;
        Ok(Some(self.buffer.split_to(len).freeze()))
    }

    /// Takes the next message.
    fn begin(&mut self) -> Result<More, Broken> {
        let Some(bytes) = self.message()? else { return Ok(More::No) };
        let broken = |fault| Broken { at: self.at, fault };
        let Some(message) = Message::read(&bytes).map_err(broken)? else { return Ok(More::Yes) };
        let entries = |at, left, is_bare| Entries { bytes: bytes.clone(), at, left, is_bare };
        let source = match message.entries {
            message::Entries::Single(at) => Source::Entries(entries(at, 1, true)),
            message::Entries::Array(len, at) => Source::Entries(entries(at, len, false)),
            message::Entries::Packed(span, Encoding::Identity) => {
                let packed = Entries::packed(bytes.slice(span)).map_err(Fault::Entries);
                Source::Entries(packed.map_err(broken)?)
            }
            message::Entries::Packed(span, encoding) => Source::Packed(bytes.slice(span), encoding),
        };
        let chunk = message.chunk.map(|span| bytes.slice(span));
        self.under_way = Some(UnderWay { tag: bytes.slice(message.tag), chunk, source });
        Ok(More::Yes)
    }

    /// Writes what is under way, until its end or the portion's.
    fn write<R>(&mut self, grant: &mut impl FnMut(usize) -> Result<(), R>) -> Result<More, Failure<R>> {
        let broken = |fault| Broken { at: self.at, fault };
        let Some(message) = &mut self.under_way else { return Ok(More::Yes) };
        if let Source::Packed(packed, encoding) = &message.source {
            let held = self.buffer.len() + packed.len();
            let granted = |size: usize| grant(held.saturating_add(size));
            let bytes =
                inflate(packed, *encoding, self.limits.max_inflated, granted).map_err(
                    |error| match error {
                        InflateError::Refused(refused) => Failure::Refused(refused),
                        InflateError::TooLarge { max } => broken(Fault::TooLarge(max)).into(),
                        InflateError::Broken { encoding, reason } => {
                            broken(Fault::Compression(format!("not valid {}: {reason}", encoding.name())))
                                .into()
                        }
                    },
                )?;
            let entries =
                Entries::packed(Bytes::from(bytes)).map_err(|error| broken(Fault::Entries(error)))?;
            message.source = Source::Entries(entries);
        }
        let Source::Entries(entries) = &mut message.source else { return Ok(More::Yes) };
        let limits = self.limits;
        let writer = self.writer.get_or_insert_with(|| {
            let rest = entries.bytes.len().saturating_sub(entries.at);
            // The writer's own limits would fail the batch; here it ends before.
            let unlimited = Limits { max_inflated: usize::MAX, max_events: usize::MAX, ..limits };
            Writer::new(unlimited, (rest + rest / 4).min(PORTION))
        });
        self.is_awaited |= message.chunk.is_some();
        if entries.left > 0 {
            writer.group(facts(&message.tag));
        }
        while entries.left > 0 {
            let line = writer.count() + 1;
            if line > limits.max_events || writer.written() >= PORTION.min(limits.max_inflated) {
                return Ok(More::No);
            }
            let _unlimited = entries.write_next(line, &mut self.transcriber, writer);
        }
        if let Some(chunk) = &message.chunk {
            // A map of one entry, and the text `ack`.
            self.answer.extend_from_slice(b"\x81\xa3ack");
            self.answer.extend_from_slice(chunk);
        }
        self.under_way = None;
        Ok(More::Yes)
    }

    fn portion(&mut self) -> Option<Portion> {
        let batch = self.writer.take().map(Writer::finish).unwrap_or_default();
        let answer = std::mem::take(&mut self.answer);
        let is_awaited = std::mem::take(&mut self.is_awaited);
        let is_empty = batch.events.is_empty() && batch.rejections.count() == 0 && answer.is_empty();
        (!is_empty).then_some(Portion { batch, answer, is_awaited })
    }
}

/// Whether the portion may go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum More {
    Yes,
    No,
}

/// The longest tag that is kept, in bytes: it travels with every event of its message.
const MAX_TAG: usize = 1024;

fn facts(tag: &[u8]) -> Facts {
    let mut facts = Facts::of_format("json");
    if !tag.is_empty() {
        let tag = String::from_utf8_lossy(tag);
        facts.attributes.push((TAG.to_owned(), cut(&tag, MAX_TAG).to_owned()));
    }
    facts
}
