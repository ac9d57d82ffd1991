//! The logs of Elasticsearch and OpenSearch: `[time][LEVEL][logger] [node] message`, or JSON.
//!
//! The node becomes `service.node.name`; a pattern without it is read too. A stack trace behind the record goes to
//! `error.*`. Of the JSON, Elasticsearch's has ECS names already; OpenSearch's (and Elasticsearch's before 8) gets them:
//! `component`, `node.name` and `stacktrace` become `log.logger`, `service.node.name` and `error.stack_trace`.
//!
//! Sources: <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed>,
//! <https://docs.opensearch.org/latest/install-and-configure/configuring-opensearch/logs/>.

use super::java::head::is_logger;
use super::stack_trace::java as trace;
use super::{Context, Guess, Reader, java, stamp};
use crate::ecs::Field;
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape};
use crate::tree::Key;

/// What JSON of OpenSearch begins with; that of Elasticsearch needs nothing but its own names.
const JSON: &str = r#"{"type": "server", "timestamp": ""#;

/// A date and a level, both in brackets.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b'[' | b'{'),
        looks_like: |text| {
            text.starts_with(JSON)
                || text.as_bytes().get(5) == Some(&b'-')
                    && text.get(24..).is_some_and(|rest| rest.starts_with("]["))
        },
    }),
    read: |text, context, shape| {
        if text.starts_with('{') { read_json(text, context, shape) } else { read_plain(text, context, shape) }
    },
};

fn read_plain<'a>(text: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let (text, trace) = trace::split_off(text);
    let (time, rest) = stamp::take_iso(text.strip_prefix('[')?, context.clock)?;
    let (level, rest) = rest.strip_prefix("][")?.split_once("][")?;
    let (logger, rest) = rest.split_once(']')?;
    let (level, logger) = (level.trim_end(), logger.trim_end());
    if level.is_empty() || !level.bytes().all(|byte| byte.is_ascii_uppercase()) || !is_logger(logger) {
        return None;
    }
    let rest = rest.strip_prefix(' ')?;
    let (node, message) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((node, message)) if is_node(node) => (node, message),
        _ => ("", rest),
    };
    java::place(shape, (level, logger, message), trace);
    if !node.is_empty() {
        let _free = shape.set_text(Field::ServiceNodeName, node);
    }
    Some(EventTime::of(Some(time)))
}

fn read_json<'a>(text: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    const NAMES: [(&str, &str); 3] = [
        ("component", "log.logger"),
        ("node.name", "service.node.name"),
        ("stacktrace", "error.stack_trace"),
    ];
    let Root::Object(event) = scan(text, context.limits, &mut shape.tree).ok()? else { return None };
    let is_theirs = ["cluster.name", "elasticsearch.cluster.name"]
        .iter()
        .any(|name| shape.tree.find(event, name).is_some());
    if !is_theirs {
        return None;
    }
    for (theirs, ours) in NAMES {
        if let Some(id) = shape.tree.find(event, theirs) {
            shape.tree.set_key(id, Key::Clean(ours));
        }
    }
    Some(shape.place_members(event))
}

/// Names of nodes are host names for the most part; what is in other brackets is the message's.
fn is_node(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.contains(['[', ']', '/', ',', '=', '\n'])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    /// Written by Elasticsearch 9.5.3 and OpenSearch 3.8.0 with their own layouts; OpenSearch's JSON after its manual.
    pub(crate) const SAMPLES: Samples = Samples {
        format: "elasticsearch",
        auto: &[Format::Elasticsearch, Format::Json],
        read: &[
            (
                "[2026-11-21T08:59:58,885][INFO ][o.e.n.NativeAccess       ] [es-1] Using [jdk] native provider and native methods for [Linux]",
                r#"{"@timestamp": "2026-11-21T08:59:58.885Z", "log": {"level": "INFO", "logger": "o.e.n.NativeAccess"},
                "service": {"node": {"name": "es-1"}}, "message": "Using [jdk] native provider and native methods for [Linux]"}"#,
            ),
            (
                "[2026-11-21T08:59:58,406][DEPRECATION][o.o.d.n.Node             ] no-jdk distributions that do not bundle a JDK are deprecated and will be removed in a future release",
                r#"{"@timestamp": "2026-11-21T08:59:58.406Z", "log": {"level": "DEPRECATION", "logger": "o.o.d.n.Node"},
                "message": "no-jdk distributions that do not bundle a JDK are deprecated and will be removed in a future release"}"#,
            ),
            (
                "[2026-11-21T08:59:58,940][INFO ][o.e.c.m.MetadataCreateIndexService] [es-1] failed on parsing mappings on index creation [shop2]\norg.elasticsearch.index.mapper.MapperParsingException: Failed to parse mapping: Unknown parameter [boost] on mapper [a]\n\tat org.elasticsearch.index.mapper.MapperService.doMerge(MapperService.java:609)\nCaused by: org.elasticsearch.index.mapper.MapperParsingException: Unknown parameter [boost] on mapper [a]\n\t... 25 more",
                r#"{"@timestamp": "2026-11-21T08:59:58.940Z", "log": {"level": "INFO", "logger": "o.e.c.m.MetadataCreateIndexService"},
                "service": {"node": {"name": "es-1"}}, "message": "failed on parsing mappings on index creation [shop2]",
                "error": {"type": "org.elasticsearch.index.mapper.MapperParsingException", "message": "Failed to parse mapping: Unknown parameter [boost] on mapper [a]",
                "stack_trace": "org.elasticsearch.index.mapper.MapperParsingException: Failed to parse mapping: Unknown parameter [boost] on mapper [a]\n\tat org.elasticsearch.index.mapper.MapperService.doMerge(MapperService.java:609)\nCaused by: org.elasticsearch.index.mapper.MapperParsingException: Unknown parameter [boost] on mapper [a]\n\t... 25 more"}}"#,
            ),
            (
                r#"{"@timestamp":"2026-11-21T08:59:58.876Z","log.level": "INFO","message":"loaded module [transport-netty4]", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"main","log.logger":"org.elasticsearch.plugins.PluginsService","elasticsearch.node.name":"es-1","elasticsearch.cluster.name":"shop"}"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.876Z", "log": {"level": "INFO", "logger": "org.elasticsearch.plugins.PluginsService"},
                "message": "loaded module [transport-netty4]", "ecs": {"version": "1.2.0"}, "service": {"name": "ES_ECS"},
                "event": {"dataset": "elasticsearch.server"}, "process": {"thread": {"name": "main"}},
                "elasticsearch": {"node": {"name": "es-1"}, "cluster": {"name": "shop"}}}"#,
            ),
            (
                r#"{"type": "server", "timestamp": "2026-11-21T08:59:58,123+00:00", "level": "WARN", "component": "o.o.g.DanglingIndicesState", "cluster.name": "shop", "node.name": "os-1", "message": "not imported", "stacktrace": ["java.lang.IllegalStateException: no", "at org.opensearch.A.b(A.java:1)"]  }"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "type": "server", "log": {"level": "WARN", "logger": "o.o.g.DanglingIndicesState"},
                "cluster": {"name": "shop"}, "service": {"node": {"name": "os-1"}}, "message": "not imported",
                "error": {"stack_trace": ["java.lang.IllegalStateException: no", "at org.opensearch.A.b(A.java:1)"]}}"#,
            ),
        ],
        refused: &[
            "",
            "{}",
            r#"{"type": "server", "timestamp": "2026-11-21T08:59:58,123Z", "message": "x"}"#,
            "[2026-11-21T08:59:58,885][INFO ]",
            "[2026-11-21T08:59:58,885][info ][o.e.n.Node] x",
            "[2026-11-21T08:59:58,885] INFO [o.e.n.Node] x",
        ],
    };
}
