//! Any datagrams as GELF: chunks stay within their memory, and what comes out is no larger than allowed.
//!
//! The input is datagrams, each after its length in one byte.

use std::time::Duration;

use forebay_wire::gelf::{Assembly, AssemblyLimits, unpack};

const LIMITS: AssemblyLimits =
    AssemblyLimits { max_bytes: 4096, max_messages: 4, max_message: 1024, timeout: Duration::from_secs(5) };

/// Looks at one input.
pub fn check(data: &[u8]) {
    let mut assembly = Assembly::new(LIMITS);
    let mut rest = data;
    let mut now = Duration::ZERO;
    while let Some((len, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(after.len().min(usize::from(*len)));
        rest = after;
        now += Duration::from_millis(100);
        let _lost = assembly.expire(now, usize::MAX);
        if let Ok(Some(message)) = assembly.datagram(len % 3, datagram, now) {
            assert!(message.len() <= LIMITS.max_message);
            let mut out = Vec::new();
            if let Ok(len) = unpack(&message, 2048, &mut out) {
                assert!(len == out.len() && len <= 2048);
            }
        }
        assert!(assembly.bytes() <= LIMITS.max_bytes && assembly.messages() <= LIMITS.max_messages);
    }
    let left = assembly.messages();
    assert_eq!(assembly.expire(now + LIMITS.timeout, usize::MAX), left);
    assert_eq!(assembly.bytes(), 0);
}
