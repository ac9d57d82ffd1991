//! The whole tier over loopback: real HTTP in front, librdkafka's mock cluster behind.

#[cfg(test)]
#[path = "component/harness.rs"]
mod harness;

#[cfg(test)]
#[path = "component/answers.rs"]
mod answers;
#[cfg(test)]
#[path = "component/connections.rs"]
mod connections;
#[cfg(test)]
#[path = "component/kafka.rs"]
mod kafka;
#[cfg(test)]
#[path = "component/overload.rs"]
mod overload;
#[cfg(test)]
#[path = "component/quotas.rs"]
mod quotas;
#[cfg(test)]
#[path = "component/tenants.rs"]
mod tenants;
