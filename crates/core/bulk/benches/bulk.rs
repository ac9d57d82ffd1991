//! What a document costs here: `cargo bench -p forebay-bulk`. In nanoseconds a document, the best of several rounds,
//! for 314-byte documents in requests of 10,000.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures, and may fail")]

use std::hint::black_box;
use std::time::Instant;

use forebay_bulk::{BulkBuilder, BulkRequest, read_answer};

const DOCUMENTS: u32 = 10_000;
const ROUNDS: u32 = 50;
const LEN: usize = 314;
const TARGET: &str = "forebay-acme-2026.11.21";

fn main() {
    let mut document = br#"{"@timestamp":"2026-11-21T10:00:00.000Z","message":""#.to_vec();
    document.resize(LEN - 2, b'x');
    document.extend_from_slice(b"\"}");
    let ids: Vec<String> = (0..DOCUMENTS).map(|n| format!("019aa58e-5d80-7000-8000-{n:012}")).collect();

    let mut builder = BulkBuilder::new();
    let mut build = || -> BulkRequest {
        for (tag, id) in (0..).zip(&ids) {
            builder.push(TARGET, id, &document, tag).unwrap();
        }
        builder.finish()
    };
    measure("build a body", || black_box(build()).len());
    let request = build();
    measure("select every second item", || black_box(request.select((0..request.len()).step_by(2))).len());

    let count = ids.len();
    let answer = |item: &dyn Fn(usize) -> &'static str| {
        let items: Vec<&str> = (0..count).map(item).collect();
        format!(r#"{{"errors":false,"items":[{}]}}"#, items.join(","))
    };
    let created = r#"{"create":{"status":201}}"#;
    let spaced = r#"{"create":{"status": 201}}"#;
    let conflict = r#"{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"[019aa58e]: version conflict, document already exists (current version [1])","index_uuid":"eycaDo-JTm-5tCUZsfb4nQ","shard":"0","index":"forebay-acme-2026.11.21"}}}"#;
    let all_well = answer(&|_| created);
    measure("read an answer: all created", || {
        read_answer(all_well.as_bytes(), count).unwrap().outcomes.len()
    });
    let long_way = answer(&|_| spaced);
    measure("read an answer: all created, the long way", || {
        read_answer(long_way.as_bytes(), count).unwrap().outcomes.len()
    });
    let mixed = answer(&|n| if n % 100 == 0 { conflict } else { created });
    measure("read an answer: 1 % duplicates", || {
        read_answer(mixed.as_bytes(), count).unwrap().outcomes.len()
    });
    let duplicates = answer(&|_| conflict);
    measure("read an answer: all duplicates", || {
        read_answer(duplicates.as_bytes(), count).unwrap().outcomes.len()
    });
}

fn measure(what: &str, mut round: impl FnMut() -> usize) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let _len = black_box(round());
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what:<45} {:>7.1} ns a document", best.as_secs_f64() * 1e9 / f64::from(DOCUMENTS));
}
