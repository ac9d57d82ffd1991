//! `TXNR SP COMMAND SP DATALEN [SP DATA] LF`, the frame of every command and answer.

/// The largest transaction number; then it begins again from 1.
const MAX_TXNR: u32 = 999_999_999;

/// The longest name of a command.
const MAX_COMMAND: usize = 32;

/// What stands before the data.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Header<'a> {
    pub(super) txnr: u32,
    pub(super) command: &'a [u8],
    /// Where the data begins.
    pub(super) data: usize,
    /// How long it is.
    pub(super) len: usize,
}

/// Reads a header. `None` if more of it has to come, which is found out within 60 bytes.
pub(super) fn header(bytes: &[u8]) -> Result<Option<Header<'_>>, &'static str> {
    const TXNR: &str = "it begins with a number from 1 to 999999999 and a space";
    let Some((txnr, after)) = number(bytes, 0).map_err(|()| TXNR)? else { return Ok(None) };
    if bytes.get(after) != Some(&b' ') || !(1..=MAX_TXNR).contains(&txnr) {
        return Err(TXNR);
    }
    let from = after + 1;
    let rest = bytes.get(from..).unwrap_or_default();
    let letters = rest.iter().take(MAX_COMMAND + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let to = from + letters;
    match bytes.get(to) {
        None if letters <= MAX_COMMAND => return Ok(None),
        Some(b' ') if (1..=MAX_COMMAND).contains(&letters) => {}
        _ => return Err("the command is up to 32 letters and a space"),
    }
    const LEN: &str = "the length of the data is a number, and a space or, without data, LF comes after it";
    let Some((len, after)) = number(bytes, to + 1).map_err(|()| LEN)? else { return Ok(None) };
    let command = bytes.get(from..to).unwrap_or_default();
    let len = usize::try_from(len).map_err(|_| LEN)?;
    let data = match bytes.get(after) {
        Some(b' ') => after + 1,
        Some(b'\n') if len == 0 => after,
        _ => return Err(LEN),
    };
    Ok(Some(Header { txnr, command, data, len }))
}

/// A number of up to nine digits that begins at `from`, and what comes after it. `None` if that isn't there yet.
fn number(bytes: &[u8], from: usize) -> Result<Option<(u32, usize)>, ()> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from).take(10) {
        match byte {
            b'0'..=b'9' if at - from < 9 => value = value * 10 + u32::from(byte - b'0'),
            _ if at > from => return Ok(Some((value, at))),
            _ => return Err(()),
        }
    }
    Ok(None)
}
