//! Any program on any event, within limits: what doesn't compile says why, what runs comes to an end, and the lane works on.
//!
//! The input is program and body, with a byte 0xFF between.

use forebay_convert::{Documents, Outcome};
use forebay_rules::{CompileOptions, Limits, RuleFiles, compile};

use crate::support::{NOW_MS, document, event, lane, parts};

pub use crate::support::refuse_one as prepare;

/// Looks at one input.
pub fn check(data: &[u8]) {
    let [program, body] = parts(data);
    let Ok(program) = str::from_utf8(program) else { return };
    let mut files = RuleFiles::new();
    // A JSON string is one of YAML.
    let program = serde_json::to_string(program).expect("a text is JSON");
    files.add("a.yaml", format!("steps: [{{when: 'true', vrl: {program}}}]\n").into_bytes());
    let limits = Limits { steps: 2_000, ..Limits::default() };
    let Ok((rules, _warnings)) = compile(&files, &CompileOptions { limits, ..CompileOptions::default() })
    else {
        return;
    };
    let mut lane = lane(rules);
    let mut out = Documents::default();
    for body in [body, br#"{"a":"x","b":[1,{"c":null}],"n":7,"t":"2026-11-21T08:00:00Z","f":1.5}"#] {
        out.clear();
        if lane.apply(&event("json", body), NOW_MS, &mut out) == Outcome::Documents {
            assert_eq!(out.len(), 1);
            out.drafts().for_each(|draft| drop(document(draft.body)));
        }
    }
}
