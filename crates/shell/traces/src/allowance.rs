//! How many of a tenant's requests may be traced because their senders brought a trace along.
//!
//! Which of those are traced is told by the trace's id, and the sender chooses that: one that always takes an id that is chosen would have
//! all its requests traced, and leave no room in the queue for the traces of others. So it is held to a few times the share that chance
//! would give it. It is counted in requests, not in time: no clock is needed, and the ceiling is that of the settings, one in N.

/// How many times the share that chance would give: chance alone doesn't reach it.
const TIMES: u64 = 2;
/// So many traces may come in a row.
const BURST: u64 = 32;

/// What is left to a tenant, in N-th parts of a traced request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance(u64);

impl Allowance {
    /// Of a tenant that wasn't seen yet, when one in `one_in` is traced.
    pub(crate) const fn new(one_in: u64) -> Self {
        Self(one_in.saturating_mul(BURST))
    }

    /// Another request comes, and is to be traced or not; answers whether it is.
    pub(crate) fn request(&mut self, one_in: u64, is_chosen: bool) -> bool {
        self.0 = self.0.saturating_add(TIMES).min(Self::new(one_in).0);
        match self.0.checked_sub(one_in) {
            Some(left) if is_chosen => {
                self.0 = left;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(one_in: u64, requests: u64, is_chosen: impl Fn(u64) -> bool) -> u64 {
        let mut allowance = Allowance::new(one_in);
        (0..requests).filter(|n| allowance.request(one_in, is_chosen(*n))).count() as u64
    }

    /// Guarantees: who has all requests chosen gets a few at once and then twice the share; who is chosen by chance gets all of them; where
    /// everything is traced nobody is held back.
    #[test]
    fn chance_is_not_held_back_and_choice_is() {
        assert_eq!(traced(1_000, 30, |_| true), 30);
        assert_eq!(traced(1_000, 1_000_000, |_| true), BURST + TIMES * 1_000 - 1);
        assert_eq!(traced(1_000, 1_000_000, |n| n % 1_000 == 0), 1_000);
        assert_eq!(traced(1_000, 1_000_000, |n| n % 10_000 < 10), 1_000, "in bursts");
        assert_eq!(traced(1, 1_000_000, |_| true), 1_000_000);
        assert_eq!(traced(u64::MAX, 10, |_| true), 1);
    }
}
