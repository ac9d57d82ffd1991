//! Types generated from `schema/forebay/v1`: what travels between the tiers.
//!
//! The hot paths read and write `RawEvent` through `forebay_record::raw`, which neither allocates nor copies; these
//! types are for everything else and are what that code is tested against.

/// Version 1 of the schema.
pub mod v1 {
    #![allow(missing_docs, clippy::all, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/forebay.v1.rs"));
}

/// The schema itself, as a `google.protobuf.FileDescriptorSet`: what gRPC's reflection tells.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
