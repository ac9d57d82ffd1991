//! Texts made to be slow.
//!
//! Scenario: up to a megabyte of what detectors begin with and refuse.
//! Guarantees: four times the text takes about four times as long, not sixteen times. Times are those of the thread, so
//! that a busy machine doesn't matter.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may stop, and prints what it measured")]

use forebay_mask::{CustomDetector, MaskConfig, Masker};

/// Nanoseconds that this thread has run.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn cost(masker: &Masker, piece: &str, bytes: usize) -> u64 {
    let text = piece.repeat(bytes / piece.len() + 1);
    let mut cache = masker.cache();
    let mut out = String::new();
    let before = cpu_ns();
    let _tally = masker.mask(&text, &mut cache, &mut out);
    cpu_ns() - before
}

fn check(masker: &Masker, pieces: &[&str], bytes: usize) {
    for piece in pieces {
        // Below some milliseconds the clock decides.
        let small = cost(masker, piece, bytes / 4).max(5_000_000);
        let large = cost(masker, piece, bytes);
        println!(
            "{:>6} ms {:>6.1} x  {}",
            large / 1_000_000,
            large as f64 / small as f64,
            &piece[..piece.len().min(40)]
        );
        assert!(large < 10 * small, "{piece}: {small} ns for a quarter, {large} ns for {bytes} bytes");
        // Unoptimised, on a slow machine; a quadratic one takes hours.
        assert!(large < 30_000_000_000, "{piece}: {large} ns");
    }
}

#[test]
fn anything_takes_linear_time() {
    let masker = Masker::new(&MaskConfig::default()).unwrap();
    check(&masker, &["1", "eyJ", "a@a.", "::", "password:\""], 1 << 20);
    let digits = "4111111111111112".to_owned();
    check(
        &masker,
        &[
            "1",
            "4",
            &digits,
            "1 ",
            "1-",
            "1.",
            "12:",
            "a:",
            ":",
            "::",
            "a::",
            "abcdef0123:",
            "0",
            "0 1",
            "+1",
            "+1 2 ",
            "(212)",
            "123-45-",
            "212-555-",
            "a@",
            "a@a.",
            "@",
            "%40",
            "a%40",
            "%4",
            "eyJ",
            "eyJ.",
            "eyJaaaaaaaaaaaaaaa.",
            "eyJa.b.",
            "bearer ",
            "Bearer+",
            "basic%20",
            "authorization",
            "authorization:",
            "authorization: bearer ",
            "-----BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "-----",
            "://",
            "://a:",
            "a://b:c/",
            "password",
            "password=",
            "password:\"",
            "password=\\\"",
            "password:[",
            "pass.",
            "token_",
            "key-",
            "\\",
            "\\\"",
            "\"",
            "DE89",
            "DE89 3704 ",
            "ghp_",
            "sk-",
            "SK0",
            "AKIA",
            "sk-aaaaaaaaaaaaaaaaaaaaaaaaa",
            " ",
            "é",
            "@é",
            "token: a",
            "token:",
            "password: (",
            "password=,",
            "\"password\",",
            "--password ",
        ],
        256 << 10,
    );
}

#[test]
fn expressions_that_look_far_ahead_take_linear_time() {
    let custom =
        |pattern: &str| CustomDetector { name: "x".to_owned(), pattern: pattern.to_owned(), mode: None };
    for pattern in ["a(?s:.*z)?", "a[^z]*z|a", "(?:a+)+b", "a.{0,200}b|a"] {
        let config =
            MaskConfig { detectors: Vec::new(), custom: vec![custom(pattern)], ..MaskConfig::default() };
        check(&Masker::new(&config).unwrap(), &["a", "ab", "aé"], 256 << 10);
    }
}
