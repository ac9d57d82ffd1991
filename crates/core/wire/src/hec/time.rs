//! `time`: seconds since the Unix epoch with a fraction, as a number or a string.

/// Nanoseconds of seconds since the Unix epoch, written as a decimal number; `None` for what is no time.
///
/// A number of seconds beyond the year 5000 is taken for milli-, micro- or nanoseconds, which many clients send by mistake.
pub(super) fn nanos(text: &str) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || !whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        // An exponent; too imprecise for more than microseconds.
        let seconds: f64 = text.parse().ok()?;
        let micros = seconds * 1e6;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both bounds are checked"
        )]
        let micros = (1.0..1e16).contains(&micros).then_some(micros as u64)?;
        return micros.checked_mul(1000);
    }
    let whole: u64 = whole.parse().ok()?;
    let digits = match whole {
        ..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        100_000_000_000_000_000.. => 0,
    };
    let part = fraction.bytes().chain(std::iter::repeat(b'0')).take(digits);
    let part = part.fold(0, |sum: u64, digit| sum * 10 + u64::from(digit - b'0'));
    let scale = 10u64.pow(u32::try_from(digits).ok()?);
    whole.checked_mul(scale)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_with_any_fraction() {
        assert_eq!(nanos("1795251598"), Some(1_795_251_598_000_000_000));
        assert_eq!(nanos("1795251598.25"), Some(1_795_251_598_250_000_000));
        assert_eq!(nanos(" 1795251598.1234567899 "), Some(1_795_251_598_123_456_789));
        assert_eq!(nanos("1.795251598e9"), Some(1_795_251_598_000_000_000));
        assert_eq!(nanos("1795251598250"), Some(1_795_251_598_250_000_000));
        assert_eq!(nanos("1795251598250000"), Some(1_795_251_598_250_000_000));
        assert_eq!(nanos("1795251598250000000"), Some(1_795_251_598_250_000_000));
        for odd in ["", "now", "-1", "NaN", "inf", "1e300", "2026-11-21", "99999999999999999999", "."] {
            assert_eq!(nanos(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn survives_anything(text in "[0-9.eE+-]{0,30}") {
            let _any = nanos(&text);
        }
    }
}
