//! Any text, and any JSON, with secrets planted in it: none of them is left, in documents or in what dead letters keep; masking again
//! changes nothing.
//!
//! The first byte picks what the rest is. A byte 0x01 becomes a secret with a blank on each side.

use std::cell::RefCell;
use std::sync::LazyLock;

use forebay_convert::{Documents, Outcome};
use forebay_mask::{MaskConfig, Masker, Mode};
use forebay_rules::{CompileOptions, Lane, RuleFiles, compile};

use crate::support::{self, NOW_MS, document, event, refuse_one};

const SECRETS: [&str; 4] = [
    "jane.roe@example.com",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "4111111111111111",
    "DE89370400440532013000",
];

static MASK: LazyLock<Masker> = LazyLock::new(|| Masker::new(&MaskConfig::default()).expect("it is right"));
static DROP: LazyLock<Masker> = LazyLock::new(|| {
    Masker::new(&MaskConfig { mode: Mode::Drop, ..MaskConfig::default() }).expect("it is right")
});

/// Compiles the masks, which takes longer than an input may.
pub fn prepare() {
    LazyLock::force(&MASK);
    LazyLock::force(&DROP);
    LANE.with_borrow(|_| ());
    refuse_one();
}

thread_local! {
    static LANE: RefCell<(Lane, Documents)> = RefCell::new((lane(), Documents::default()));
}

fn lane() -> Lane {
    let mut files = RuleFiles::new();
    files.add("a.yaml", &b"steps: [{mask: {}}, {when: 'exists(.fail)', vrl: 'abort string!(.fail)'}]\n"[..]);
    let (rules, _warnings) = compile(&files, &CompileOptions::default()).expect("the rule is right");
    support::lane(rules)
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let secret = SECRETS[usize::from(first & 3)];
    let has_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    // The search copies what it sees us look for: a secret in the midst of a word needn't be found.
    if has_secret(rest) {
        return;
    }
    let mut body = Vec::new();
    for byte in rest {
        match byte {
            1 => [" ", secret, " "].iter().for_each(|part| body.extend_from_slice(part.as_bytes())),
            byte => body.push(*byte),
        }
    }
    let masker = if first & 4 == 0 { &MASK } else { &DROP };
    let text = String::from_utf8_lossy(&body);
    let (mut cache, mut once, mut twice) = (masker.cache(), String::new(), String::new());
    let tally = masker.mask(&text, &mut cache, &mut once);
    assert_eq!(masker.finds(&*text, &mut cache), !tally.is_empty());
    if !tally.is_empty() {
        assert!(!has_secret(once.as_bytes()), "{once}");
        let again = masker.mask(&once, &mut cache, &mut twice);
        assert!(again.is_empty() || twice == once, "{once} became {twice}");
    } else {
        assert!(!has_secret(text.as_bytes()), "{text}");
    }
    LANE.with_borrow_mut(|(lane, out)| {
        out.clear();
        let format = if first & 8 == 0 { "json" } else { "" };
        match lane.apply(&event(format, &body), NOW_MS, out) {
            Outcome::Documents => out.drafts().for_each(|draft| {
                assert!(!has_secret(draft.body), "{}", String::from_utf8_lossy(draft.body));
                let _document = document(draft.body);
            }),
            Outcome::Refused(refusal) => {
                assert!(!has_secret(refusal.reason.as_bytes()), "{}", refusal.reason);
                let kept = refusal.masked_body.as_deref().unwrap_or(&body);
                assert!(!has_secret(kept), "{}", String::from_utf8_lossy(kept));
            }
            Outcome::Dropped(_) => {}
        }
    });
}
