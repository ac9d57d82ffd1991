//! What attackers try, against the process that ships: see `tests/attacks.rs` for what, and `docs/security.md` for why.
//! `forebay-attack` (`make attack`) measures what an honest client notices of it.

pub mod attackers;
pub mod compare;
pub mod cores;
pub mod doors;
pub mod honest;
pub mod stay;
pub mod victim;
