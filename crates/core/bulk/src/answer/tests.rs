use proptest::prelude::*;

use super::*;

fn read(answer: &str, expected: usize) -> Vec<ItemOutcome> {
    read_answer(answer.as_bytes(), expected).unwrap().outcomes
}

#[test]
fn the_quick_way_and_the_long_way_agree() {
    let quick = r#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}"#;
    let long = r#"{ "took": 3, "items": [ {"create": {"status": 201}}, {"index": {"status": 200}} ], "errors": false }"#;
    assert_eq!(read(quick, 2), [ItemOutcome::Indexed, ItemOutcome::Indexed]);
    assert_eq!(read(long, 2), read(quick, 2));
}

/// Scenario: the server says that all went well, but of another number of items than were sent.
/// Guarantees: an error, whichever way the answer is read; nothing counts as indexed.
#[test]
fn an_answer_with_the_wrong_number_of_items_is_none() {
    for (answer, found) in [
        (r#"{"errors":false,"items":[{"create":{"status":201}}]}"#, 1),
        (r#"{"errors":false,"items":[]}"#, 0),
        (
            r#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}}]}"#,
            3,
        ),
        (
            r#"{"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}},{"create":{}}]}"#,
            3,
        ),
    ] {
        assert_eq!(
            read_answer(answer.as_bytes(), 2),
            Err(AnswerError::Count { expected: 2, found }),
            "{answer}"
        );
    }
}

#[test]
fn what_is_not_a_bulk_answer_is_refused() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        "null",
        r#"{"errors":false}"#,
        r#"{"items":{}}"#,
        r#"{"items":[{}]}"#,
        r#"{"items":[{"create":{}}]}"#,
        r#"{"items":[{"create":{"status":"201"}}]}"#,
        r#"{"items":[{"create":{"status":201},"index":{"status":201}}]}"#,
        r#"{"items":[{"create":{"status":201}}]"#,
        r#"{"items":[{"create":{"status":201}}]}{"#,
        r#"{"errors":false,"items":[{"create":{"status":201}}]}x"#,
    ] {
        assert!(matches!(read_answer(body.as_bytes(), 1), Err(AnswerError::Malformed(_))), "{body}");
    }
}

/// Scenario: a data stream with a failure store took a document that its index had refused.
/// Guarantees: it is told apart from one that was indexed; the other words of the failure store say nothing.
#[test]
fn the_failure_store_is_counted_apart() {
    let answer = r#"{"errors":false,"items":[
        {"create":{"status":201,"failure_store":"used"}},
        {"create":{"status":201,"failure_store":"not_applicable_or_unknown"}}]}"#;
    assert_eq!(read(answer, 2), [ItemOutcome::FailureStored, ItemOutcome::Indexed]);
}

#[test]
fn a_reason_tells_its_causes_once() {
    let answer = r#"{"errors":true,"items":[{"create":{"status":400,"error":{"type":"outer","reason":"can't read",
        "caused_by":{"type":"middle","reason":"not a number","caused_by":{"type":"inner","reason":"not a number"}}}}}]}"#;
    assert_eq!(
        read(answer, 1),
        [ItemOutcome::Refused(Box::new(ItemError {
            status: 400,
            error_type: "outer".to_owned(),
            reason: "can't read; caused by middle: not a number".to_owned(),
        }))]
    );
}

#[test]
fn a_reason_is_bounded_and_may_be_plain_words_or_broken_text() {
    let long = "é".repeat(100_000);
    let answer =
        format!(r#"{{"items":[{{"create":{{"status":400,"error":{{"type":"t","reason":"{long}"}}}}}}]}}"#);
    let outcomes = read(&answer, 1);
    assert_eq!(outcomes[0].error().unwrap().reason.len(), crate::outcome::MAX_REASON);

    let outcomes = read(r#"{"items":[{"create":{"status":400,"error":"no handler"}}]}"#, 1);
    assert_eq!(outcomes[0].error().unwrap().reason, "no handler");

    let broken = b"{\"items\":[{\"create\":{\"status\":400,\"error\":{\"reason\":\"near \xff\"}}},{\"create\":{\"status\":201}}]}";
    let outcomes = read_answer(broken, 2).unwrap().outcomes;
    assert_eq!(outcomes[0].error().unwrap().reason, "near \u{fffd}");
    assert_eq!(outcomes[1], ItemOutcome::Indexed);
}

/// Scenario: items with a status of success, or of a document that is there, beside an error that has no type.
/// Guarantees: refused, with the server's words. What an error comes with never counts as done.
#[test]
fn an_error_without_a_type_is_an_error() {
    for status in [200, 201, 409] {
        for error in [r#""not stored""#, r#"{"reason":"not stored"}"#, r#"{"type":"","reason":"not stored"}"#]
        {
            let answer =
                format!(r#"{{"errors":true,"items":[{{"create":{{"status":{status},"error":{error}}}}}]}}"#);
            let refused = ItemError { status, reason: "not stored".to_owned(), ..ItemError::default() };
            assert_eq!(read(&answer, 1), [ItemOutcome::Refused(Box::new(refused))], "{answer}");
        }
    }
    let bare =
        r#"{"errors":true,"items":[{"create":{"status":409}},{"create":{"status":201,"error":null}}]}"#;
    assert_eq!(read(bare, 2), [ItemOutcome::Duplicate, ItemOutcome::Indexed]);
}

/// Scenario: an error nested 100,000 deep. Guarantees: an error within bounds of time and stack, no crash.
#[test]
fn survives_depth() {
    let deep = r#"{"caused_by":"#.repeat(100_000);
    let answer = format!(r#"{{"items":[{{"create":{{"status":400,"error":{deep}"#);
    assert!(read_answer(answer.as_bytes(), 1).is_err());
    let _any = read_error(deep.as_bytes());
}

proptest! {
    /// Scenario: arbitrary bytes, and arbitrary bytes in the place of an answer's parts.
    /// Guarantees: a verdict, no panic; never more outcomes than were asked for.
    #[test]
    fn survives_anything(body: Vec<u8>, part in ".{0,30}", cut in 0_usize..200, expected in 0_usize..5) {
        let _any = read_answer(&body, expected);
        let _any = read_error(&body);
        let mut answer = format!(r#"{{"errors":true,"items":[{{"create":{{"status":400,"error":{part}}}}},{part}]}}"#);
        answer.truncate(answer.floor_char_boundary(cut));
        if let Ok(answer) = read_answer(answer.as_bytes(), expected) {
            prop_assert_eq!(answer.outcomes.len(), expected);
        }
        let _any = read_error(answer.as_bytes());
    }

    /// Scenario: answers with items of all kinds in any order. Guarantees: outcomes keep the items' places.
    #[test]
    fn outcomes_keep_their_places(kinds in proptest::collection::vec(0_usize..4, 0..40)) {
        const ITEMS: [&str; 4] = [
            r#"{"create":{"status":201}}"#,
            r#"{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"x"}}}"#,
            r#"{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"x"}}}"#,
            r#"{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"x"}}}"#,
        ];
        let items: Vec<&str> = kinds.iter().map(|kind| ITEMS[*kind]).collect();
        let answer = format!(r#"{{"errors":{},"items":[{}]}}"#, kinds.iter().any(|kind| *kind > 0), items.join(","));
        let found: Vec<usize> = read(&answer, kinds.len()).iter().map(|outcome| match outcome {
            ItemOutcome::Indexed | ItemOutcome::FailureStored => 0,
            ItemOutcome::Duplicate => 1,
            ItemOutcome::Retry(_) => 2,
            ItemOutcome::Refused(_) => 3,
        }).collect();
        prop_assert_eq!(found, kinds);
    }
}
