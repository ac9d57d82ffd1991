//! Any bytes as a RELP session: however they are split, messages, commands and answers are the same.
//!
//! The first byte says where the others are split.

use forebay_wire::relp::{RelpError, Session, Window};

const MAX: usize = 64;

type Found = (Vec<Vec<u8>>, Vec<u32>, Vec<u8>, Option<u32>, Option<RelpError>);

fn session(bytes: &[u8], piece: usize) -> Found {
    let mut session = Session::new(MAX);
    let (mut messages, mut commands, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    let mut buffer = Vec::new();
    for part in bytes.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            let mut window = Window::new(3);
            let taken = session.take(&buffer, &mut window);
            let found = window.frames.events();
            messages.extend(found.iter().map(|event| buffer[event.span.clone()].to_vec()));
            let is_full = window.is_full();
            commands.extend(window.commands);
            answers.extend(window.answers);
            match taken {
                Err(error) => return (messages, commands, answers, None, Some(error)),
                Ok(_) if window.close.is_some() => return (messages, commands, answers, window.close, None),
                Ok(used) => drop(buffer.drain(..used)),
            }
            if !is_full {
                break;
            }
        }
    }
    (messages, commands, answers, None, None)
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let whole = session(bytes, bytes.len().max(1));
    assert!(whole.0.len() <= whole.1.len() && whole.0.iter().all(|message| message.len() <= MAX));
    assert_eq!(session(bytes, usize::from(*piece).max(1)), whole);
}
