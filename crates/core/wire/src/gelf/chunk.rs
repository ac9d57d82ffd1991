//! The header of a chunk: two magic bytes, eight of the message's id, the chunk's number from 0, and how many there are.

use super::{Loss, MAX_CHUNKS};

/// One chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Chunk<'a> {
    pub(super) id: u64,
    pub(super) number: u8,
    pub(super) count: u8,
    pub(super) data: &'a [u8],
}

/// Reads a datagram; `None` if it is no chunk but a whole message.
pub(super) fn chunk(datagram: &[u8]) -> Result<Option<Chunk<'_>>, Loss> {
    let [0x1e, 0x0f, rest @ ..] = datagram else { return Ok(None) };
    let Some((id, [number, count, data @ ..])) = rest.split_first_chunk() else {
        return Err(Loss::Malformed);
    };
    let is_one = number < count && *count <= MAX_CHUNKS && !data.is_empty();
    let chunk = Chunk { id: u64::from_be_bytes(*id), number: *number, count: *count, data };
    if is_one { Ok(Some(chunk)) } else { Err(Loss::Malformed) }
}
