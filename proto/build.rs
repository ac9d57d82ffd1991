//! Generates the types of `schema/` with a compiler written in Rust, so that no system `protoc` is needed.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const SCHEMA: [&str; 3] = [
    "schema/forebay/v1/raw_event.proto",
    "schema/forebay/v1/dead_letter.proto",
    "schema/forebay/v1/ingest.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in SCHEMA {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(SCHEMA, ["schema"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    prost_build::Config::new().bytes(["."]).compile_fds(descriptors.clone())?;
    fs::write(out, descriptors.encode_to_vec())?;
    Ok(())
}
