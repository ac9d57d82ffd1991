use forebay_rules::RuleFiles;
use forebay_settings::Settings;
use proptest::prelude::*;

use super::*;
use crate::engine::Engine;
use crate::testing;

const RULE: &str = "steps:\n  - vrl: '.n = to_int!(.n)'\n  - {when: '.n == 0', drop: {reason: zero}}\n";

fn updated(text: &str) -> Result<Option<(String, usize)>, UpdateError> {
    let mut files = RuleFiles::new();
    files.add("a.yaml", RULE.as_bytes().to_vec());
    let engine = Engine::compile(&files, &Settings::default()).unwrap();
    let file = SampleFile::read("a.test.yaml", text.as_bytes(), "default").unwrap();
    let run = testing::run(&engine, std::slice::from_ref(&file)).unwrap();
    update(&file, text, &run.files[0].cases)
}

const BEFORE: &str = "# what this is about
samples:   # in this order
  # the first
  - name: gone   # a remark
    event: {body: '{\"n\":0}'}
    dropped: wrong   # old

  # the second
  - dead_letter:
      reason: nothing
    name: broken
    # about the event
    event:
      body: '{\"n\":\"x\"}'

  - event: {json: {n: 0}}
    name: right
    dropped: zero # stays

  - name: new
    event: {json: {n: 0}}
# the end
";

const AFTER: &str = "# what this is about
samples:   # in this order
  # the first
  - name: gone   # a remark
    event: {body: '{\"n\":0}'}
    dropped: zero

  # the second
  - dead_letter:
      error_type: vrl_error
      reason: REASON
      rule: a/1-vrl
    name: broken
    # about the event
    event:
      body: '{\"n\":\"x\"}'

  - event: {json: {n: 0}}
    name: right
    dropped: zero # stays

  - name: new
    event: {json: {n: 0}}
    dropped: zero
# the end
";

/// Guarantees: what is expected is replaced where it stood, or added at the sample's end; comments, order and whatever was right
/// stay, byte for byte. What is written passes.
#[test]
fn only_expectations_change() {
    let (text, changed) = updated(BEFORE).unwrap().unwrap();
    let reason = text.lines().find(|line| line.starts_with("      reason: ")).unwrap();
    assert!(reason.contains("to_int"), "{reason}");
    assert_eq!(text, AFTER.replace("      reason: REASON", reason));
    assert_eq!(changed, 3);
    assert_eq!(updated(&text).unwrap(), None);
}

#[test]
fn documents_are_written_as_blocks_and_windows_line_ends_stay() {
    let text = "samples:\r\n- name: x\r\n  event: {json: {n: 1, message: 'a: b'}}\r\n  documents:\r\n  - a: 1\r\n  # old\r\n  - b: 2\r\n- name: y\r\n  event: {json: {n: 0}}";
    let (text, _) = updated(text).unwrap().unwrap();
    assert!(text.contains("  documents:\r\n    - \"@timestamp\": "), "{text}");
    assert!(text.contains("message: \"a: b\"\r\n") && !text.contains("a: 1"), "{text}");
    assert!(text.ends_with("  event: {json: {n: 0}}\r\n  dropped: zero\r\n"), "{text}");
    assert_eq!(updated(&text).unwrap(), None);
}

/// Guarantees: where only a part of the text could be told, nothing is written, and the message says what to do.
#[test]
fn what_can_not_be_edited_safely_is_refused() {
    let flow = updated("samples:\n  - {name: x, event: {json: {n: 0}}}\n").unwrap_err();
    assert_eq!(flow, UpdateError::Flow { line: 2 });
    assert!(flow.to_string().starts_with("line 2: the sample is written in braces"), "{flow}");
    let anchor = "samples:\n  - name: x\n    event: {json: {n: 0}}\n    dropped: &why other\n  - name: y\n    event: {json: \
                  {n: 0}}\n    dropped: *why\n  - name: *why\n    event: {json: {n: 0}}\n    dropped: zero\n";
    let broken = updated(anchor).unwrap_err();
    assert!(matches!(broken, UpdateError::Unsafe { .. }), "{broken}");
}

proptest! {
    /// Guarantees: whatever the file looks like, updating it panics never, and what is written passes the next time.
    #[test]
    fn an_update_settles(
        parts in prop::collection::vec(
            (0..3_usize, prop::sample::select(vec!["\n", "  # x\n", "", "# x\n", "\n\n"]), any::<bool>()),
            1..5,
        )
    ) {
        let mut text = "samples:\n".to_owned();
        for (n, gap, first) in parts {
            let value = ["0", "1", "x"][n];
            if first {
                text.push_str(&format!("  - dropped: 'no: #'\n{gap}    name: '{n}'\n    event: {{json: {{n: '{value}'}}}}\n"));
            } else {
                text.push_str(&format!("  - name: '{n}'\n    event: {{json: {{n: '{value}'}}}}\n{gap}    documents:\n    - {{a: |\n"));
                text.truncate(text.len() - "{a: |\n".len());
                text.push_str("a: |\n        - b\n");
            }
            text.push_str(gap);
        }
        if let Some((new, _)) = updated(&text).map_err(|error| TestCaseError::fail(format!("{text}{error}")))? {
            prop_assert_eq!(updated(&new).unwrap(), None, "{}", new);
        }
    }
}
