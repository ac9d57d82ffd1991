use proptest::prelude::*;

use super::*;
use crate::json::Validator;

fn texts(body: &[u8]) -> Vec<(usize, &[u8])> {
    lines(body, 0).map(|item| (item.line, &body[item.span])).collect()
}

fn members(body: &[u8]) -> Result<Vec<&[u8]>, ArrayError> {
    let mut found = Vec::new();
    elements(body, 0, &mut Validator::new(16), |item, too_deep| {
        assert_eq!(too_deep, None);
        found.push(&body[item.span]);
        assert_eq!(item.line, found.len());
        Ok::<(), ArrayError>(())
    })?;
    Ok(found)
}

#[test]
fn lines_keep_their_bytes_and_their_numbers() {
    assert_eq!(texts(b"a\r\n\n  \n b \nc\r"), [(1, &b"a"[..]), (4, b" b "), (5, b"c")]);
    assert_eq!(texts(b"\xff\0\n"), [(1, &b"\xff\0"[..])]);
    assert_eq!(texts(b""), []);
    assert_eq!(texts(b"\n\r\n"), []);
}

#[test]
fn elements_are_exact_slices() {
    let body = b" [ {\"a\" : [1, {}]} ,2,\n\"x,]\" ] ";
    assert_eq!(members(body).unwrap(), [&b"{\"a\" : [1, {}]}"[..], b"2", b"\"x,]\""]);
    assert_eq!(members(b"[]").unwrap(), [&b""[..]; 0]);
}

#[test]
fn a_broken_array_says_which_element_and_why() {
    let message = |body: &[u8]| members(body).unwrap_err().to_string();
    assert_eq!(message(b"[1,{\"a\" 2}]"), "element 2 of the array: expected `:` at byte 8");
    assert_eq!(message(b"[1,2"), "element 2 of the array: the JSON ends early, at byte 4");
    assert_eq!(message(b"[1,]"), "element 2 of the array: expected a value at byte 3");
    assert_eq!(
        message(b"[1] x"),
        "element 1 of the array: unexpected text after the end of the JSON, at byte 4"
    );
    assert_eq!(message(b"{}"), "element 1 of the array: expected a value at byte 0");
}

#[test]
fn an_element_that_is_too_deep_breaks_nothing_but_itself() {
    let body = format!("[1,{}{},2]", "[".repeat(20), "]".repeat(20));
    let mut found = Vec::new();
    elements(body.as_bytes(), 0, &mut Validator::new(16), |item, too_deep| {
        found.push((item.span.len(), too_deep.map(|error| error.to_string())));
        Ok::<(), ArrayError>(())
    })
    .unwrap();
    let fault = "nested more than 16 deep at byte 16".to_owned();
    assert_eq!(found, [(1, None), (40, Some(fault)), (1, None)]);
}

proptest! {
    /// Scenario: lines of any bytes, joined by either line end.
    /// Guarantees: the events are the lines that are not blank, in order, byte for byte, with their numbers.
    #[test]
    fn lines_come_back(given in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20), crlf: bool) {
        let given: Vec<Vec<u8>> = given
            .into_iter()
            .map(|line| line.into_iter().filter(|byte| !b"\r\n".contains(byte)).collect())
            .collect();
        let body = given.join(if crlf { &b"\r\n"[..] } else { b"\n" });
        let wanted: Vec<(usize, &[u8])> = (1..)
            .zip(given.iter().map(Vec::as_slice))
            .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
            .collect();
        prop_assert_eq!(texts(&body), wanted);
    }

    /// Scenario: arrays of any JSON with any white space. Guarantees: the elements are exact slices, in order.
    #[test]
    fn elements_come_back(
        given in prop::collection::vec(r#"\{"[a-z,\]\[]{0,5}":(-?[1-9][0-9]{0,3}|"[^"\\\x00-\x1f]{0,9}"|\[\]|null)\}"#, 0..9),
        space in "[ \t\n]{0,3}",
    ) {
        let body = format!("{space}[{space}{}{space}]{space}", given.join(&format!("{space},{space}")));
        let wanted: Vec<&[u8]> = given.iter().map(String::as_bytes).collect();
        prop_assert_eq!(members(body.as_bytes()).unwrap(), wanted);
    }

    /// Scenario: arbitrary bytes. Guarantees: an answer; every item lies in the body, and none overlaps another.
    #[test]
    fn survives_anything(body: Vec<u8>) {
        let mut last = 0;
        for item in lines(&body, 0) {
            prop_assert!(item.span.start >= last && item.span.end <= body.len() && !item.span.is_empty());
            last = item.span.end;
        }
        let mut array = b"[".to_vec();
        array.extend(&body);
        for bytes in [&body, &array] {
            let _any = elements(bytes, 0, &mut Validator::new(2), |_, _| Ok::<(), ArrayError>(()));
        }
    }
}
