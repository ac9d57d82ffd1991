//! The search API's answers.

use std::borrow::Cow;

use forebay_store::Hit;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    total: Option<Total>,
    #[serde(borrow, default)]
    hits: Vec<Found<'a>>,
}

/// Since version 7 an object, before that a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Total {
    Object { value: u64 },
    Number(u64),
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(rename = "_index")]
    index: String,
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", borrow)]
    source: &'a RawValue,
    sort: (i64,),
}

/// The hits of a page, and how many match in all.
pub(super) fn read(body: &[u8]) -> Result<(Vec<Hit>, u64), serde_json::Error> {
    let Answer { hits: Hits { total, hits } } = serde_json::from_slice(body)?;
    let hits = hits
        .into_iter()
        .map(|found| Hit {
            id: found.id,
            target: found.index,
            timestamp_ms: found.sort.0,
            document: found.source.to_owned(),
        })
        .collect();
    let total = match total {
        Some(Total::Object { value } | Total::Number(value)) => value,
        None => 0,
    };
    Ok((hits, total))
}

#[derive(Deserialize)]
struct Refused<'a> {
    #[serde(borrow)]
    error: Reason<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason<'a> {
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(borrow)]
    root_cause: Vec<Reason<'a>>,
    #[serde(borrow)]
    failed_shards: Vec<FailedShard<'a>>,
    #[serde(borrow)]
    caused_by: Option<Box<Reason<'a>>>,
}

#[derive(Deserialize)]
struct FailedShard<'a> {
    #[serde(borrow)]
    reason: Reason<'a>,
}

/// Why a query was refused, as briefly as the server says it: which query, and the innermost cause's first line (the
/// parser goes on with every token that it would have liked better).
pub(super) fn query_error(body: &[u8]) -> String {
    let Ok(Refused { error }) = serde_json::from_slice::<Refused<'_>>(body) else {
        return forebay_bulk::answer::read_error(body).1;
    };
    let reason = error.failed_shards.first().map_or(&error, |shard| &shard.reason);
    let outer = error.root_cause.first().map_or(&*reason.reason, |cause| &*cause.reason);
    let mut innermost = reason;
    while let Some(cause) = &innermost.caused_by {
        innermost = cause;
    }
    let inner = innermost.reason.lines().next().unwrap_or_default();
    if inner.is_empty() || outer.contains(inner) { outer.to_owned() } else { format!("{outer}: {inner}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_as_they_were_written() {
        let body = br#"{"hits":{"total":{"value":2,"relation":"eq"},"hits":[
            {"_index":"i","_id":"a","_source":{"n": 1.0e0,  "s":"\u00e9"},"sort":[7]}]}}"#;
        let (hits, total) = read(body).unwrap();
        assert_eq!((total, hits.len()), (2, 1));
        assert_eq!(hits[0].document.get(), r#"{"n": 1.0e0,  "s":"\u00e9"}"#);
        assert_eq!((&*hits[0].target, &*hits[0].id, hits[0].timestamp_ms), ("i", "a", 7));
    }

    #[test]
    fn no_index_means_no_hits() {
        assert_eq!(read(br#"{"hits":{"total":{"value":0,"relation":"eq"}}}"#).unwrap().1, 0);
        assert!(read(b"{}").is_err());
        assert!(read(b"<html>").is_err());
    }

    /// Scenario: a query that the server's parser refuses, with its answer shortened to what is read.
    /// Guarantees: a message of one line with the query and the place of the fault.
    #[test]
    fn a_bad_query_is_explained_in_one_line() {
        let body = br#"{"error":{"root_cause":[{"type":"query_shard_exception","reason":"Failed to parse query [a:(]",
            "index":"i"}],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[
            {"shard":0,"reason":{"type":"query_shard_exception","reason":"Failed to parse query [a:(]","caused_by":{
            "type":"parse_exception","reason":"Cannot parse 'a:('","caused_by":{"type":"parse_exception",
            "reason":"Encountered \"<EOF>\" at line 1, column 3.\nWas expecting one of:\n    <NOT> ..."}}}}]},"status":400}"#;
        assert_eq!(
            query_error(body),
            "Failed to parse query [a:(]: Encountered \"<EOF>\" at line 1, column 3."
        );
        assert_eq!(query_error(b"<html>bad</html>"), "<html>bad</html>");
    }
}
