//! What fields of ECS are called in OpenTelemetry's semantic conventions, where that is something else.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Which attributes a field belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// Those of what the event comes from.
    Resource,
    /// Those of the event itself.
    Attributes,
}

/// Objects whose fields tell what an event comes from.
pub const RESOURCE: &[&str] = &[
    "agent",
    "cloud",
    "container",
    "deployment",
    "device",
    "faas",
    "host",
    "k8s",
    "kubernetes",
    "orchestrator",
    "organization",
    "os",
    "process",
    "service",
    "telemetry",
];

/// Fields of ECS and their names in the semantic conventions. Those that begin with one of [`RESOURCE`] are the
/// resource's, all others the event's.
///
/// Source: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/>.
pub const NAMES: &[(&str, &str)] = &[
    ("client.ip", "client.address"),
    ("cloud.instance.id", "host.id"),
    ("cloud.instance.name", "host.name"),
    ("cloud.machine.type", "host.type"),
    ("container.image.tag", "container.image.tags"),
    ("destination.ip", "destination.address"),
    ("error.message", "exception.message"),
    ("error.stack_trace", "exception.stacktrace"),
    ("error.type", "exception.type"),
    ("faas.execution", "faas.invocation_id"),
    ("host.architecture", "host.arch"),
    ("host.os.kernel", "os.build_id"),
    ("host.os.name", "os.name"),
    ("host.os.type", "os.type"),
    ("host.os.version", "os.version"),
    ("http.request.bytes", "http.request.size"),
    ("http.request.body.bytes", "http.request.body.size"),
    ("http.response.bytes", "http.response.size"),
    ("http.response.body.bytes", "http.response.body.size"),
    ("http.request.referrer", "http.request.header.referer"),
    ("http.version", "network.protocol.version"),
    ("log.origin.file.line", "code.line.number"),
    ("log.origin.file.name", "code.file.path"),
    ("log.origin.function", "code.function.name"),
    ("network.direction", "network.io.direction"),
    ("network.protocol", "network.protocol.name"),
    ("orchestrator.cluster.name", "k8s.cluster.name"),
    ("orchestrator.namespace", "k8s.namespace.name"),
    ("orchestrator.resource.name", "k8s.pod.name"),
    ("process.args", "process.command_args"),
    ("process.executable", "process.executable.path"),
    ("process.exit_code", "process.exit.code"),
    ("process.name", "process.executable.name"),
    ("process.parent.pid", "process.parent_pid"),
    ("process.thread.id", "thread.id"),
    ("process.thread.name", "thread.name"),
    ("server.ip", "server.address"),
    ("service.environment", "deployment.environment.name"),
    ("service.node.name", "service.instance.id"),
    ("source.ip", "source.address"),
];

/// [`NAMES`] by the field.
pub(crate) static NAMED: LazyLock<HashMap<&str, (Section, &str)>> =
    LazyLock::new(|| NAMES.iter().map(|(field, name)| (*field, (plain_section(name), *name))).collect());

/// Where a name belongs that nothing else is known of.
pub(super) fn plain_section(name: &str) -> Section {
    let group = name.split('.').next().unwrap_or(name);
    if RESOURCE.contains(&group) { Section::Resource } else { Section::Attributes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::FIELDS;

    #[test]
    fn names_are_those_of_fields_that_there_are() {
        for (field, _) in NAMES {
            assert!(FIELDS.iter().any(|(_, path, _)| path == field), "{field}");
        }
        assert_eq!(NAMED.len(), NAMES.len());
    }
}
