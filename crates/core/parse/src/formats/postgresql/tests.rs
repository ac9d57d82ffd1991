use crate::Format;
use crate::formats::samples::Samples;
use crate::testing::parse;

/// Written by PostgreSQL 15.18; the line with `user@database` with the prefix of Debian's packages.
pub(crate) const SAMPLES: Samples = Samples {
    format: "postgresql",
    auto: &[Format::Postgresql],
    read: &[
        (
            "2026-11-21 08:59:58.457 UTC [19282] LOG:  database system is ready to accept connections",
            r#"{"@timestamp": "2026-11-21T08:59:58.457Z", "process": {"pid": 19282}, "log": {"level": "LOG"},
            "message": "database system is ready to accept connections"}"#,
        ),
        (
            "2026-11-21 08:59:58.862 UTC [19311] LOG:  duration: 10.610 ms  statement: select pg_sleep(0.01)",
            r#"{"@timestamp": "2026-11-21T08:59:58.862Z", "process": {"pid": 19311}, "log": {"level": "LOG"},
            "event": {"duration": 10610000}, "message": "duration: 10.610 ms  statement: select pg_sleep(0.01)"}"#,
        ),
        (
            "2026-11-21 08:59:58.664 UTC [19298] postgres@shop STATEMENT:  insert into t\n\tvalues (1,'y')",
            r#"{"@timestamp": "2026-11-21T08:59:58.664Z", "process": {"pid": 19298}, "labels": {"postgresql_part": "STATEMENT"},
            "user": {"name": "postgres"}, "postgresql": {"log": {"database": "shop"}}, "message": "insert into t\n\tvalues (1,'y')"}"#,
        ),
        (
            "2026-11-21 09:59:58 CET [19343]: user=postgres,db=shop,app=psql,client=127.0.0.1 ERROR:  syntax error at or near \"form\" at character 10",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "process": {"pid": 19343}, "log": {"level": "ERROR"},
            "user": {"name": "postgres"}, "postgresql": {"log": {"database": "shop", "application_name": "psql"}},
            "source": {"ip": "127.0.0.1"}, "message": "syntax error at or near \"form\" at character 10"}"#,
        ),
        (
            "2026-11-21 09:59:58 CET [19332]: user=,db=,app=,client= LOG:  received fast shutdown request",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "process": {"pid": 19332}, "log": {"level": "LOG"}, "message": "received fast shutdown request"}"#,
        ),
        (
            r#"2026-11-21 08:59:58.664 UTC,"postgres","shop",19298,"127.0.0.1:41276",6b01f25b.4b62,3,"INSERT",2026-11-21 08:59:51 UTC,3/6,726,ERROR,23505,"duplicate key value violates unique constraint ""t_pkey""","Key (a)=(1) already exists.",,,,,"insert into t values (1,'y')",,,"psql","client backend",,0"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.664Z", "process": {"pid": 19298}, "log": {"level": "ERROR"}, "error": {"code": "23505"},
            "user": {"name": "postgres"}, "source": {"ip": "127.0.0.1", "port": 41276}, "message": "duplicate key value violates unique constraint \"t_pkey\"",
            "postgresql": {"log": {"database": "shop", "session_id": "6b01f25b.4b62", "session_line_number": 3, "session_start_time": "2026-11-21 08:59:51 UTC", "transaction_id": 726, "query_id": 0, "command_tag": "INSERT", "virtual_transaction_id": "3/6",
            "detail": "Key (a)=(1) already exists.", "query": "insert into t values (1,'y')", "application_name": "psql", "backend_type": "client backend"}}}"#,
        ),
        (
            r#"2026-11-21 08:59:58.457 UTC,,,19282,,6b01f25b.4b52,4,,2026-11-21 08:59:51 UTC,,0,LOG,00000,"database system is ready to accept connections",,,,,,,,,"","postmaster",,0"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.457Z", "process": {"pid": 19282}, "log": {"level": "LOG"}, "event": {"code": "00000"},
            "message": "database system is ready to accept connections",
            "postgresql": {"log": {"session_id": "6b01f25b.4b52", "session_line_number": 4, "session_start_time": "2026-11-21 08:59:51 UTC", "transaction_id": 0, "query_id": 0, "backend_type": "postmaster"}}}"#,
        ),
        (
            r#"{"timestamp":"2026-11-21 08:59:58.703 UTC","user":"postgres","dbname":"shop","pid":19301,"remote_host":"127.0.0.1","remote_port":41282,"session_id":"6b01f25b.4b65","line_num":3,"ps":"idle","session_start":"2026-11-21 08:59:51 UTC","vxid":"3/8","txid":0,"error_severity":"ERROR","state_code":"42601","message":"syntax error at or near \"form\"","statement":"select * form t","cursor_position":10,"application_name":"psql","backend_type":"client backend","query_id":0}"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.703Z", "process": {"pid": 19301}, "log": {"level": "ERROR"}, "error": {"code": "42601"},
            "user": {"name": "postgres"}, "source": {"ip": "127.0.0.1", "port": 41282}, "message": "syntax error at or near \"form\"",
            "postgresql": {"log": {"database": "shop", "session_id": "6b01f25b.4b65", "session_line_number": 3, "command_tag": "idle", "session_start_time": "2026-11-21 08:59:51 UTC",
            "virtual_transaction_id": "3/8", "transaction_id": 0, "query": "select * form t", "query_pos": 10, "application_name": "psql",
            "backend_type": "client backend", "query_id": 0}}}"#,
        ),
    ],
    refused: &[
        "",
        "2026-11-21 08:59:58.457 UTC [x] LOG:  text",
        "2026-11-21 08:59:58.457 UTC [1] NEWS:  text",
        "2026-11-21 08:59:58.457 [1] LOG:  text",
        "2026-11-21 08:59:58.457 UTC,a,b,c",
        r#"2026-11-21 08:59:58.457 UTC,"a"#,
        r#"{"timestamp":"2026-11-21 08:59:58.703 UTC","message":"x"}"#,
        r#"{"timestamp":"soon","error_severity":"LOG","message":"x"}"#,
    ],
};

/// Guarantees: a zone that means one offset is applied, any other is the configured one's name.
#[test]
fn zones_are_what_they_mean() {
    for (zone, time) in [
        ("UTC", "08:59"),
        ("CET", "09:59"),
        ("EST", "03:59"),
        ("-03", "05:59"),
        ("+0530", "14:29"),
        ("XYZ", "08:59"),
    ] {
        let line = format!("2026-11-21 {time}:58 {zone} [7] LOG:  x");
        assert_eq!(parse("postgresql", &line)["@timestamp"], "2026-11-21T08:59:58.000Z", "{zone}");
    }
}

/// Guarantees: what a prefix says besides the time and the process isn't lost, understood or not.
#[test]
fn prefixes_are_kept() {
    let parts = |prefix: &str| {
        let document = parse("postgresql", &format!("2026-11-21 08:59:58 UTC {prefix}LOG:  x"));
        assert_eq!((&document["process"]["pid"], &document["message"]), (&7.into(), &"x".into()), "{prefix}");
        document
    };
    assert_eq!(parts("[7-1] app@shop ")["user"]["name"], "app");
    assert_eq!(parts("[7] [unknown]@[unknown] ").get("user"), None);
    assert_eq!(parts("[7]: [3-1] ")["labels"]["postgresql_prefix"], "[3-1]");
    let document = parts("[7] user=app,db=shop,client=10.0.0.7(41260) ");
    assert_eq!(document["source"], serde_json::json!({"ip": "10.0.0.7", "port": 41260}));
    assert_eq!(parts("[7] user=app,client=[local] ")["source"]["address"], "[local]");
}
