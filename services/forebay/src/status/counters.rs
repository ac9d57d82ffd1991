//! Counters of several processes, summed from look to look.
//!
//! A counter starts anew with its process, and processes come and go. What counts is by how much each has grown since the last
//! look at it: one that became smaller began at nought again, one that is seen for the first time tells nothing yet. Whenever
//! something may have been missed that way, there is a gap, and sums before and after it can't be compared.

use std::collections::BTreeMap;

use super::page::{Key, Page};

/// What counters have come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    last: BTreeMap<String, BTreeMap<Key, f64>>,
    grown: BTreeMap<Key, f64>,
    gaps: u64,
}

impl Counters {
    /// The pages of one look, by the processes' addresses.
    pub(crate) fn look<'a>(&mut self, pages: impl Iterator<Item = (&'a str, &'a Page)>) {
        let is_first = self.last.is_empty();
        for (address, page) in pages {
            let now: BTreeMap<Key, f64> =
                page.iter().filter(|(key, _)| key.is_counter()).map(|(key, v)| (key.clone(), v)).collect();
            match self.last.get(address) {
                Some(before) => {
                    let fell = |(key, before): (&Key, &f64)| now.get(key).is_none_or(|now| now < before);
                    let is_anew = before.iter().any(fell);
                    self.gaps += u64::from(is_anew);
                    for (key, now) in &now {
                        let before = if is_anew { 0.0 } else { before.get(key).copied().unwrap_or(0.0) };
                        *self.grown.entry(key.clone()).or_default() += now - before;
                    }
                }
                None => self.gaps += u64::from(!is_first),
            }
            let _before = self.last.insert(address.to_owned(), now);
        }
    }

    /// By how much each series has grown since the first look, over all processes.
    pub(crate) const fn grown(&self) -> &BTreeMap<Key, f64> {
        &self.grown
    }

    /// How often something may have been missed.
    pub(crate) const fn gaps(&self) -> u64 {
        self.gaps
    }

    /// What each series of a metric has come to since its processes started, over all processes that were ever seen.
    pub(crate) fn total(&self, name: &str) -> BTreeMap<&Key, f64> {
        let mut sums = BTreeMap::new();
        for (key, value) in self.last.values().flatten().filter(|(key, _)| key.name == name) {
            *sums.entry(key).or_default() += value;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "forebay_retries_total";

    fn look(counters: &mut Counters, pages: &[(&str, &str)]) -> (f64, u64) {
        let pages: Vec<(&str, Page)> = pages
            .iter()
            .map(|(address, values)| {
                let line = |(stage, value): (usize, &str)| format!("{NAME}{{stage=\"{stage}\"}} {value}\n");
                (*address, Page::read(&values.split(' ').enumerate().map(line).collect::<String>()))
            })
            .collect();
        counters.look(pages.iter().map(|(address, page)| (*address, page)));
        (counters.grown().values().sum(), counters.gaps())
    }

    /// Scenario: two processes count; one is restarted, one doesn't answer for a while, a third one comes, a series begins.
    /// Guarantees: growth is summed, never negative, what was counted before the first look at a process isn't growth, and whenever
    /// something may have been missed there is a gap.
    #[test]
    fn growth_is_summed_over_processes_and_restarts() {
        let mut counters = Counters::default();
        assert_eq!(look(&mut counters, &[("a", "100"), ("b", "10")]), (0.0, 0));
        assert_eq!(look(&mut counters, &[("a", "105"), ("b", "10")]), (5.0, 0));
        assert_eq!(look(&mut counters, &[("a", "3"), ("b", "11")]), (9.0, 1), "a began anew, and has 3");
        assert_eq!(look(&mut counters, &[("b", "11")]), (9.0, 1));
        assert_eq!(look(&mut counters, &[("a", "7"), ("b", "11")]), (13.0, 1), "what came meanwhile counts");
        assert_eq!(look(&mut counters, &[("c", "500"), ("b", "12 4")]), (18.0, 2));
        let totals: f64 = counters.total(NAME).values().sum();
        assert_eq!(totals, 7.0 + 16.0 + 500.0);
    }
}
