use crate::Format;
use crate::formats::samples::Samples;

/// Written by MariaDB 10.11 that got garbage for a packet; the first, third and last after the manual of MySQL 8.4.
pub(crate) const SAMPLES: Samples = Samples {
    format: "mysql",
    auto: &[Format::Mysql],
    read: &[
        (
            "2026-11-21T08:59:58.123456Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '8.4.3'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "log": {"level": "System"}, "process": {"thread": {"id": 0}},
            "event": {"code": "MY-010931", "provider": "Server"},
            "message": "/usr/sbin/mysqld: ready for connections. Version: '8.4.3'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306"}"#,
        ),
        (
            "2026-11-21  8:59:58 0 [Note] InnoDB: Using io_uring",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "Note"}, "process": {"thread": {"id": 0}}, "message": "InnoDB: Using io_uring"}"#,
        ),
        (
            "2026-11-21T08:59:58.5Z 9 [ERROR] [1] is no code",
            r#"{"@timestamp": "2026-11-21T08:59:58.500Z", "log": {"level": "ERROR"}, "process": {"thread": {"id": 9}}, "message": "[1] is no code"}"#,
        ),
        (
            "2026-11-21 08:59:58 5 [Warning] Aborted connection 5 to db: 'unconnected' user: 'unauthenticated' host: 'localhost' (This connection closed normally without authentication)",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "Warning"}, "process": {"thread": {"id": 5}},
            "message": "Aborted connection 5 to db: 'unconnected' user: 'unauthenticated' host: 'localhost' (This connection closed normally without authentication)"}"#,
        ),
        (
            "# User@Host: [app] @ localhost []\n# Thread_id: 3  Schema: shop  QC_hit: No\n# Query_time: 0.001781  Lock_time: 0.000049  Rows_sent: 0  Rows_examined: 0\n# Rows_affected: 0  Bytes_sent: 11\nuse `shop`;\nSET timestamp=1795251598;\ncreate table t(a int);",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "user": {"name": "app"}, "source": {"domain": "localhost"},
            "process": {"thread": {"id": 3}}, "event": {"duration": 1781000}, "message": "create table t(a int);",
            "mysql": {"slowlog": {"schema": "shop", "query_cache_hit": false, "lock_time": {"sec": 0.000049}, "rows_sent": 0,
            "rows_examined": 0, "rows_affected": 0, "bytes_sent": 11, "current_schema": "shop"}}}"#,
        ),
        (
            "# Time: 2026-11-21T08:59:58.123456Z\n# User@Host: root[root] @ web-1 [10.0.0.7]  Id:    12\n# Query_time: 2.000241  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 0\nSET timestamp=1795251596;\nSELECT SLEEP(2),\n  'x';",
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "user": {"name": "root"}, "source": {"domain": "web-1", "ip": "10.0.0.7"},
            "process": {"thread": {"id": 12}}, "event": {"duration": 2000241000}, "message": "SELECT SLEEP(2),\n  'x';",
            "mysql": {"slowlog": {"lock_time": {"sec": 0.000000}, "rows_sent": 1, "rows_examined": 0}}}"#,
        ),
    ],
    refused: &[
        "",
        "# a comment",
        "# Time: 2026-11-21T08:59:58.123456Z",
        "# Query_time: x",
        "2026-11-21T08:59:58.123456Z 0 System text",
        "2026-11-21T08:59:58.123456Z x [System] text",
        "2026-11-21T08:59:58.123456Z 1 [main] text",
    ],
};
