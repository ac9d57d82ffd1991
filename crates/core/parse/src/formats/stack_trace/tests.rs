use crate::Format;
use crate::formats::samples::Samples;
use crate::testing::parse;

/// Written by Java 17, Python 3.11, Go 1.26 and Node 20; the place of a Go server's line after the documentation.
pub(crate) const SAMPLES: Samples = Samples {
    format: "stack_trace",
    auto: &[Format::StackTrace],
    read: &[
        (
            "java.lang.RuntimeException: order 7 failed\n\tat Shop.run(Shop.java:4)\n\tat Shop.main(Shop.java:7)\n\tSuppressed: java.io.IOException: closed\n\t\t... 1 more\nCaused by: java.lang.IllegalStateException: no price for 7\n\tat Shop$Cart.charge(Shop.java:3)\n\t... 2 more\n",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "java"}, "message": "java.lang.RuntimeException: order 7 failed",
            "error": {"type": "java.lang.RuntimeException", "message": "order 7 failed",
            "stack_trace": "java.lang.RuntimeException: order 7 failed\n\tat Shop.run(Shop.java:4)\n\tat Shop.main(Shop.java:7)\n\tSuppressed: java.io.IOException: closed\n\t\t... 1 more\nCaused by: java.lang.IllegalStateException: no price for 7\n\tat Shop$Cart.charge(Shop.java:3)\n\t... 2 more"}}"#,
        ),
        (
            "Exception in thread \"worker-1\" java.lang.IllegalArgumentException\n\tat Shop.lambda$main$0(Shop.java:10)\n\tat java.base/java.lang.Thread.run(Thread.java:840)",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "java"}, "message": "java.lang.IllegalArgumentException",
            "process": {"thread": {"name": "worker-1"}}, "error": {"type": "java.lang.IllegalArgumentException",
            "stack_trace": "Exception in thread \"worker-1\" java.lang.IllegalArgumentException\n\tat Shop.lambda$main$0(Shop.java:10)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"}}"#,
        ),
        (
            "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 6, in charge\n    return load(\"order-7\")\n           ^^^^^^^^^^^^^^^\nKeyError: 'order-7'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 24, in <module>\n    charge(8)\nValueError: no price for 8",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "python"}, "message": "ValueError: no price for 8",
            "error": {"type": "ValueError", "message": "no price for 8",
            "stack_trace": "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 6, in charge\n    return load(\"order-7\")\n           ^^^^^^^^^^^^^^^\nKeyError: 'order-7'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 24, in <module>\n    charge(8)\nValueError: no price for 8"}}"#,
        ),
        (
            "  + Exception Group Traceback (most recent call last):\n  |   File \"<string>\", line 1, in <module>\n  | ExceptionGroup: many (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +---------------- 2 ----------------\n    | TypeError: b\n    +------------------------------------",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "python"}, "message": "ExceptionGroup: many (2 sub-exceptions)",
            "error": {"type": "ExceptionGroup", "message": "many (2 sub-exceptions)",
            "stack_trace": "  + Exception Group Traceback (most recent call last):\n  |   File \"<string>\", line 1, in <module>\n  | ExceptionGroup: many (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +---------------- 2 ----------------\n    | TypeError: b\n    +------------------------------------"}}"#,
        ),
        (
            "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x4a25a8]\n\ngoroutine 1 [running]:\nmain.main()\n\tshop/main.go:8 +0x148\n",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "go"}, "message": "panic: runtime error: invalid memory address or nil pointer dereference",
            "error": {"type": "panic", "message": "runtime error: invalid memory address or nil pointer dereference",
            "stack_trace": "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x4a25a8]\n\ngoroutine 1 [running]:\nmain.main()\n\tshop/main.go:8 +0x148"}}"#,
        ),
        (
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [sync.Mutex.Lock]:\nmain.main()\n\tshop/main.go:13 +0x234",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "go"}, "message": "fatal error: all goroutines are asleep - deadlock!",
            "error": {"type": "fatal error", "message": "all goroutines are asleep - deadlock!",
            "stack_trace": "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [sync.Mutex.Lock]:\nmain.main()\n\tshop/main.go:13 +0x234"}}"#,
        ),
        (
            "2026/11/21 08:59:58 http: panic serving 127.0.0.1:41260: no price\ngoroutine 18 [running]:\nnet/http.(*conn).serve.func1()\n\tnet/http/server.go:1947 +0xbe",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "labels": {"language": "go"}, "message": "http: panic serving 127.0.0.1:41260: no price",
            "error": {"type": "panic", "message": "no price",
            "stack_trace": "2026/11/21 08:59:58 http: panic serving 127.0.0.1:41260: no price\ngoroutine 18 [running]:\nnet/http.(*conn).serve.func1()\n\tnet/http/server.go:1947 +0xbe"}}"#,
        ),
        (
            "Error: ENOENT: no such file or directory, open '/nope'\n    at Object.openSync (node:fs:573:18)\n    at Object.<anonymous> (/srv/shop/cart.js:5:21)\n    at node:internal/main/run_main_module:28:49 {\n  errno: -2,\n  code: 'ENOENT',\n  syscall: 'open',\n  path: '/nope'\n}",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "javascript"}, "message": "Error: ENOENT: no such file or directory, open '/nope'",
            "error": {"type": "Error", "code": "ENOENT", "message": "ENOENT: no such file or directory, open '/nope'",
            "stack_trace": "Error: ENOENT: no such file or directory, open '/nope'\n    at Object.openSync (node:fs:573:18)\n    at Object.<anonymous> (/srv/shop/cart.js:5:21)\n    at node:internal/main/run_main_module:28:49 {\n  errno: -2,\n  code: 'ENOENT',\n  syscall: 'open',\n  path: '/nope'\n}"}}"#,
        ),
        (
            "/srv/shop/cart.js:7\nx().catch(e => { null.foo });\n                      ^\n\nTypeError: Cannot read properties of null (reading 'foo')\n    at /srv/shop/cart.js:7:64\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n\nNode.js v20.20.2",
            r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"language": "javascript"}, "message": "TypeError: Cannot read properties of null (reading 'foo')",
            "error": {"type": "TypeError", "message": "Cannot read properties of null (reading 'foo')",
            "stack_trace": "/srv/shop/cart.js:7\nx().catch(e => { null.foo });\n                      ^\n\nTypeError: Cannot read properties of null (reading 'foo')\n    at /srv/shop/cart.js:7:64\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n\nNode.js v20.20.2"}}"#,
        ),
    ],
    refused: &[
        "",
        "Error: no frames",
        "java.lang.RuntimeException: order 7 failed",
        "java.lang.RuntimeException: order 7 failed\nand more text",
        "hello there\n\tat Shop.run(Shop.java:4)",
        "Traceback (most recent call last):",
        "Traceback (most recent call last):\n  File \"a.py\", line 6, in charge",
        "panic: no stack",
        "news\n\ngoroutine 1 [running]:\nmain.main()",
        "Error: x\n    at noon",
    ],
};

/// Guarantees: lines of the error's own text are no frames, and stay with it.
#[test]
fn a_message_may_have_several_lines() {
    for (trace, message) in [
        ("a.B: one\ntwo\n\tat a.B.c(B.java:1)", "one\ntwo"),
        ("RangeError: one\ntwo\n    at x (/a.js:6:39)", "one\ntwo"),
        ("panic: one\n\ttwo\n\ngoroutine 1 [running]:\nmain.main()", "one\n\ttwo"),
        ("Traceback (most recent call last):\n  File \"a.py\", line 1, in a\na.B: one\ntwo", "one\ntwo"),
        ("TypeError [ERR_INVALID_ARG_TYPE]: one\ntwo\n    at x (node:fs:6:39)", "one\ntwo"),
    ] {
        assert_eq!(parse("stack_trace", trace)["error"]["message"], message);
    }
}
