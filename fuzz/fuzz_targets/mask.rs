#![no_main]

use forebay_corpus::targets::mask::{check, prepare};

libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| check(data));
