use proptest::prelude::*;

use super::*;

fn word(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    text.chars().for_each(|char| pattern.push_char(char));
    pattern
}

fn leaf(field: &str, leaf: Leaf) -> Node {
    Node::Leaf((!field.is_empty()).then(|| field.to_owned()), leaf)
}

fn term(field: &str, text: &str) -> Node {
    leaf(field, Leaf::Word(word(text)))
}

/// Scenario: Lucene's own rule about operators, which is not that of Boolean algebra.
/// Guarantees: the same clauses are required as in Elasticsearch.
#[test]
fn operators_bind_as_in_lucene() {
    use Occur::{Must, MustNot, Should};
    let clauses = |list: &[(Occur, &str)]| {
        Node::Clauses(list.iter().map(|(occur, text)| (*occur, term("", text))).collect())
    };
    for (query, expected) in [
        ("a b", clauses(&[(Should, "a"), (Should, "b")])),
        ("a OR b AND c", clauses(&[(Should, "a"), (Must, "b"), (Must, "c")])),
        ("a AND b OR c", clauses(&[(Must, "a"), (Must, "b"), (Should, "c")])),
        ("a && !b", clauses(&[(Must, "a"), (MustNot, "b")])),
        ("a AND NOT b", clauses(&[(Must, "a"), (MustNot, "b")])),
        ("+a -b c", clauses(&[(Must, "a"), (MustNot, "b"), (Should, "c")])),
        ("NOT a", clauses(&[(MustNot, "a")])),
        ("android ORacle", clauses(&[(Should, "android"), (Should, "ORacle")])),
    ] {
        assert_eq!(parse(query), Ok(expected), "{query}");
    }
}

#[test]
fn values_are_read_in_every_form() {
    let included = |text: &str| Bound::Included(text.to_owned());
    let excluded = |text: &str| Bound::Excluded(text.to_owned());
    for (query, expected) in [
        ("level:error", term("level", "error")),
        ("level: error", term("level", "error")),
        (r"a\:b", term("", "a:b")),
        (r"a\*", term("", "a*")),
        ("web-1", term("", "web-1")),
        ("(a)^2", term("", "a")),
        ("", leaf("", Leaf::Exists)),
        ("*", leaf("", Leaf::Exists)),
        ("f:*", leaf("f", Leaf::Exists)),
        ("_exists_:a.b", leaf("a.b", Leaf::Exists)),
        (r#"f:"x \"y\" z"~2"#, leaf("f", Leaf::Phrase("x \"y\" z".to_owned(), 2))),
        ("f:[a TO b}", leaf("f", Leaf::Range(included("a"), excluded("b")))),
        (
            "f:{* TO 2026-11-21T10:00:00Z]",
            leaf("f", Leaf::Range(Bound::Open, included("2026-11-21T10:00:00Z"))),
        ),
        ("f:>=500", leaf("f", Leaf::Range(included("500"), Bound::Open))),
        ("f:<-1", leaf("f", Leaf::Range(Bound::Open, excluded("-1")))),
        (r"f:/a\/b.*/", leaf("f", Leaf::Regex("a/b.*".to_owned()))),
    ] {
        assert_eq!(parse(query), Ok(expected), "{query}");
    }
}

#[test]
fn a_group_shares_its_field() {
    let expected = Node::Clauses(vec![(Occur::Should, term("f", "a")), (Occur::Should, term("f", "b"))]);
    assert_eq!(parse("f:(a OR b)"), Ok(expected));
}

#[test]
fn what_is_wrong_is_said() {
    for (query, part) in [
        ("(a", "`)` is missing"),
        ("a)", "no counterpart"),
        ("()", "nothing between"),
        ("a AND", "clause after it"),
        ("OR a", "clause before it"),
        ("\"a", "closing `\"`"),
        ("f:", "value is missing after `f:`"),
        ("f:fe80::1", "second `:`"),
        ("f:[1 2]", "`TO` is missing"),
        ("f:[1 TO 2", "ends with"),
        ("path:/var", "closing `/`"),
        ("a~1", "fuzzy"),
        ("a.*:1", "wildcards in a field's name"),
        ("a^", "after `^`"),
        ("a\\", "nothing follows"),
        ("f:>=10:00", "in quotes"),
        ("]", "can't stand here"),
    ] {
        let error = parse(query).unwrap_err().to_string();
        assert!(error.contains(part), "{query}: {error}");
        assert!(error.contains("(at character "), "{query}: {error}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    assert!(parse(&"a ".repeat(MAX_LENGTH)).is_err());
    assert!(parse(&"a ".repeat(MAX_CLAUSES + 1)).unwrap_err().0.contains("clauses"));
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert!(parse(&deep(MAX_DEPTH + 1)).unwrap_err().0.contains("parentheses"));
}

proptest! {
    /// Guarantees: no text makes it panic or hang.
    #[test]
    fn survives_anything(text in r#"[a\-+!(){}\[\]^"~*?:\\/<>=& |ANDORTO]{0,60}|\PC{0,60}"#) {
        let _result = parse(&text);
    }
}
