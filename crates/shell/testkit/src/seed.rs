//! Seeds of random tests: printed, so that a failure can be had again.

use rand::Rng;

/// The variable that fixes the seed.
const VARIABLE: &str = "FOREBAY_SEED";

/// The seed for a random test: `FOREBAY_SEED` if that is set to a number, else a fresh one. It is printed, and the
/// test runner shows what a failed test printed.
#[must_use]
#[expect(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
pub fn seed() -> u64 {
    let seed = from(std::env::var(VARIABLE).ok().as_deref());
    println!("the seed is {seed}: {VARIABLE}={seed} runs this again");
    seed
}

fn from(given: Option<&str>) -> u64 {
    given.and_then(|text| text.parse().ok()).unwrap_or_else(|| rand::rng().random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_seed_is_taken_and_nonsense_is_not() {
        assert_eq!(from(Some("42")), 42);
        assert_ne!(from(Some("forty-two")), from(Some("forty-two")));
        assert_ne!(from(None), from(None));
    }
}
