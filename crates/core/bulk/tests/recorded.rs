//! Answers of real servers, recorded by hand, and what they mean.
//!
//! The files under `data/` were answered by Elasticsearch 9.5.3 and OpenSearch 3.8.0 (the servers of `tests/servers`)
//! with `filter_path=errors,items.*.status,items.*.error,items.*.failure_store`; `mixed-unfiltered` without.

use std::error::Error;
use std::io;
use std::path::Path;

use forebay_bulk::{ItemOutcome, RequestFailure, read_answer};

const SERVERS: [&str; 2] = ["elasticsearch-9.5.3", "opensearch-3.8.0"];

fn recorded(server: &str, name: &str) -> io::Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(server);
    std::fs::read(folder.join(format!("{name}.json")))
}

/// One letter an item: Indexed, Duplicate, Retry, reFused; the failure store has S.
fn letters(server: &str, name: &str, expected: usize) -> Result<String, Box<dyn Error>> {
    let answer = read_answer(&recorded(server, name)?, expected)?;
    let letter = |outcome| match outcome {
        ItemOutcome::Indexed => 'I',
        ItemOutcome::FailureStored => 'S',
        ItemOutcome::Duplicate => 'D',
        ItemOutcome::Retry(_) => 'R',
        ItemOutcome::Refused(_) => 'F',
    };
    Ok(answer.outcomes.into_iter().map(letter).collect())
}

/// Scenario: the same bulk requests to both servers.
/// Guarantees: every item's class, in its place, whatever words the server has for it.
#[test]
fn items() {
    for server in SERVERS {
        for (name, outcomes) in [
            ("created", "II"),
            // there already, wrong type, good, half a document, scalar for an object, array for a document, good
            ("mixed", "DFIFFFI"),
            ("mixed-unfiltered", "DFDFFFD"),
            // closed index, blocked index, good, a name that no index may have
            ("blocks", "RRIF"),
            ("shard-limit", "R"),
            ("no-auto-create", "F"),
            // broken UTF-8, NUL, no JSON, a metadata field, good, two documents, a field twice, a field without name
            ("odd", "FIFFIFFF"),
            ("deep", "FI"),
        ] {
            assert_eq!(letters(server, name, outcomes.len()).unwrap(), outcomes, "{server}/{name}");
        }
    }
    assert_eq!(letters("elasticsearch-9.5.3", "busy-items", 7).unwrap(), "RRRRRRD");
}

/// Scenario: requests that the servers refused as a whole. Guarantees: their class and the server's reason.
#[test]
fn whole_requests() {
    for server in SERVERS {
        let failure =
            |name, status| RequestFailure::from_response(status, None, &recorded(server, name).unwrap());
        for (name, status, words) in [
            ("cluster-block", 403, "cluster read-only"),
            ("too-busy", 429, "rejected execution"),
            // of our own making, and not the documents' fault
            ("wrong-content-type", 406, "is not supported"),
        ] {
            let RequestFailure::Busy { reason, .. } = failure(name, status) else {
                panic!("{server}/{name}")
            };
            assert!(reason.contains(words), "{server}/{name}: {reason}");
        }
        for (name, status, words) in [
            ("id-too-long", 400, "must be no longer than 512 bytes"),
            ("request-malformed", 400, "Unrecognized token"),
            ("request-no-newline", 400, "must be terminated by a newline"),
        ] {
            let RequestFailure::Rejected { reason, .. } = failure(name, status) else {
                panic!("{server}/{name}")
            };
            assert!(reason.contains(words), "{server}/{name}: {reason}");
        }
    }
}

/// Scenario: a document with a wrong type. Guarantees: the dead letter will say which field, which type, and why.
#[test]
fn the_reason_names_the_field() {
    for server in SERVERS {
        let answer = read_answer(&recorded(server, "mixed").unwrap(), 7).unwrap();
        let error = answer.outcomes[1].error().unwrap();
        assert!(error.error_type.ends_with("_parsing_exception"), "{error:?}");
        assert!(error.reason.contains("failed to parse field [n] of type [integer]"), "{error:?}");
        assert!(
            error.reason.ends_with("caused by number_format_exception: For input string: \"many\""),
            "{error:?}"
        );
    }
}
