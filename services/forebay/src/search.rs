//! Searching: asks a store, and shows what it answers.

mod client;
mod follow;
mod render;

pub(crate) use client::ask;
pub(crate) use follow::{OVERLAP_MS, Seen};
pub(crate) use render::Renderer;
