//! What attackers try, against the process that ships, while an honest client goes on sending.
//!
//! Every attack ends with the same questions: did anything of it get into Kafka, does the process live, how much memory did it
//! take, and what did the honest client notice?

#[cfg(test)]
#[path = "attacks/victim.rs"]
mod victim;

#[cfg(test)]
#[path = "attacks/bombs.rs"]
mod bombs;
#[cfg(test)]
#[path = "attacks/credentials.rs"]
mod credentials;
#[cfg(test)]
#[path = "attacks/crowds.rs"]
mod crowds;
#[cfg(test)]
#[path = "attacks/frames.rs"]
mod frames;
#[cfg(test)]
#[path = "attacks/idle.rs"]
mod idle;
#[cfg(test)]
#[path = "attacks/smuggling.rs"]
mod smuggling;
