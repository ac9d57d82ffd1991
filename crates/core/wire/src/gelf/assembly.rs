//! Chunks become messages, in bounded memory: whoever can send a datagram can begin a message that never ends.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

use super::chunk::{Chunk, chunk};
use super::{Loss, MAX_CHUNKS};

/// What incomplete messages may hold.
#[derive(Clone, Copy, Debug)]
pub struct AssemblyLimits {
    /// The most bytes of all of them.
    pub max_bytes: usize,
    /// The most of them at once.
    pub max_messages: usize,
    /// The largest message as it is sent, in bytes.
    pub max_message: usize,
    /// How long a message may take from its first chunk to its last. The specification says five seconds.
    pub timeout: Duration,
}

/// Messages that are incomplete. `S` is what tells senders apart: ids are theirs alone.
#[derive(Debug)]
pub struct Assembly<S> {
    limits: AssemblyLimits,
    messages: HashMap<(S, u64), Incomplete>,
    /// When which message ends, and the number that it has, oldest first. Those that were completed are still in it.
    pub(super) ends: VecDeque<(Duration, (S, u64), u64)>,
    bytes: usize,
    begun: u64,
}

#[derive(Debug)]
struct Incomplete {
    number: u64,
    missing: usize,
    /// Chunks in the order in which they came.
    bytes: Vec<u8>,
    /// Where each is.
    chunks: Box<[Option<Range<usize>>]>,
}

impl<S: Clone + Eq + Hash> Assembly<S> {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: AssemblyLimits) -> Self {
        Self { limits, messages: HashMap::new(), ends: VecDeque::new(), bytes: 0, begun: 0 }
    }

    /// A datagram from `sender` at `now`, which is any time that never goes back. Gives the message that it is or completes.
    ///
    /// # Errors
    /// When it is lost, or its whole message with it.
    pub fn datagram<'a>(
        &mut self,
        sender: S,
        datagram: &'a [u8],
        now: Duration,
    ) -> Result<Option<Cow<'a, [u8]>>, Loss> {
        let Some(chunk) = chunk(datagram)? else { return Ok(Some(Cow::Borrowed(datagram))) };
        if chunk.count == 1 {
            return Ok(Some(Cow::Borrowed(chunk.data)));
        }
        let key = (sender, chunk.id);
        if !self.messages.contains_key(&key) {
            self.begin(key.clone(), &chunk, now)?;
        }
        let Some(message) = self.messages.get_mut(&key) else { return Ok(None) };
        let before = message.weight();
        let added = message.add(chunk, self.limits.max_message);
        self.bytes = (self.bytes + message.weight()).saturating_sub(before);
        match added {
            Ok(false) if self.bytes > self.limits.max_bytes => {
                self.forget(&key);
                Err(Loss::NoRoom)
            }
            Ok(false) => Ok(None),
            Ok(true) => Ok(self.forget(&key).map(|message| Cow::Owned(message.joined()))),
            Err(loss) => {
                self.forget(&key);
                Err(loss)
            }
        }
    }

    /// Forgets messages whose time is over at `now`, and says how many. It looks at `most` of them, since all that a flood has begun are over at
    /// once: whoever calls it often has no work left for long.
    pub fn expire(&mut self, now: Duration, most: usize) -> usize {
        let mut lost = 0;
        for _ in 0..most {
            let Some((end, key, number)) = self.ends.front() else { break };
            let is_there = self.messages.get(key).is_some_and(|message| message.number == *number);
            if is_there && *end > now {
                break;
            }
            if is_there {
                let key = key.clone();
                self.forget(&key);
                lost += 1;
            }
            let _done = self.ends.pop_front();
        }
        lost
    }

    /// How many bytes the incomplete messages hold.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many messages are incomplete.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    fn begin(&mut self, key: (S, u64), chunk: &Chunk<'_>, now: Duration) -> Result<(), Loss> {
        if self.messages.len() >= self.limits.max_messages {
            return Err(Loss::NoRoom);
        }
        let message = Incomplete::new(self.begun + 1, chunk);
        // With its first chunk: to begin what is given up at once would be work that a flood has for nothing.
        if self.bytes + message.weight() + chunk.data.len() > self.limits.max_bytes {
            return Err(Loss::NoRoom);
        }
        // Completed messages leave their ends behind, which must not add up.
        if self.ends.len() > 2 * self.limits.max_messages {
            let messages = &self.messages;
            self.ends.retain(|(_, key, number)| {
                messages.get(key).is_some_and(|message| message.number == *number)
            });
        }
        self.begun += 1;
        self.bytes += message.weight();
        self.ends.push_back((now.saturating_add(self.limits.timeout), key.clone(), self.begun));
        let _new = self.messages.insert(key, message);
        Ok(())
    }

    fn forget(&mut self, key: &(S, u64)) -> Option<Incomplete> {
        let message = self.messages.remove(key)?;
        self.bytes = self.bytes.saturating_sub(message.weight());
        Some(message)
    }
}

impl Incomplete {
    /// Without any of its chunks yet.
    fn new(number: u64, first: &Chunk<'_>) -> Self {
        let chunks = vec![None; usize::from(first.count.min(MAX_CHUNKS))].into();
        Self { number, missing: usize::from(first.count), bytes: Vec::new(), chunks }
    }

    /// Adds a chunk, and says whether it was the last one missing. One that came before is passed over.
    fn add(&mut self, chunk: Chunk<'_>, max: usize) -> Result<bool, Loss> {
        if usize::from(chunk.count) != self.chunks.len() {
            return Err(Loss::Malformed);
        }
        let Some(place) = self.chunks.get_mut(usize::from(chunk.number)) else { return Err(Loss::Malformed) };
        if place.is_some() {
            return Ok(false);
        }
        let start = self.bytes.len();
        if start + chunk.data.len() > max {
            return Err(Loss::TooLarge);
        }
        self.bytes.extend_from_slice(chunk.data);
        *place = Some(start..self.bytes.len());
        self.missing -= 1;
        Ok(self.missing == 0)
    }

    fn joined(self) -> Vec<u8> {
        let mut ranges = self.chunks.iter().flatten();
        // Chunks come in order nearly always; then they stand as they should.
        if ranges.clone().zip(ranges.clone().skip(1)).all(|(one, next)| one.end == next.start)
            && ranges.next().is_some_and(|first| first.start == 0)
        {
            return self.bytes;
        }
        let mut whole = Vec::with_capacity(self.bytes.len());
        for range in self.chunks.iter().flatten() {
            whole.extend_from_slice(self.bytes.get(range.clone()).unwrap_or_default());
        }
        whole
    }

    /// What it holds, in bytes, its place in the tables included.
    fn weight(&self) -> usize {
        const PLACE: usize = 256;
        PLACE + self.bytes.capacity() + size_of_val::<[_]>(&self.chunks)
    }
}
