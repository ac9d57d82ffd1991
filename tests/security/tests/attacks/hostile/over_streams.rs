//! What an attacker makes of the protocols that have connections of their own.

use std::io::Write;

use serde_json::json;

use crate::driver::Door;
use crate::missile::{
    Missile, gzip_bomb, lumberjack_frame, msgpack_text, relp_frame, websocket, ws_frame, zlib_bomb, zstd_bomb,
};
use crate::protocols::{Hostile, Monster, monster};
use crate::unanswered::{Client, Gelf, Lines, Syslog};

/// Final text, text that goes on, and its continuation (RFC 6455, section 5.2).
const TEXT: u8 = 0x81;
const TEXT_BEGINS: u8 = 0x01;
const GOES_ON: u8 = 0x00;

impl Hostile for crate::websocket::Socket {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let said = format!(
            "{}\n{}",
            json!({"seq": 1, "key": "shared"}),
            json!({"message": text, "tenant": "honest"})
        );
        let frames =
            [ws_frame(TEXT, said.len() as u64, said.as_bytes()), vec![0x88, 0x80, 0, 0, 0, 0]].concat();
        let mut lies = vec![];
        for query in ["", "?stream=honest", "?attr.tenant=honest", "?source=honest", "?tenant=honest"] {
            lies.push(websocket(door, query, "", &frames));
        }
        lies.push(websocket(door, "", "x-forebay-tenant: honest\r\n", &frames));
        lies.push(websocket(door, "", "x-scope-orgid: honest\r\n", &frames));
        lies
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let part = ws_frame(GOES_ON, 16_384, &[b'x'; 16_384]);
        let endless = [ws_frame(TEXT_BEGINS, 1, b"x"), part.repeat(200)].concat();
        let head = format!("{{\"seq\":1,\"key\":\"{}\"}}\n{{}}", "k".repeat(100_000));
        vec![
            monster(
                "a frame of exabytes announced",
                websocket(door, "", "", &ws_frame(TEXT, u64::MAX >> 1, b"x")),
            ),
            monster("a frame of 4 GiB announced", websocket(door, "", "", &ws_frame(TEXT, 1 << 32, b"x"))),
            monster("fragments without end", websocket(door, "", "", &endless)),
            monster(
                "a long first line",
                websocket(door, "", "", &ws_frame(TEXT, head.len() as u64, head.as_bytes())),
            ),
        ]
    }
}

impl Hostile for crate::lumberjack::Lumberjack {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        let event =
            json!({"message": text, "tenant": "honest", "@metadata": {"beat": "honest", "_id": "shared"}});
        vec![Missile::Bytes([b"2W\0\0\0\x01", &lumberjack_frame(1, &event.to_string())[..]].concat())]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        let compressed = |bytes: &[u8]| {
            [b"2W\0\0\0\x012C", &u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
        };
        let mut twice = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        twice.write_all(&compressed(&zlib_bomb(1))[6..]).unwrap();
        let large = lumberjack_frame(1, &json!({"m": "x".repeat(1 << 20)}).to_string());
        let deep = lumberjack_frame(1, &format!("{}1{}", "{\"a\":".repeat(200_000), "}".repeat(200_000)));
        vec![
            monster("zlib that inflates", Missile::Bytes(compressed(&zlib_bomb(64)))),
            monster("zlib in zlib", Missile::Bytes(compressed(&twice.finish().unwrap()))),
            monster(
                "a frame of 4 GiB announced",
                Missile::Bytes(b"2W\0\0\0\x012J\0\0\0\x01\xff\xff\xff\xffx".to_vec()),
            ),
            monster(
                "4 GiB compressed announced",
                Missile::Bytes(b"2W\0\0\0\x012C\xff\xff\xff\xffx".to_vec()),
            ),
            monster(
                "4 Gi pairs announced",
                Missile::Bytes(b"1W\0\0\0\x011D\0\0\0\x01\xff\xff\xff\xff\0\0\0\x01a\0\0\0\x01b".to_vec()),
            ),
            monster("a large event", Missile::Bytes([b"2W\0\0\0\x01", &large[..]].concat())),
            monster("a deep event", Missile::Bytes([b"2W\0\0\0\x01", &deep[..]].concat())),
            monster("no frame at all", Missile::Bytes(vec![b'x'; 1 << 20])),
        ]
    }
}

impl Hostile for crate::forward::Forward {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        // ["honest", time, {"tenant": "honest", "message": text}]
        let mut message =
            [&[0x93][..], &msgpack_text("honest"), &[0xce, 0x6a, 0x4e, 0x1b, 0x80, 0x82]].concat();
        for part in ["tenant", "honest", "message", text] {
            message.extend(msgpack_text(part));
        }
        vec![Missile::Bytes(message)]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        let begins = |more: &[u8]| [&[0x93][..], &msgpack_text("tag"), more].concat();
        let packed = |bytes: &[u8], encoding: &str| {
            let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            let mut message = [&begins(&[0xc6])[..], &len, bytes, &[0x81]].concat();
            message.extend([msgpack_text("compressed"), msgpack_text(encoding)].concat());
            Missile::Bytes(message)
        };
        let deep = begins(&[&[0xce, 0, 0, 0, 1][..], &[0x91; 300_000], &[0x90]].concat());
        let large =
            [&begins(&[0xce, 0, 0, 0, 1, 0x81])[..], &msgpack_text("m"), &msgpack_text(&"x".repeat(1 << 20))];
        vec![
            monster("gzip that inflates", packed(&gzip_bomb(2_000), "gzip")),
            monster("zstd that inflates", packed(zstd_bomb(), "zstd")),
            monster("4 GiB packed announced", Missile::Bytes(begins(&[0xc6, 0xff, 0xff, 0xff, 0xff, 0]))),
            monster(
                "4 Gi entries announced",
                Missile::Bytes([begins(&[0xdd, 0xff, 0xff, 0xff, 0xff]), vec![0; 100]].concat()),
            ),
            monster(
                "a tag of 4 GiB announced",
                Missile::Bytes(vec![0x93, 0xdb, 0xff, 0xff, 0xff, 0xff, b't']),
            ),
            monster("a deep record", Missile::Bytes(deep)),
            monster("a large record", Missile::Bytes(large.concat())),
        ]
    }
}

impl Hostile for crate::relp::Relp {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        let offers = "relp_version=0\nrelp_software=honest\ntenant=honest\ncommands=syslog";
        let message = format!("<14>1 2026-01-02T03:04:05Z honest app - - [forebay tenant=\"honest\"] {text}");
        let session = [relp_frame(1, "open", offers), relp_frame(2, "syslog", &message)].concat();
        vec![Missile::Bytes(session.into_bytes())]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        let open = relp_frame(1, "open", "relp_version=0\ncommands=syslog");
        let with = |more: &str| Missile::Bytes(format!("{open}{more}").into_bytes());
        vec![
            monster(
                "offers without end",
                Missile::Bytes(relp_frame(1, "open", &"a=b\n".repeat(50_000)).into_bytes()),
            ),
            monster("a message of exabytes announced", with("2 syslog 99999999999999999999 x")),
            monster("a number of 20 digits", with("99999999999999999999 syslog 1 x\n")),
            monster("a command without end", with(&format!("2 {}", "s".repeat(1 << 20)))),
            monster("a large message", with(&relp_frame(2, "syslog", &"x".repeat(1 << 20)))),
            monster("no session", Missile::Bytes(vec![b'x'; 1 << 20])),
        ]
    }
}

impl Hostile for Client<Syslog> {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        let structured =
            format!("<14>1 2026-01-02T03:04:05Z honest app - - [forebay tenant=\"honest\"] {text}");
        let old = format!("<14>Jan  2 03:04:05 honest app[1]: tenant=honest {text}");
        vec![
            Missile::Bytes(format!("{structured}\n").into_bytes()),
            Missile::Bytes(format!("{} {structured}", structured.len()).into_bytes()),
            Missile::Bytes(format!("{old}\n").into_bytes()),
            Missile::Datagrams(vec![structured.into_bytes(), old.into_bytes()]),
        ]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        vec![
            monster("a count of 20 digits", Missile::Bytes(b"5 <14>a99999999999999999999 <14>b".to_vec())),
            monster(
                "a counted message that is too large",
                Missile::Bytes(format!("{} <14>{}", (1 << 20) + 4, "x".repeat(1 << 20)).into_bytes()),
            ),
            monster(
                "a line without end",
                Missile::Bytes(format!("<14>{}", "x".repeat(3 << 20)).into_bytes()),
            ),
        ]
    }
}

impl Hostile for Client<Gelf> {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        let message = json!({"version": "1.1", "host": "honest", "short_message": text, "_tenant": "honest", "_id": "shared"});
        vec![
            Missile::Bytes(format!("{message}\0").into_bytes()),
            Missile::Datagrams(vec![message.to_string().into_bytes()]),
        ]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        let chunk = |id: u64, number: u8, count: u8, len: usize| {
            [&[0x1e, 0x0f][..], &id.to_be_bytes(), &[number, count], &vec![b'x'; len]].concat()
        };
        let half: Vec<Vec<u8>> = (0..20_000).map(|id| chunk(id, 0, 2, 2_000)).collect();
        // All chunks of one message, which together are more than a message may have.
        let whole: Vec<Vec<u8>> = (0..128).map(|number| chunk(1 << 40, number, 128, 8_000)).collect();
        vec![
            monster("a message without end", Missile::Bytes(vec![b'x'; 3 << 20])),
            monster("halves of messages", Missile::Datagrams(half)),
            monster("a message of many chunks", Missile::Datagrams(whole)),
            monster("too many chunks announced", Missile::Datagrams(vec![chunk(7, 200, 255, 10)])),
            monster("gzip that inflates", Missile::Datagrams(vec![gzip_bomb(50)])),
            monster("zlib that inflates", Missile::Datagrams(vec![zlib_bomb(50)])),
        ]
    }
}

impl Hostile for Client<Lines> {
    fn lies(_door: &Door, text: &str) -> Vec<Missile> {
        vec![Missile::Bytes(format!("tenant=honest {text}\n").into_bytes())]
    }

    fn monsters(_door: &Door) -> Vec<Monster> {
        vec![monster("a line without end", Missile::Bytes(vec![b'x'; 3 << 20]))]
    }
}
