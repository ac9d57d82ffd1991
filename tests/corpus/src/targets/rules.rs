//! Any bytes as a rule: problems with places, or rules; and those come to one end with each of some events.
//!
//! A mask with all detectors takes seconds to compile when it is instrumented: the target `mask` has one. Here only those are
//! compiled that name their detectors.

use forebay_convert::{Documents, Outcome};
use forebay_rules::{CompileOptions, Limits, RuleFiles, compile};

use crate::support::{NOW_MS, document, event, lane};

const EVENTS: [(&str, &str); 6] = [
    (
        "json",
        r#"{"a":{"b":[1,"x",null]},"time":"2026-11-21T08:00:00Z","level":"debug","to":"jane@example.org","n":7,"records":[{"n":1},2]}"#,
    ),
    ("json", r#"{"source":{"ip":"10.1.2.3"},"user_agent":{"original":"curl/8"},"service":"cart","a":1}"#),
    ("", r#"1.2.3.4 - - [21/Nov/2026:09:00:00 +0000] "GET /x HTTP/1.1" 200 12 "-" "curl/8""#),
    ("logfmt", "level=info msg=\"a b\" n=1 payload=\"{}\""),
    ("", "no format at all, password=hunter2"),
    ("json", "{"),
];

pub use crate::support::refuse_one as prepare;

/// Looks at one input.
pub fn check(data: &[u8]) {
    let has = |word: &[u8]| data.windows(word.len()).any(|window| window == word);
    if has(b"mask") && !has(b"detectors: [") {
        return;
    }
    let mut files = RuleFiles::new();
    files.add("a.yaml", data.to_vec());
    files.add("hosts.csv", &b"ip,name\n10.0.0.0/8,inner\n1.2.3.4,web\n"[..]);
    files.add("hosts.json", &br#"[{"k":1,"v":{"x":[1]}}]"#[..]);
    files.add("key", &b"0123456789abcdef"[..]);
    let limits = Limits { steps: 2_000, ..Limits::default() };
    let formats = ["auto", "json", "logfmt", "key_value", "raw", "csv"].map(str::to_owned).to_vec();
    let options = CompileOptions { limits, formats, ..CompileOptions::default() };
    let rules = match compile(&files, &options) {
        Ok((rules, _warnings)) => rules,
        Err(problems) => {
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
            return assert!(!problems.is_empty());
        }
    };
    let mut lane = lane(rules);
    let mut out = Documents::default();
    for (format, body) in EVENTS {
        out.clear();
        match lane.apply(&event(format, body.as_bytes()), NOW_MS, &mut out) {
            Outcome::Documents => {
                assert!(!out.is_empty());
                out.drafts().for_each(|draft| drop(document(draft.body)));
            }
            Outcome::Refused(refusal) => assert!(!refusal.error_type.is_empty()),
            Outcome::Dropped(_) => {}
        }
    }
}
