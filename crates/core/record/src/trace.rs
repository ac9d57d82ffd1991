//! Where an event's trace goes on: trace and span, and whether the trace is recorded.
//!
//! Text as a `traceparent` header has it, `00-<trace>-<span>-<flags>`, in requests as in records.
//!
//! Source: <https://www.w3.org/TR/trace-context/#traceparent-header>, and for the choice of traces
//! <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>: what others choose by the same rule and at a
//! higher rate contains what is chosen here.

use std::fmt;

/// The longest text that is looked at, in bytes: later versions may append to what version 0 has.
const MAX_LEN: usize = 256;
/// How long version 0 is.
const LEN: usize = 55;
/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;
/// How many bits of a trace's id are random for certain: the last seven bytes.
const RANDOM_BITS: u32 = 56;

/// A span of a trace, seen from its children.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceContext {
    /// The trace's id; not 0.
    pub trace: u128,
    /// The span's id; not 0.
    pub span: u64,
    /// Whether the trace is recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a header's text. One that can't be read counts as none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (bytes, rest) = text.as_bytes().split_at_checked(LEN)?;
        if text.len() > MAX_LEN || [2, 35, 52].iter().any(|dash| bytes.get(*dash) != Some(&b'-')) {
            return None;
        }
        let hex = |from: usize, to: usize| {
            let digits = text.get(from..to)?;
            let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            is_hex.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
        };
        let (version, trace, span, flags) = (hex(0, 2)?, hex(3, 35)?, hex(36, 52)?, hex(53, 55)?);
        let is_version = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.first().is_none_or(|byte| *byte == b'-'),
        };
        let span = u64::try_from(span).ok()?;
        let context = Self { trace, span, sampled: flags & u128::from(SAMPLED) != 0 };
        (is_version && trace != 0 && span != 0).then_some(context)
    }

    /// Another span of the same trace.
    #[must_use]
    pub const fn with_span(self, span: u64) -> Self {
        Self { span, ..self }
    }

    /// Whether the trace is among the one in `one_in` that are recorded. Everybody who asks about a trace gets the same answer.
    #[must_use]
    pub const fn is_chosen(&self, one_in: u64) -> bool {
        let all = 1_u128 << RANDOM_BITS;
        let random = self.trace & (all - 1);
        let one_in = if one_in == 0 { 1 } else { one_in as u128 };
        random >= all - all / one_in
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_is_read_as_its_specification_has_it() {
        let context = TraceContext::read(VALID).unwrap();
        assert_eq!(context.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((context.span, context.sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert!(!TraceContext::read(&VALID.replace("-01", "-02")).unwrap().sampled);
        let later = VALID.replacen("00", "cc", 1);
        assert_eq!(TraceContext::read(&later), Some(context));
        assert_eq!(TraceContext::read(&format!("{later}-what-comes-later")), Some(context));
        for wrong in [
            "",
            "00",
            &VALID.to_uppercase(),
            &VALID.replace('-', "_"),
            &VALID.replacen("00", "ff", 1),
            &VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &VALID.replace("4bf9", "+bf9"),
            &format!("{VALID}0"),
            &format!("{VALID}-0"),
            &format!("{later}0"),
            &format!("{later}-{}", "x".repeat(MAX_LEN)),
        ] {
            assert_eq!(TraceContext::read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let context = TraceContext { trace, span, sampled };
            prop_assert_eq!(TraceContext::read(&context.to_string()), Some(context));
        }

        /// Scenario: any text, and a valid one with any character in any place.
        /// Guarantees: an answer, no panic; what is read is written as something that is read the same.
        #[test]
        fn survives_anything(text: String, at in 0..55_usize, other: char) {
            let _any = TraceContext::read(&text);
            let text: String = VALID.chars().enumerate().map(|(n, c)| if n == at { other } else { c }).collect();
            if let Some(context) = TraceContext::read(&text) {
                prop_assert_eq!(TraceContext::read(&context.to_string()), Some(context));
            }
        }

        /// Guarantees: what is chosen one in n times is chosen wherever more are.
        #[test]
        fn a_lower_rate_chooses_among_what_a_higher_one_does(trace in 1_u128.., n in 1..1_000_u64, more in 0..1_000_u64) {
            let context = TraceContext { trace, span: 1, sampled: true };
            prop_assert!(context.is_chosen(1));
            prop_assert!(!context.is_chosen(n + more) || context.is_chosen(n));
        }
    }

    /// Scenario: a hundred thousand traces with ids that are spread evenly. Guarantees: one in N is chosen, whatever N is.
    #[test]
    fn one_in_so_many_is_chosen() {
        let all = 100_000_u64;
        let step = (1_u128 << RANDOM_BITS) / u128::from(all);
        for one_in in [1, 2, 10, 1_000, 100_000] {
            let trace =
                |n: u64| TraceContext { trace: (7 << 64) + u128::from(n) * step, span: 1, sampled: true };
            let chosen = (0..all).filter(|n| trace(*n).is_chosen(one_in)).count() as u64;
            assert!(chosen.abs_diff(all / one_in) <= 1, "{chosen} of {all}, one in {one_in}");
        }
    }
}
