//! A member's side of the protocol, as librdkafka 2.12 keeps to it
//! ([KIP-848](https://cwiki.apache.org/confluence/display/KAFKA/KIP-848%3A+The+Next+Generation+of+the+Consumer+Rebalance+Protocol),
//! `rdkafka_cgrp.c`).
//!
//! ```text
//!        first answer              given up, taken up
//! Init ──────────────► Changing ◄────────────────────── Steady: the next heartbeat says what it has
//!   ▲                     └──────────────────────────────► ▲ │ an answer says that it should have others
//!   └── all is lost: the group doesn't know it any more ─────┘
//! ```
//! Who has nothing to say is heard of only every few seconds, and that is how long news may take to reach it.

use std::collections::VecDeque;

use super::coordinator::{Answered, Beat, Beaten, Partitions};

/// Error codes of Kafka's protocol (<https://kafka.apache.org/protocol#protocol_error_codes>).
const UNKNOWN_MEMBER_ID: i16 = 25;
const FENCED_MEMBER_EPOCH: i16 = 110;
const UNRELEASED_INSTANCE_ID: i16 = 111;

/// What the next poll tells of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// These partitions are to be given up.
    Revoke(Vec<i32>),
    /// These are its own from now on.
    Assign(Vec<i32>),
    /// These are gone.
    Lost(Vec<i32>),
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Nothing but the next heartbeat, when it is due.
    Wait,
    /// A heartbeat now.
    Beat,
    /// This client is of no use; a new one may be, later.
    Anew,
    /// An error that isn't modelled.
    Failed(i16),
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    member: String,
    instance: Option<String>,
    epoch: i32,
    state: State,
    is_asking: bool,
    /// The heartbeat under way says that it has what it should.
    acknowledges: bool,
    /// What it should have has changed, and the group doesn't know yet that it has.
    owes: bool,
    /// The group doesn't know it any more; it joins again as soon as it is through with what it is doing.
    joins_again: bool,
    /// What it has, as the group knows.
    current: Partitions,
    /// What it is about to have.
    target: Option<Partitions>,
    /// What it should have after that.
    next: Option<Partitions>,
    /// What it has.
    owned: Partitions,
    /// What it takes up once it has given up what it should.
    added: Option<Vec<i32>>,
    changes: VecDeque<Change>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Init,
    Changing,
    Steady,
}

// === impl Client ===

impl Client {
    /// One that hasn't joined yet.
    pub(super) const fn new(member: String, instance: Option<String>) -> Self {
        Self {
            member,
            instance,
            epoch: 0,
            state: State::Init,
            is_asking: false,
            acknowledges: false,
            owes: false,
            joins_again: false,
            current: Partitions::new(),
            target: None,
            next: None,
            owned: Partitions::new(),
            added: None,
            changes: VecDeque::new(),
        }
    }

    /// What it says with requests: its name and epoch.
    pub(super) fn member(&self) -> (String, i32) {
        (self.member.clone(), self.epoch)
    }

    /// What a poll tells of, the oldest first.
    pub(super) fn change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Whether a poll has something to tell of.
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The heartbeat to send now; `None` while another is under way, or it has to end something first.
    pub(super) fn beat(&mut self) -> Option<Beat> {
        if self.is_asking || self.joins_again {
            return None;
        }
        let is_full = self.state == State::Init;
        self.acknowledges = self.state == State::Steady && self.owes;
        let owned = match (self.acknowledges, is_full) {
            (true, _) => self.target.clone(),
            (false, true) => Some(self.current.clone()),
            (false, false) => None,
        };
        self.is_asking = true;
        let instance = self.instance.clone().filter(|_| is_full);
        Some(Beat { member: self.member.clone(), epoch: self.epoch, instance, is_full, owned })
    }

    /// Its last heartbeat. Who has a name may come back.
    pub(super) fn leave(&self) -> Beat {
        let epoch = if self.instance.is_some() { -2 } else { -1 };
        let (member, instance) = (self.member.clone(), self.instance.clone());
        Beat { member, epoch, instance, is_full: false, owned: None }
    }

    /// A heartbeat was answered.
    pub(super) fn answered(&mut self, answer: Answered<Beaten>) -> Next {
        self.is_asking = false;
        let beaten = match answer {
            Ok(beaten) => beaten,
            Err(UNKNOWN_MEMBER_ID | FENCED_MEMBER_EPOCH) => {
                self.joins_again = true;
                return if self.may_join_again() { Next::Beat } else { Next::Wait };
            }
            Err(UNRELEASED_INSTANCE_ID) => return Next::Anew,
            Err(code) => return Next::Failed(code),
        };
        self.epoch = beaten.epoch;
        if let Some(assignment) = beaten.assignment {
            self.next = Some(assignment).filter(|next| next != self.target.as_ref().unwrap_or(&self.current));
        }
        let mut next = Next::Wait;
        if self.state == State::Steady && self.owes {
            match self.target.take() {
                Some(target) if self.acknowledges => {
                    self.current = target;
                    self.owes = false;
                }
                // It got there while this one was under way.
                target => {
                    self.target = target;
                    next = Next::Beat;
                }
            }
        }
        self.acknowledges = false;
        self.follow();
        next
    }

    /// Begins to change to what it should have next, unless it is still changing.
    fn follow(&mut self) {
        if self.owes || self.state == State::Changing {
            return;
        }
        let Some(next) = self.next.take() else { return };
        let revoked: Vec<i32> = self.owned.difference(&next).copied().collect();
        let added: Vec<i32> = next.difference(&self.owned).copied().collect();
        self.target = Some(next);
        self.owes = true;
        self.state = State::Changing;
        if revoked.is_empty() {
            self.changes.push_back(Change::Assign(added));
        } else {
            self.added = Some(added).filter(|added| !added.is_empty());
            self.changes.push_back(Change::Revoke(revoked));
        }
    }

    /// These partitions are given up. Answers whether a heartbeat is due.
    pub(super) fn gave_up(&mut self, partitions: &[i32]) -> bool {
        self.owned.retain(|partition| !partitions.contains(partition));
        match self.added.take() {
            Some(added) => {
                self.changes.push_back(Change::Assign(added));
                false
            }
            None => self.is_through(),
        }
    }

    /// These are its own. Answers whether a heartbeat is due.
    pub(super) fn took_up(&mut self, partitions: &[i32]) -> bool {
        self.owned.extend(partitions);
        self.is_through()
    }

    /// All is lost, and the owner knows. A heartbeat is due.
    pub(super) fn lost(&mut self) {
        let (member, instance) = (std::mem::take(&mut self.member), self.instance.take());
        *self = Self::new(member, instance);
    }

    fn is_through(&mut self) -> bool {
        self.state = State::Steady;
        self.may_join_again() || !self.joins_again
    }

    /// Joins again if it has to and nothing is in the way. Answers whether it is as new.
    fn may_join_again(&mut self) -> bool {
        if !self.joins_again || self.state == State::Changing {
            return false;
        }
        if self.owned.is_empty() {
            self.lost();
            return true;
        }
        self.state = State::Changing;
        self.changes.push_back(Change::Lost(self.owned.iter().copied().collect()));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(epoch: i32, assignment: &[i32]) -> Answered<Beaten> {
        Ok(Beaten { epoch, assignment: Some(assignment.iter().copied().collect()) })
    }

    fn with(partitions: &[i32]) -> Client {
        let mut client = Client::new("member".to_owned(), None);
        assert!(client.beat().unwrap().is_full);
        assert_eq!(client.answered(told(1, partitions)), Next::Wait);
        assert_eq!(client.change(), Some(Change::Assign(partitions.to_vec())));
        assert!(client.took_up(partitions));
        assert_eq!(client.beat().unwrap().owned, Some(partitions.iter().copied().collect()));
        assert_eq!(client.answered(Ok(Beaten { epoch: 1, assignment: None })), Next::Wait);
        client
    }

    /// Guarantees: what is taken away is given up before anything is taken up, and the group hears of it when both are done.
    #[test]
    fn gives_up_then_takes_up_then_says_so() {
        let mut client = with(&[1, 2]);
        assert_eq!(client.beat().unwrap().owned, None);
        assert_eq!(client.answered(told(1, &[2, 3])), Next::Wait);
        assert_eq!(client.change(), Some(Change::Revoke(vec![1])));
        assert_eq!(client.beat().unwrap().owned, None, "heard of, but not through");
        assert!(!client.gave_up(&[1]));
        assert_eq!(client.change(), Some(Change::Assign(vec![3])));
        assert!(client.took_up(&[3]));
        assert!(client.beat().is_none(), "one at a time");
        assert_eq!(client.answered(Ok(Beaten { epoch: 1, assignment: None })), Next::Beat);
        assert_eq!(client.beat().unwrap().owned, Some([2, 3].into()));
    }

    /// Guarantees: a member that the group doesn't know any more loses what it has, and joins as a new one does.
    #[test]
    fn joins_again_with_nothing() {
        let mut client = with(&[1, 2]);
        let _beat = client.beat();
        assert_eq!(client.answered(Err(UNKNOWN_MEMBER_ID)), Next::Wait);
        assert!(client.beat().is_none());
        assert_eq!(client.change(), Some(Change::Lost(vec![1, 2])));
        client.lost();
        let beat = client.beat().unwrap();
        assert_eq!((beat.epoch, beat.is_full, beat.owned), (0, true, Some(Partitions::new())));
    }
}
