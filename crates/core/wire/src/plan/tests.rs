use super::*;
use crate::rejections::MAX_LISTED;

fn rules(content_type: &str) -> Rules<'static> {
    Rules {
        declared: Declared::from_content_type(Some(content_type)).unwrap(),
        format: "",
        id_field: None,
        max_event: 100,
        max_depth: 8,
        max_events: 10,
    }
}

const NDJSON: &str = "application/x-ndjson";

fn refused(plan: &Plan) -> Vec<(usize, &'static str)> {
    plan.rejections.listed().iter().map(|one| (one.line, one.error)).collect()
}

/// Scenario: every kind of bad line among good ones.
/// Guarantees: each is refused alone with its line and reason; the neighbours are untouched slices.
#[test]
fn one_bad_line_never_harms_its_neighbours() {
    let deep = "[".repeat(9) + &"]".repeat(9);
    let long = "x".repeat(101);
    let mut body =
        format!("{{\"a\":1}}\n{{oops\n\n{deep}\n\"text\"\n{{\"m\":\"{long}\"}}\n{{\"m\":\"").into_bytes();
    body.extend(b"\xff\xfe\"}\n{\"m\":\"\0\"}\n{\"z\":2}\r\n");
    let plan = plan(&body, &rules(NDJSON)).unwrap();
    let good: Vec<_> = plan.events.iter().map(|event| (event.line, &body[event.span.clone()])).collect();
    assert_eq!(good, [(1, &b"{\"a\":1}"[..]), (9, b"{\"z\":2}")]);
    assert_eq!(
        refused(&plan),
        [
            (2, "invalid_json"),
            (4, "too_deep"),
            (5, "not_an_object"),
            (6, "too_large"),
            (7, "invalid_utf8"),
            (8, "invalid_json"),
        ]
    );
    let reasons: Vec<&str> = plan.rejections.listed().iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons[0], "expected a member's name in double quotes at byte 1");
    assert_eq!(reasons[1], "nested more than 8 deep at byte 8");
    assert_eq!(reasons[3], "the event has 109 bytes; at most 100 are allowed");
    assert!(reasons[4].starts_with("broken UTF-8 at byte 6"), "{}", reasons[4]);
    assert_eq!(reasons[5], "unescaped control character 0x00 in a string at byte 6");
    assert_eq!(plan.rejections.by_reason().map(|(_, count)| count).sum::<usize>(), 6);
}

/// Scenario: text of any bytes. Guarantees: taken as it is; only its size is limited.
#[test]
fn lines_of_text_may_hold_any_bytes() {
    let mut body = b"caf\xe9 \0 broken\r\n".to_vec();
    body.extend([b'x'; 101]);
    let plan = plan(&body, &rules("text/plain")).unwrap();
    assert_eq!(&body[plan.events[0].span.clone()], b"caf\xe9 \0 broken");
    assert_eq!(refused(&plan), [(2, "too_large")]);
}

#[test]
fn an_array_refuses_elements_one_by_one_too() {
    let deep = "[".repeat(9) + &"]".repeat(9);
    let mut body = format!("[{{\"a\":1}}, 7,{deep} , {{\"m\":\"").into_bytes();
    body.extend(b"\xff\"},{\"b\":2}]");
    let plan = plan(&body, &rules("application/json")).unwrap();
    let good: Vec<_> = plan.events.iter().map(|event| (event.line, &body[event.span.clone()])).collect();
    assert_eq!(good, [(1, &b"{\"a\":1}"[..]), (5, b"{\"b\":2}")]);
    assert_eq!(refused(&plan), [(2, "not_an_object"), (3, "too_deep"), (4, "invalid_utf8")]);
}

#[test]
fn what_fails_the_whole_body() {
    let fails =
        |body: &str, content_type| plan(body.as_bytes(), &rules(content_type)).unwrap_err().to_string();
    assert_eq!(fails(" \r\n", ""), "the body is empty");
    assert_eq!(
        fails("[{\"a\":1},{\"b\"", "application/json"),
        "element 2 of the array: the JSON ends early, at byte 13"
    );
    assert_eq!(fails(&"{}\n".repeat(11), NDJSON), "the body has more than 10 events");
    assert_eq!(fails(&"x\n".repeat(11), NDJSON), "the body has more than 10 events");
    assert!(plan("{}\n".repeat(10).as_bytes(), &rules(NDJSON)).is_ok());
}

#[test]
fn an_empty_array_is_no_error() {
    let plan = plan(b" [ ] ", &rules("application/json")).unwrap();
    assert_eq!((plan.events.len(), plan.rejections.count()), (0, 0));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_event() {
    let body = b"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}";
    let plan = plan(body, &rules("")).unwrap();
    assert_eq!(&body[plan.events[0].span.clone()], b"{\"a\":1}");
    assert_eq!(plan.events.len(), 2);
}

#[test]
fn an_indented_object_is_one_event() {
    let body = b"{\n  \"a\": 1\n}\n";
    let plan = plan(body, &rules("")).unwrap();
    assert_eq!((plan.shape, plan.events.len()), (Shape::Object, 1));
}

#[test]
fn ids_come_with_the_events_that_are_taken() {
    let with_ids = Rules { id_field: Some("id"), ..rules("application/json") };
    for body in ["{\"id\":\"a\"}\n{\"x\":1}\n{\"id\":3}", "[{\"id\":\"a\"},{\"x\":1},{\"id\":3}]"] {
        let plan = plan(body.as_bytes(), &with_ids).unwrap();
        assert_eq!(plan.given_ids, ["a", "3"]);
        assert_eq!(refused(&plan), [(2, "invalid_id")]);
    }
    let text = Rules { id_field: Some("id"), ..rules("text/plain") };
    assert_eq!(plan(b"x", &text).unwrap_err(), PlanError::IdFieldOfText);
}

#[test]
fn the_list_of_rejections_ends_and_the_count_does_not() {
    let many = Rules { max_events: 1000, ..rules(NDJSON) };
    let plan = plan("?\n".repeat(150).as_bytes(), &many).unwrap();
    assert_eq!((plan.rejections.count(), plan.rejections.listed().len()), (150, MAX_LISTED));
}

/// Scenario: a small body of very many tiny events, with ids.
/// Guarantees: the plan, which is far larger than the body, is known to be so, so that it counts as in flight.
#[test]
fn a_plan_weighs_what_it_holds() {
    let body = "{\"i\":1}\n".repeat(1000);
    let plain = plan(body.as_bytes(), &Rules { max_events: 1000, ..rules(NDJSON) }).unwrap();
    assert!(plain.weight() >= 1000 * size_of::<Event>());
    let with_ids =
        plan(body.as_bytes(), &Rules { max_events: 1000, id_field: Some("i"), ..rules(NDJSON) }).unwrap();
    assert!(with_ids.weight() >= plain.weight() + 1000 * size_of::<String>());
}

/// Scenario: Fluent Bit's `json_stream`, objects with nothing between them.
/// Guarantees: each is an event; a bad one is refused alone, unless nobody knows where the next begins.
#[test]
fn objects_in_a_row_are_events() {
    let deep = "[".repeat(9) + &"]".repeat(9);
    let body = format!("{{\"a\":1}}{{\"b\":{deep}}}{{\"c\":3}}\n{{\"d\":4}}");
    let good = plan(body.as_bytes(), &rules("application/json")).unwrap();
    let texts: Vec<_> = good.events.iter().map(|event| (event.line, &body[event.span.clone()])).collect();
    assert_eq!(texts, [(1, r#"{"a":1}"#), (3, r#"{"c":3}"#), (4, r#"{"d":4}"#)]);
    assert_eq!(refused(&good), [(2, "too_deep")]);
    let error = plan(b"{\"a\":1}{\"b\" 2}", &rules("application/json")).unwrap_err();
    assert_eq!(error.to_string(), "value 2 of the body: expected `:` at byte 12");
}
