use crate::Format;
use crate::formats::samples::Samples;

/// Written by ZooKeeper 3.9, Kafka 4.1, Logback 1.2, Log4j 2.24 and the JDK with the patterns of the table in the module;
/// Hadoop's, WildFly's, Tomcat's and Cassandra's lines after their manuals.
pub(crate) const SAMPLES: Samples = Samples {
    format: "java",
    auto: &[Format::Java],
    read: &[
        (
            "2026-11-21 08:59:58,250 INFO  [main] Log4jControllerRegistration$ - Registered MBean",
            r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "log": {"level": "INFO", "logger": "Log4jControllerRegistration$"},
            "process": {"thread": {"name": "main"}}, "message": "Registered MBean"}"#,
        ),
        (
            "08:59:58.254 [main] WARN  o.a.z.server.quorum.QuorumPeerConfig -- zoo.cfg is relative. Prepend ./ to indicate that you're sure!",
            r#"{"@timestamp": "2026-11-21T08:59:58.254Z", "log": {"level": "WARN", "logger": "o.a.z.server.quorum.QuorumPeerConfig"},
            "process": {"thread": {"name": "main"}}, "message": "zoo.cfg is relative. Prepend ./ to indicate that you're sure!"}"#,
        ),
        (
            "2026-11-21T08:59:58.251Z  INFO 4711 --- [shop] [           main] o.a.z.server.quorum.QuorumPeerConfig     : Reading configuration from: zoo.cfg",
            r#"{"@timestamp": "2026-11-21T08:59:58.251Z", "log": {"level": "INFO", "logger": "o.a.z.server.quorum.QuorumPeerConfig"},
            "process": {"pid": 4711, "thread": {"name": "main"}}, "service": {"name": "shop"}, "message": "Reading configuration from: zoo.cfg"}"#,
        ),
        (
            "2026-11-21T08:59:58.101Z  INFO 23186 --- [           main] k.u.Log4jControllerRegistration$         : Registered `kafka:type=kafka.Log4jController` MBean",
            r#"{"@timestamp": "2026-11-21T08:59:58.101Z", "log": {"level": "INFO", "logger": "k.u.Log4jControllerRegistration$"},
            "process": {"pid": 23186, "thread": {"name": "main"}}, "message": "Registered `kafka:type=kafka.Log4jController` MBean"}"#,
        ),
        (
            "2026-11-21 08:59:58,046 [myid:] - WARN  [NIOWorkerThread-1:o.a.z.s.NIOServerCnxn@393] - Close of session 0x0\njava.io.IOException: Len error. A message from /127.0.0.1:32998 with advertised length of 1195725856 is either a malformed message or too large to process\n\tat org.apache.zookeeper.server.NIOServerCnxn.readLength(NIOServerCnxn.java:567)\n\tat java.base/java.lang.Thread.run(Thread.java:840)",
            r#"{"@timestamp": "2026-11-21T08:59:58.046Z", "log": {"level": "WARN", "logger": "o.a.z.s.NIOServerCnxn", "origin": {"file": {"line": 393}}},
            "process": {"thread": {"name": "NIOWorkerThread-1"}}, "message": "Close of session 0x0",
            "error": {"type": "java.io.IOException", "message": "Len error. A message from /127.0.0.1:32998 with advertised length of 1195725856 is either a malformed message or too large to process",
            "stack_trace": "java.io.IOException: Len error. A message from /127.0.0.1:32998 with advertised length of 1195725856 is either a malformed message or too large to process\n\tat org.apache.zookeeper.server.NIOServerCnxn.readLength(NIOServerCnxn.java:567)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"}}"#,
        ),
        (
            "Nov 21, 2026 8:59:58 AM Shop main\nWARNING: slow: 3 s\nsecond line",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "WARNING", "logger": "Shop main"}, "message": "slow: 3 s\nsecond line"}"#,
        ),
        (
            "Nov 21, 2026 8:59:58 AM Shop main\nSEVERE: charge failed\njava.lang.RuntimeException: order 7 failed\n\tat Shop.run(Shop.java:4)\nCaused by: java.lang.IllegalStateException: no price for 7\n\tat Shop$Cart.charge(Shop.java:3)\n\t... 2 more\n",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "SEVERE", "logger": "Shop main"}, "message": "charge failed",
            "error": {"type": "java.lang.RuntimeException", "message": "order 7 failed",
            "stack_trace": "java.lang.RuntimeException: order 7 failed\n\tat Shop.run(Shop.java:4)\nCaused by: java.lang.IllegalStateException: no price for 7\n\tat Shop$Cart.charge(Shop.java:3)\n\t... 2 more"}}"#,
        ),
        (
            "2026-11-21 08:59:58,123 INFO org.apache.hadoop.hdfs.server.namenode.NameNode: STARTUP_MSG: started",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "INFO", "logger": "org.apache.hadoop.hdfs.server.namenode.NameNode"}, "message": "STARTUP_MSG: started"}"#,
        ),
        (
            "2026-11-21 08:59:58,123 INFO  [org.jboss.as] (MSC service thread 1-1) WFLYSRV0049: starting",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "INFO", "logger": "org.jboss.as"},
            "process": {"thread": {"name": "MSC service thread 1-1"}}, "message": "WFLYSRV0049: starting"}"#,
        ),
        (
            "21-Nov-2026 08:59:58.123 INFO [main] org.apache.catalina.startup.Catalina.load Initialization processed in 503 ms",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "INFO", "logger": "org.apache.catalina.startup.Catalina.load"},
            "process": {"thread": {"name": "main"}}, "message": "Initialization processed in 503 ms"}"#,
        ),
        (
            "INFO  [main] 2026-11-21 08:59:58,123 Server.java:159 - Using Netty Version",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "INFO", "logger": "Server.java:159"},
            "process": {"thread": {"name": "main"}}, "message": "Using Netty Version"}"#,
        ),
        (
            "[2026-11-21 08:59:58,123] ERROR [elasticsearch[es-1][search][T#1]] a.b.C - two\nlines",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "ERROR", "logger": "a.b.C"},
            "process": {"thread": {"name": "elasticsearch[es-1][search][T#1]"}}, "message": "two\nlines"}"#,
        ),
    ],
    refused: &[
        "",
        "hello there",
        "2026-11-21 08:59:58,250",
        "2026-11-21 08:59:58,250 INFO text without a logger",
        "2026-11-21 08:59:58,250 [main] a.b.C - no level",
        "2026-11-21 08:59:58,250 [main INFO a.b.C - open bracket",
        "2026-11-21 08:59:58.250 - 7 - INFO - text",
        "2026-11-21 08:59:58,250 NEWS [main] a.b.C - text",
        "Nov 21, 2026 8:59:58 AM Shop main",
        "INFO  [main] yesterday Server.java:159 - text",
    ],
};
