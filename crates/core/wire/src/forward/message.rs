//! One message: tag, entries, options.

use std::ops::Range;

use super::fault::Fault;
use crate::encoding::Encoding;
use crate::msgpack::{Head, MsgpackError, Reader};

/// The longest value of `chunk` that is answered, in bytes. The specification has 24.
const MAX_CHUNK: usize = 256;

/// What a message says. Ranges are within its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub tag: Range<usize>,
    pub entries: Entries,
    /// The value of the option `chunk` as it came, `MessagePack` and all.
    pub chunk: Option<Range<usize>>,
}

/// Where the events are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entries {
    /// Time and record stand in the message itself, from here on.
    Single(usize),
    /// An array of so many entries, the first of them here.
    Array(usize, usize),
    /// `MessagePack` in a string, perhaps compressed.
    Packed(Range<usize>, Encoding),
}

impl Message {
    /// Reads a message that is there as a whole; `None` for a heartbeat.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let mut reader = Reader::new(bytes);
        let values = match reader.head().map_err(Fault::Message)? {
            Head::Nil => return Ok(None),
            Head::Array(values @ 2..=4) => values,
            Head::Array(_) => return Err(Fault::Shape("an odd number of values; it has 2 to 4")),
            _ => return Err(Fault::Shape("a value that is no array: the sender doesn't speak Forward")),
        };
        let tag = text(&mut reader, "a tag that is no text")?;
        let first = reader.at();
        let (mut entries, used) = match reader.head().map_err(Fault::Message)? {
            Head::Array(len) => {
                let at = reader.at();
                pass(&mut reader, len)?;
                (Entries::Array(len, at), 2)
            }
            Head::Str(packed) | Head::Bin(packed) => {
                (Entries::Packed(reader.at() - packed.len()..reader.at(), Encoding::Identity), 2)
            }
            Head::Uint(_) | Head::Int(_) | Head::Float32(_) | Head::Float(_) | Head::Ext(..) => {
                pass(&mut reader, 1)?;
                (Entries::Single(first), 3)
            }
            _ => return Err(Fault::Shape("neither a time nor entries behind its tag")),
        };
        let mut chunk = None;
        match values.checked_sub(used) {
            None => return Err(Fault::Shape("a time and no record")),
            Some(0) => {}
            Some(_) => {
                let compressed;
                (chunk, compressed) = options(&mut reader, bytes)?;
                if let Entries::Packed(_, encoding) = &mut entries {
                    *encoding = compressed;
                }
            }
        }
        Ok(Some(Self { tag, entries, chunk }))
    }
}

/// What the options say that counts here; the others are passed over.
fn options<'a>(reader: &mut Reader<'a>, bytes: &'a [u8]) -> Result<(Option<Range<usize>>, Encoding), Fault> {
    let (mut chunk, mut encoding) = (None, Encoding::Identity);
    let count = match reader.head().map_err(Fault::Message)? {
        Head::Map(count) => count,
        Head::Nil => 0,
        _ => return Err(Fault::Shape("options that are no map")),
    };
    for _ in 0..count {
        let name = text(reader, "an option whose name is no text")?;
        let start = reader.at();
        match bytes.get(name).unwrap_or_default() {
            b"chunk" => {
                let value = text(reader, "a `chunk` that is no text")?;
                if value.len() > MAX_CHUNK {
                    return Err(Fault::Shape("a `chunk` of more than 256 bytes"));
                }
                chunk = Some(start..reader.at());
            }
            b"compressed" => {
                let value = text(reader, "an option `compressed` that is no text")?;
                encoding = match bytes.get(value).unwrap_or_default() {
                    b"gzip" => Encoding::Gzip,
                    b"zstd" => Encoding::Zstd,
                    b"text" | b"" => Encoding::Identity,
                    _ => return Err(Fault::Encoding),
                };
            }
            b"fluent_signal" => {
                if let Head::Uint(signal @ 1..) = reader.head().map_err(Fault::Message)? {
                    return Err(Fault::Signal(signal));
                }
                *reader = Reader::new_at(bytes, start);
                pass(reader, 1)?;
            }
            _ => pass(reader, 1)?,
        }
    }
    Ok((chunk, encoding))
}

fn text(reader: &mut Reader<'_>, otherwise: &'static str) -> Result<Range<usize>, Fault> {
    let found = reader.text().map_err(|MsgpackError { .. }| Fault::Shape(otherwise))?;
    Ok(reader.at() - found.len()..reader.at())
}

/// Passes so many values.
fn pass(reader: &mut Reader<'_>, values: usize) -> Result<(), Fault> {
    for _ in 0..values {
        reader.skip().map_err(Fault::Message)?;
    }
    Ok(())
}
