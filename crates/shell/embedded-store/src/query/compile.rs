//! From [`Node`] to the index's queries.

use std::net::IpAddr;
use std::ops::Bound as Limit;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, Occur as IndexOccur, PhraseQuery, Query, RangeQuery, RegexQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::ast::{Bound, Leaf, Node, Occur};
use super::parse::QueryError;
use super::pattern::escape;
use super::time;
use crate::document::{TEXT_PATHS, TIMESTAMP};
use crate::index::Fields;
use crate::term::{Kind, ip, ip_block, number};
use crate::words;

type BoxedQuery = Box<dyn Query>;

/// Compiles a query; `now_ms` is what `now` in it means.
pub(crate) fn compile(node: &Node, fields: &Fields, now_ms: i64) -> Result<BoxedQuery, QueryError> {
    Compiler { fields, now_ms }.node(node).map(|query| query.unwrap_or_else(|| Box::new(EmptyQuery)))
}

/// Documents whose target is `<prefix>-<tenant>-<day>`, with a route, a schema or both before the day:
/// `<prefix>-<tenant>.<route>.otel-<day>`.
pub(crate) fn tenant(prefix: &str, tenant: &str, fields: &Fields) -> Result<BoxedQuery, QueryError> {
    let regex = escape(&Kind::Text.term("_index", &format!("{prefix}-{tenant}")))
        + r"(\.[a-z0-9_-]+){0,2}-[0-9]{4}(\.[0-9]{2}){2,3}";
    matching(&regex, fields.terms)
}

struct Compiler<'a> {
    fields: &'a Fields,
    now_ms: i64,
}

// === impl Compiler ===

impl Compiler<'_> {
    /// `None` for what has nothing to look for, such as a word of punctuation: it neither finds nor excludes.
    fn node(&self, node: &Node) -> Result<Option<BoxedQuery>, QueryError> {
        match node {
            Node::Clauses(clauses) => self.clauses(clauses),
            Node::Leaf(None, leaf) => self.anywhere(leaf),
            Node::Leaf(Some(field), leaf) => match TEXT_PATHS.iter().position(|path| path == field) {
                _ if *leaf == Leaf::Exists => Ok(Some(self.exists(field))),
                Some(place) => self.text(leaf, self.fields.texts.get(place..=place).unwrap_or_default()),
                None if field == TIMESTAMP => self.timestamp(leaf).map(Some),
                None => self.keyword(field, leaf).map(Some),
            },
        }
    }

    fn clauses(&self, clauses: &[(Occur, Node)]) -> Result<Option<BoxedQuery>, QueryError> {
        let mut out: Vec<(IndexOccur, BoxedQuery)> = Vec::with_capacity(clauses.len() + 1);
        for (occur, node) in clauses {
            let occur = match occur {
                Occur::Should => IndexOccur::Should,
                Occur::Must => IndexOccur::Must,
                Occur::MustNot => IndexOccur::MustNot,
            };
            out.extend(self.node(node)?.map(|query| (occur, query)));
        }
        if !out.is_empty() && out.iter().all(|(occur, _)| *occur == IndexOccur::MustNot) {
            out.push((IndexOccur::Must, Box::new(AllQuery)));
        }
        Ok((!out.is_empty()).then(|| Box::new(BooleanQuery::new(out)) as BoxedQuery))
    }

    /// Without a field: in all text.
    fn anywhere(&self, leaf: &Leaf) -> Result<Option<BoxedQuery>, QueryError> {
        if *leaf == Leaf::Exists {
            return Ok(Some(Box::new(AllQuery)));
        }
        let mut everywhere = self.fields.texts.to_vec();
        everywhere.push(self.fields.others);
        self.text(leaf, &everywhere)
    }

    /// In any of these text fields.
    fn text(&self, leaf: &Leaf, fields: &[Field]) -> Result<Option<BoxedQuery>, QueryError> {
        match leaf {
            Leaf::Word(pattern) => match pattern.literal() {
                Some(literal) => {
                    let words = words::of(literal);
                    Ok(any(words.iter().flat_map(|word| fields.iter().map(|field| exact(*field, word)))))
                }
                None => {
                    let regex = pattern.to_lowercase().to_regex("");
                    let queries = fields.iter().map(|field| matching(&regex, *field));
                    Ok(any(queries.collect::<Result<Vec<_>, _>>()?.into_iter()))
                }
            },
            Leaf::Phrase(text, slop) => {
                let words = words::of(text);
                Ok(any(fields.iter().filter_map(|field| phrase(*field, &words, *slop))))
            }
            Leaf::Regex(regex) => {
                let queries = fields.iter().map(|field| matching(regex, *field));
                Ok(any(queries.collect::<Result<Vec<_>, _>>()?.into_iter()))
            }
            Leaf::Range(..) => Err(QueryError(format!(
                "a range needs a field that is not text; {} are text",
                TEXT_PATHS.join(", ")
            ))),
            Leaf::Exists => Ok(Some(Box::new(AllQuery))),
        }
    }

    fn keyword(&self, path: &str, leaf: &Leaf) -> Result<BoxedQuery, QueryError> {
        match leaf {
            Leaf::Word(pattern) => match pattern.literal() {
                Some(literal) => Ok(self.value(path, literal)),
                None => matching(&pattern.to_regex(&Kind::Text.prefix(path)), self.fields.terms),
            },
            Leaf::Phrase(text, _) => Ok(self.value(path, text)),
            Leaf::Regex(regex) => {
                let anchored = format!("{}(?:{regex})", escape(&Kind::Text.prefix(path)));
                matching(&anchored, self.fields.terms)
            }
            Leaf::Range(lower, upper) => Ok(self.range(path, lower, upper)),
            Leaf::Exists => Ok(self.exists(path)),
        }
    }

    fn exists(&self, path: &str) -> BoxedQuery {
        exact(self.fields.terms, &Kind::Exists.prefix(path))
    }

    /// One value, in every type that it can be read as.
    fn value(&self, path: &str, text: &str) -> BoxedQuery {
        let mut forms = vec![exact(self.fields.terms, &Kind::Text.term(path, text))];
        if let Some(float) = as_number(text) {
            forms.push(exact(self.fields.terms, &Kind::Number.term(path, &number(float))));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            forms.push(exact(self.fields.terms, &Kind::Ip.term(path, &ip(address))));
        }
        if let Some((first, last)) = ip_block(text) {
            forms.push(self.terms(Kind::Ip, path, Limit::Included(first), Limit::Included(last)));
        }
        any(forms.into_iter()).unwrap_or_else(|| Box::new(EmptyQuery))
    }

    /// By number when both bounds are numbers, by address when both are addresses, else by text.
    fn range(&self, path: &str, lower: &Bound, upper: &Bound) -> BoxedQuery {
        fn encoded(bound: &Bound, encode: impl Fn(&str) -> Option<String>) -> Option<Limit<String>> {
            match bound.value() {
                None => Some(Limit::Unbounded),
                Some(value) => encode(value).map(|value| bound.with(value)),
            }
        }
        let by = |encode: fn(&str) -> Option<String>| encoded(lower, encode).zip(encoded(upper, encode));
        if lower.value().or(upper.value()).is_none() {
            return self.exists(path);
        }
        if let Some((lower, upper)) = by(|text| as_number(text).map(number)) {
            return self.terms(Kind::Number, path, lower, upper);
        }
        if let Some((lower, upper)) = by(|text| text.parse().ok().map(ip)) {
            return self.terms(Kind::Ip, path, lower, upper);
        }
        let text = |bound: &Bound| bound.with(bound.value().unwrap_or_default().to_owned());
        self.terms(Kind::Text, path, text(lower), text(upper))
    }

    /// All terms of one kind and path between two values.
    fn terms(&self, kind: Kind, path: &str, lower: Limit<String>, upper: Limit<String>) -> BoxedQuery {
        let term = |text: &str| Term::from_field_text(self.fields.terms, text);
        let value = |value: &String| term(&kind.term(path, value));
        let lower = match &lower {
            Limit::Unbounded => Limit::Included(term(&kind.prefix(path))),
            bound => bound.as_ref().map(value),
        };
        let upper = match &upper {
            Limit::Unbounded => Limit::Excluded(term(&kind.end(path))),
            bound => bound.as_ref().map(value),
        };
        Box::new(RangeQuery::new(lower, upper))
    }

    fn timestamp(&self, leaf: &Leaf) -> Result<BoxedQuery, QueryError> {
        let span = |text: &str| time::parse_query(text, self.now_ms).map_err(QueryError);
        let (lower, upper) = match leaf {
            Leaf::Word(pattern) => match pattern.literal() {
                Some(text) => {
                    span(text).map(|span| (Limit::Included(span.start), Limit::Included(span.last)))?
                }
                None => return Err(QueryError("@timestamp is a time: it takes no wildcards".to_owned())),
            },
            Leaf::Phrase(text, _) => {
                span(text).map(|span| (Limit::Included(span.start), Limit::Included(span.last)))?
            }
            Leaf::Range(lower, upper) => {
                let lower = match lower {
                    Bound::Open => Limit::Unbounded,
                    Bound::Included(text) => Limit::Included(span(text)?.start),
                    Bound::Excluded(text) => Limit::Excluded(span(text)?.last),
                };
                let upper = match upper {
                    Bound::Open => Limit::Unbounded,
                    Bound::Included(text) => Limit::Included(span(text)?.last),
                    Bound::Excluded(text) => Limit::Excluded(span(text)?.start),
                };
                (lower, upper)
            }
            Leaf::Regex(_) => {
                return Err(QueryError("@timestamp is a time: it takes no regular expressions".to_owned()));
            }
            Leaf::Exists => return Ok(self.exists(TIMESTAMP)),
        };
        if matches!((&lower, &upper), (Limit::Unbounded, Limit::Unbounded)) {
            return Ok(self.exists(TIMESTAMP));
        }
        let term = |ms: &i64| Term::from_field_i64(self.fields.timestamp, *ms);
        Ok(Box::new(RangeQuery::new(lower.as_ref().map(term), upper.as_ref().map(term))))
    }
}

fn as_number(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which no document holds.
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

fn exact(field: Field, text: &str) -> BoxedQuery {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

fn phrase(field: Field, words: &[String], slop: u32) -> Option<BoxedQuery> {
    match words {
        [] => None,
        [only] => Some(exact(field, only)),
        several => {
            let terms = several.iter().map(|word| Term::from_field_text(field, word)).enumerate().collect();
            Some(Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop)))
        }
    }
}

/// All terms that a regular expression matches from end to end.
fn matching(regex: &str, field: Field) -> Result<BoxedQuery, QueryError> {
    match RegexQuery::from_pattern(regex, field) {
        Ok(query) => Ok(Box::new(query)),
        Err(error) => Err(QueryError(format!("a pattern that can't be used: {error}"))),
    }
}

/// Alternatives; `None` when there are none.
fn any(queries: impl Iterator<Item = BoxedQuery>) -> Option<BoxedQuery> {
    let mut queries: Vec<BoxedQuery> = queries.collect();
    match queries.len() {
        0 => None,
        1 => queries.pop(),
        _ => Some(Box::new(BooleanQuery::union(queries))),
    }
}
