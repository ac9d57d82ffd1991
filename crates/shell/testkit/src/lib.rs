//! What the tests and the benches of Forebay share; nothing that ships depends on it.
//!
//! - [`servers`]: real Kafka, Elasticsearch and OpenSearch as child processes on loopback.
//! - [`fake_bulk`]: a search server that can be told to misbehave, and a sink that only counts.
//! - [`oracle`]: the one judge of loss and duplicates, the same for every kind of test.
//! - [`proxy`]: a TCP proxy that cuts, holds and slows connections.
//! - [`procs`]: our own binaries as child processes: signals, CPU time, peak memory.
//! - [`machine`]: what this machine is, and how busy it is; [`Stalls`]: when it stood still.
//! - [`prometheus`]: what a process says about itself; [`Latencies`]: how long its answers took.
//! - [`eventually`], [`free_port`], [`seed()`]: waiting, ports and randomness that don't make tests flaky.
//!
//! Invariants: everything binds to 127.0.0.1; processes are signalled by pid alone; whatever was started ends with
//! its handle, or with the test process at the latest.

pub mod fake_bulk;
mod latencies;
pub mod machine;
pub mod oracle;
mod ports;
pub mod procs;
pub mod prometheus;
pub mod proxy;
mod seed;
pub mod servers;
mod stalls;
mod wait;

pub use latencies::Latencies;
pub use ports::free_port;
pub use seed::seed;
pub use stalls::Stalls;
pub use wait::eventually;
