//! Floods of HTTP/2 frames ([RFC 9113, section 10.5](https://www.rfc-editor.org/rfc/rfc9113#section-10.5)), written by hand.

use forebay_security::victim::Victim;

/// A frame: its type, flags, stream and payload (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![len[1], len[2], len[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `POST /` to the authority `x` (RFC 7541, appendix A).
const HEADERS: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'x'];

/// Scenario: streams opened and reset at once (CVE-2023-44487), a head that never ends (CVE-2024-27316), floods of settings,
/// pings, empty data and priorities, a table of headers that grows, frames that are too long or make no sense.
/// Guarantees: the connection ends or goes on, memory stays, and everybody else is served.
#[tokio::test]
async fn floods_of_frames_are_survived() {
    let mut victim = Victim::start().await.unwrap();
    let streams =
        |each: &dyn Fn(u32) -> Vec<u8>| (0..20_000).flat_map(|n| each(2 * n + 1)).collect::<Vec<u8>>();
    let many = |frame: Vec<u8>| frame.repeat(100_000);
    let growing: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| {
            let mut fields = HEADERS.to_vec();
            fields.extend([0x40, 8]);
            fields.extend(format!("x{n:07}").bytes());
            fields.extend([0x7f, 0x81, 0x0e]);
            fields.extend([b'y'; 2_048]);
            frame(1, 0x5, 2 * n + 1, &fields[..fields.len()])
        })
        .collect();
    let floods = [
        ("rapid reset", streams(&|n| [frame(1, 0x4, n, HEADERS), frame(3, 0, n, &[0, 0, 0, 8])].concat())),
        ("open streams", streams(&|n| frame(1, 0x4, n, HEADERS))),
        ("endless head", [frame(1, 0, 1, HEADERS), frame(9, 0, 1, &[0; 8_000]).repeat(2_000)].concat()),
        ("empty continuations", [frame(1, 0, 1, HEADERS), many(frame(9, 0, 1, &[]))].concat()),
        ("settings", many(frame(4, 0, 0, &[0, 4, 0, 0, 0xff, 0xff]))),
        ("pings", many(frame(6, 0, 0, &[7; 8]))),
        ("empty data", [frame(1, 0x4, 1, HEADERS), many(frame(0, 0, 1, &[]))].concat()),
        ("priorities", many(frame(2, 0, 3, &[0, 0, 0, 1, 9]))),
        ("windows", many(frame(8, 0, 0, &[0, 0, 0, 1]))),
        ("growing table", growing),
        ("too long", frame(0, 0, 1, &vec![0; 1 << 20])),
        ("unknown", many(frame(0xee, 0xff, 7, &[1, 2, 3]))),
    ];
    for (name, flood) in floods {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, 0, &[]));
        bytes.extend(flood);
        let answered = victim.raw(&bytes).await.unwrap();
        println!("{name}: {} bytes in answer", answered.len());
        victim.unharmed().await.unwrap();
    }
    victim.only_honest_lines().unwrap();
}
