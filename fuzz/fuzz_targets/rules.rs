#![no_main]

use forebay_corpus::targets::rules::{check, prepare};
use forebay_fuzz::let_panics_be_caught;

libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| {
    let_panics_be_caught();
    check(data);
});
