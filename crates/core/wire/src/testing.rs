//! What tests of framings share: a connection whose bytes come in pieces.

use crate::frames::Frames;

/// What was found in a connection.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) cut: usize,
    pub(crate) refused: usize,
}

impl Found {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.messages.iter().map(|message| String::from_utf8_lossy(message).into_owned()).collect()
    }
}

/// Feeds a connection piece by piece, as a shell does: `take` gets what is not done with yet and whether more can come, and
/// says how much of it is done with.
pub(crate) fn through<E>(
    pieces: &[&[u8]],
    mut take: impl FnMut(&[u8], bool, &mut Frames) -> Result<usize, E>,
) -> Result<Found, E> {
    let mut found = Found::default();
    let mut buffer = Vec::new();
    for piece in pieces.iter().copied().map(Some).chain([None]) {
        buffer.extend_from_slice(piece.unwrap_or_default());
        loop {
            // Room for three: whether a batch is full changes nothing either.
            let mut frames = Frames::new(3);
            let used = take(&buffer, false, &mut frames)?;
            let is_full = frames.is_full();
            found.add(&buffer, &frames);
            drop(buffer.drain(..used));
            if !is_full {
                break;
            }
        }
    }
    let mut frames = Frames::new(3);
    let _used = take(&buffer, true, &mut frames)?;
    found.add(&buffer, &frames);
    Ok(found)
}

impl Found {
    fn add(&mut self, buffer: &[u8], frames: &Frames) {
        for event in frames.events() {
            self.messages.push(buffer[event.span.clone()].to_vec());
        }
        self.cut += frames.cut();
        self.refused += frames.count() - frames.events().len();
    }
}

/// `bytes` in pieces, cut at these places.
pub(crate) fn splits<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().copied().filter(|cut| *cut <= bytes.len()).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..cut]);
        from = cut;
    }
    pieces
}
