//! What attackers try, against the process that ships: see `tests/attacks.rs` for what, and `docs/security.md` for why.
