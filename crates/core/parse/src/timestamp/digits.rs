//! Reading fixed-width fields off the front of a byte string, as all timestamp layouts need.

/// What is left of a timestamp's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next byte, left in place.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Takes the next byte if `wanted` says so.
    pub(crate) fn take_if(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted(*first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Takes `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Takes exactly `count` digits.
    pub(crate) fn number(&mut self, count: usize) -> Option<i64> {
        let mut number = 0;
        for byte in self.take(count)? {
            if !byte.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i64::from(byte - b'0');
        }
        Some(number)
    }

    /// Takes a day of one or two digits, which layouts of the C library pad with a space.
    pub(crate) fn padded_day(&mut self) -> Option<i64> {
        while self.take_if(|byte| byte == b' ').is_some() {}
        if self.0.get(1).is_some_and(u8::is_ascii_digit) { self.number(2) } else { self.number(1) }
    }

    /// Takes `hh:mm:ss`.
    pub(crate) fn clock(&mut self) -> Option<(i64, i64, i64)> {
        let hour = self.number(2)?;
        let _colon = self.take_if(|byte| byte == b':')?;
        let minute = self.number(2)?;
        let _colon = self.take_if(|byte| byte == b':')?;
        Some((hour, minute, self.number(2)?))
    }

    /// Takes a fraction of a second if one follows, as whole milliseconds; what is finer is cut.
    pub(crate) fn fraction(&mut self) -> Option<i64> {
        if self.take_if(|byte| matches!(byte, b'.' | b',')).is_none() {
            return Some(0);
        }
        let (mut milli, mut digits) = (0, 0);
        while let Some(byte) = self.take_if(|byte| byte.is_ascii_digit()) {
            if digits < 3 {
                milli = milli * 10 + i64::from(byte - b'0');
            }
            digits += 1;
        }
        match digits {
            0 => None,
            1 => Some(milli * 100),
            2 => Some(milli * 10),
            _ => Some(milli),
        }
    }

    /// Takes a numeric offset from UTC, `+hh`, `+hhmm` or `+hh:mm`, in milliseconds.
    pub(crate) fn offset(&mut self) -> Option<i64> {
        let sign = if self.take_if(|byte| matches!(byte, b'+' | b'-'))? == b'-' { -1 } else { 1 };
        let hours = self.number(2)?;
        let colon = self.take_if(|byte| byte == b':').is_some();
        let minutes = match self.peek() {
            Some(byte) if byte.is_ascii_digit() => self.number(2)?,
            _ if colon => return None,
            _ => 0,
        };
        (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
    }
}
