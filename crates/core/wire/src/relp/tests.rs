use proptest::prelude::*;

use super::*;
use crate::testing::splits;

const OPEN: &str =
    "1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n";

/// What came of a connection.
#[derive(Debug, Default, Eq, PartialEq)]
struct Found {
    messages: Vec<String>,
    commands: Vec<u32>,
    answers: String,
    close: Option<u32>,
    error: Option<RelpError>,
}

fn found(max: usize, pieces: &[&[u8]]) -> Found {
    let mut found = Found::default();
    let mut session = Session::new(max);
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let mut window = Window::new(3);
            let taken = session.take(&buffer, &mut window);
            for event in window.frames.events() {
                found.messages.push(String::from_utf8_lossy(&buffer[event.span.clone()]).into_owned());
            }
            let is_full = window.is_full();
            found.commands.extend(window.commands);
            found.answers.push_str(std::str::from_utf8(&window.answers).unwrap());
            found.close = found.close.or(window.close);
            match taken {
                Ok(used) => drop(buffer.drain(..used)),
                Err(error) => found.error = Some(error),
            }
            if found.error.is_some() || found.close.is_some() {
                return found;
            }
            if !is_full {
                break;
            }
        }
    }
    found
}

fn after_open(bytes: &str) -> Found {
    found(20, &[OPEN.as_bytes(), bytes.as_bytes()])
}

/// Scenario: a session as librelp has it, the blank messages and forms of empty data included.
/// Guarantees: commands are answered in their order, each under its number, `close` last.
#[test]
fn a_session_from_open_to_close() {
    let found = after_open(
        "2 syslog 6 <13>ab\n3 syslog 7 <13>cd\n\n4 syslog 0\n5 syslog 0 \n999999999 close 0\n7 syslog 1 x\n",
    );
    assert_eq!(found.messages, ["<13>ab", "<13>cd"]);
    assert_eq!((&found.commands[..], found.close, found.error), (&[2, 3, 4, 5][..], Some(999_999_999), None));
    let (head, offers) = found.answers.split_once(" 200 OK\n").unwrap();
    assert!(
        offers.starts_with("relp_version=0\nrelp_software=forebay,")
            && offers.ends_with("\ncommands=syslog\n")
    );
    assert_eq!(head, format!("1 rsp {}", "200 OK\n".len() + offers.len() - 1));
    let mut out = Vec::new();
    Window::acknowledge(&found.commands[..2], &mut out);
    Window::acknowledge_close(7, &mut out);
    assert_eq!(out, b"2 rsp 6 200 OK\n3 rsp 6 200 OK\n7 rsp 0\n0 serverclose 0\n");
}

#[test]
fn what_is_no_session_says_why() {
    let not_open = found(20, &[b"1 syslog 1 a\n"]);
    assert_eq!(
        (not_open.error, &not_open.answers[..]),
        (Some(RelpError::NotOpen), "1 rsp 26 500 open the session first\n")
    );
    assert_eq!(after_open(&OPEN.replacen('1', "2", 1)).error, Some(RelpError::OpenTwice));
    let offers = found(20, &[b"1 open 15 commands=syslog\n"]);
    assert!(matches!(offers.error, Some(RelpError::Offers(_))) && offers.answers.starts_with("1 rsp "));
    let other = after_open("2 starttls 0\n3 syslog 1 a\n");
    assert!(
        other.answers.ends_with("2 rsp 46 500 only open, syslog and close are known here\n"),
        "{}",
        other.answers
    );
    assert_eq!(other.commands, [3]);
}

/// Scenario: frames that break the grammar, one byte each. Guarantees: the place and what is wrong; no message of theirs.
#[test]
fn a_broken_frame_ends_the_session() {
    for broken in [
        "x",
        "0 syslog 1 a\n",
        "1000000000 ",
        " ",
        "2  ",
        "2 sys1",
        "2 abcdefghijklmnopqrstuvwxyzabcdefg",
        "2 abcdefghijklmnopqrstuvwxyzabcdefg 0\n",
        "2 syslog x",
        "2 syslog 1234567890",
        "2 syslog 1\n",
        "2 syslog 1 ab",
        "2 syslog 0x",
        "2 open 5000 ",
        "2 syslog 30 123456789012345678901234567890x",
    ] {
        let found = after_open(broken);
        let Some(RelpError::Frame { at, .. }) = found.error else { panic!("{broken}: {found:?}") };
        assert!(at == OPEN.len() as u64 || broken.len() > 40, "{broken}");
    }
}

#[test]
fn a_message_that_is_too_large_is_cut_and_answered() {
    let found = after_open("2 syslog 30 123456789012345678901234567890\n3 syslog 2 ab\n");
    assert_eq!(found.messages, ["12345678901234567890", "ab"]);
    assert_eq!((&found.commands[..], found.error), (&[2, 3][..], None));
}

proptest! {
    /// Guarantees: however the bytes arrive, messages, answers and errors are the same.
    #[test]
    fn any_split_gives_the_same(
        messages in prop::collection::vec("[a-zä\n]{0,30}", 0..6),
        garbage in "([1-9][0-9]{0,9} [a-z]{0,40} )?[0-9a-z \n]{0,12}",
        cuts in prop::collection::vec(0usize..400, 0..9),
    ) {
        let mut bytes = OPEN.to_owned();
        for (txnr, message) in (2..).zip(&messages) {
            let space = if message.is_empty() { "" } else { " " };
            bytes.push_str(&format!("{txnr} syslog {}{space}{message}\n", message.len()));
        }
        bytes.push_str(&garbage);
        let whole = found(20, &[bytes.as_bytes()]);
        prop_assert!(whole.commands.len() >= messages.len());
        prop_assert_eq!(found(20, &splits(bytes.as_bytes(), &cuts)), whole);
    }
}
