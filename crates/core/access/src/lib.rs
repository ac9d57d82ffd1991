//! Who may do what, as which tenant, and how much of it: one file of tenants and credentials, the look-up in it, and the
//! quotas that it sets. No I/O, no clock, no runtime: time, addresses and random bytes are arguments.
//!
//! - [`spec`]: what the file may say; the fields' docs are its reference manual
//! - [`read()`]: text to [`Access`], or everything that is wrong with it at once
//! - [`Access`]: the look-up of what a sender shows ([`Claim`]); the answer is a [`Grant`] or a [`Denial`]
//! - [`password`]: passwords, the only secrets that are slow to check
//! - [`Guesses`]: which secrets were right, from where, and who has been wrong too often ([`attempts`])
//! - [`unnamed`]: whose events somebody brings who shows nothing
//! - [`quota`]: rates, bursts and daily volumes
//! - [`operator`]: who reads and administrates, and whose events he may see
//! - [`edit`]: a credential added to the file's text, or switched off in it
//!
//! # What is stored how
//! - **Tokens** as SHA-256. A fast, unkeyed hash is enough: a token of `forebay token create` is 32 random bytes, so there is no
//!   dictionary to try, and nothing that a slow hash would slow down but every request. An HMAC's key would have to lie
//!   beside the file that it protects. Whoever brings tokens of his own has to bring random ones (128 bits, as a UUID of
//!   version 4 nearly has).
//! - **Passwords** as argon2id (RFC 9106): people choose them.
//! - **Shared keys** of Fluent Forward and **secrets of access keys** (AWS signature version 4) as they are: the other side
//!   proves that it knows them by a hash over the secret and something new, which can only be computed from the secret
//!   itself. The file has to be readable by its service alone.

pub mod access;
pub mod attempts;
pub mod claim;
pub mod edit;
pub mod grant;
pub mod guesses;
pub mod operator;
pub mod password;
pub mod quota;
pub mod read;
pub mod secret;
pub mod spec;
pub mod unnamed;

mod network;

pub use access::{Access, Changes, Door, Listed, Shows, Tenants};
pub use claim::{Caller, Claim, Forward, PeerNames, Proof};
pub use grant::{Answer, Denial, Grant, Role, Roles, Stamp};
pub use guesses::{Guesser, Guesses, Marker};
pub use operator::{Actor, Operator, Scope, ScopeError};
pub use quota::{Exceeded, Limits, Quotas};
pub use read::{MAX_FILE, Problems, read};
pub use secret::Secret;
pub use unnamed::{Known, Unnamed};
