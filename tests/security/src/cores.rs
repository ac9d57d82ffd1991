//! Who works on which core, so that what is compared is ingest and not the attackers' own work.
//!
//! Ingest has a core to itself. The honest client and the mock of Kafka share the next one with the attackers, which are processes of
//! the lowest priority (`SCHED_IDLE`, sched(7)), unless there is a third one.

use anyhow::{Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cores {
    /// Of ingest.
    pub ingest: usize,
    /// Of the honest client and of Kafka.
    pub honest: usize,
    /// Of attackers.
    pub attackers: usize,
}

impl Cores {
    /// Gives this process its core, and with it all threads that it starts from now on, and says which ones the others get.
    ///
    /// # Errors
    /// When there are less than two, or the system refuses.
    pub fn divide() -> Result<Self> {
        let ours = sched_getaffinity(None)?;
        let cores = Self::among((0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core)))?;
        let mut own = CpuSet::new();
        own.set(cores.honest);
        sched_setaffinity(None, &own)?;
        Ok(cores)
    }

    fn among(cores: impl Iterator<Item = usize>) -> Result<Self> {
        let cores: Vec<usize> = cores.collect();
        ensure!(cores.len() >= 2, "ingest needs a core of its own: here is one only");
        let of = |place: usize| cores.get(place).or(cores.last()).copied().unwrap_or_default();
        Ok(Self { ingest: of(0), honest: of(1), attackers: of(2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ingest_shares_its_core_with_nobody() {
        assert!(Cores::among([3].into_iter()).is_err());
        let two = Cores::among([3, 5].into_iter()).unwrap();
        assert_eq!(two, Cores { ingest: 3, honest: 5, attackers: 5 });
        let many = Cores::among(0..8).unwrap();
        assert_eq!(many, Cores { ingest: 0, honest: 1, attackers: 2 });
    }
}
