//! The top of an event: where names are looked up as times and aliases, before all else is placed.

use std::borrow::Cow;

use super::{Mode, Shape, Spot};
use crate::ecs::{GroupId, Role, SCHEMA};
use crate::tree::{Key, Kind, NodeId, Value};

/// What the event says about its own time.
#[derive(Clone, Debug)]
pub(crate) enum EventTime<'a> {
    /// Nothing.
    Unknown,
    /// A time in milliseconds since the Unix epoch, and how it was written.
    At(i64, Value<'a>),
    /// There is an `@timestamp`, but it is no time.
    Unreadable(Value<'a>),
}

impl<'a> EventTime<'a> {
    /// A time in milliseconds since the Unix epoch and how it was written, or none.
    pub(crate) fn of(stamp: Option<(i64, &'a str)>) -> Self {
        stamp.map_or(Self::Unknown, |(ms, text)| Self::At(ms, Value::Text(Cow::Borrowed(text))))
    }
}

/// The label that ties events together.
const CORRELATION: &str = "correlation_id";

/// Where members of the event itself go.
const TOP: Spot = Spot { group: Some(GroupId::ROOT), node: None, depth: 0 };

impl<'a> Shape<'a, '_> {
    /// Places all members of an event, which hang on `event`, and finds its time among them.
    ///
    /// Names of the schema come first and aliases second, so that the order of an event's members doesn't matter.
    pub(crate) fn place_members(&mut self, event: NodeId) -> EventTime<'a> {
        if self.mode == Mode::Raw {
            return self.place_raw(event);
        }
        let mut time: Option<(u8, NodeId, i64)> = None;
        let mut unreadable = None;
        let mut deferred = std::mem::take(self.deferred);
        deferred.clear();
        let mut at = self.tree.detach(event);
        while let Some(id) = at {
            at = self.tree.next(id);
            let entry = SCHEMA.find_top(self.tree.key(id).as_str());
            if let Some(order) = entry.time {
                match self.time_of(self.tree.value(id)) {
                    Some(ms) if time.is_none_or(|(best, ..)| order < best) => {
                        if let Some((_, id, _)) = time.replace((order, id, ms)) {
                            self.place(TOP, "", id);
                        }
                    }
                    None if order == 0 && self.tree.value(id).is_scalar() && unreadable.is_none() => {
                        unreadable = Some(id);
                    }
                    _ => self.place(TOP, "", id),
                }
                continue;
            }
            // The value has to be a scalar for an alias to count, and for the name of an object to be one.
            let is_scalar = self.tree.value(id).is_scalar();
            let is_group = matches!(entry.role, Role::Group(_));
            let is_alias = entry.targets[0].is_some() || entry.is_correlation;
            if is_scalar && (is_group || entry.role == Role::User && is_alias) {
                deferred.push(id);
            } else {
                self.place(TOP, "", id);
            }
        }
        for id in deferred.drain(..) {
            self.place_alias(id);
        }
        *self.deferred = deferred;
        let value_of = |id| self.tree.value(id).clone();
        match (time, unreadable) {
            (Some((_, id, ms)), None) => EventTime::At(ms, value_of(id)),
            (Some((_, id, ms)), Some(bad)) => {
                let (time, bad) = (EventTime::At(ms, value_of(id)), value_of(bad));
                self.unmapped("@timestamp", bad);
                time
            }
            (None, Some(bad)) => EventTime::Unreadable(value_of(bad)),
            (None, None) => EventTime::Unknown,
        }
    }

    /// Places the members of an event whose sender named them, or leaves them where they are for whoever asked for that.
    pub(crate) fn place_event(&mut self, event: NodeId) -> EventTime<'a> {
        if self.keeps_members {
            self.members = Some(event);
            return EventTime::Unknown;
        }
        self.place_members(event)
    }

    /// Places members that have been placed once, and others. The former are looked up neither as times nor as aliases.
    pub(crate) fn place_again(&mut self, event: NodeId, was_placed: impl Fn(&str) -> bool) -> EventTime<'a> {
        let mut at = self.tree.detach(event);
        while let Some(id) = at {
            at = self.tree.next(id);
            let key = self.tree.key(id).as_str();
            if key != "@timestamp" && was_placed(key) {
                self.place(TOP, "", id);
            } else {
                self.tree.append(event, id);
            }
        }
        self.place_members(event)
    }

    /// Places members under their own names. What tells the time stays too, but for `@timestamp` itself.
    fn place_raw(&mut self, event: NodeId) -> EventTime<'a> {
        let mut time: Option<(u8, i64, Value<'a>)> = None;
        let mut unreadable = None;
        let mut at = self.tree.detach(event);
        while let Some(id) = at {
            at = self.tree.next(id);
            let key = self.tree.key(id).as_str();
            let is_ours = key == "@timestamp";
            let order = SCHEMA.find_top(key).time;
            let value = self.tree.value(id);
            match (order, self.time_of(value)) {
                (Some(order), Some(ms)) if time.as_ref().is_none_or(|(best, ..)| order < *best) => {
                    time = Some((order, ms, value.clone()));
                }
                (_, None) if is_ours && value.is_scalar() => unreadable = Some(value.clone()),
                _ if is_ours => self.place(TOP, "", id),
                _ => {}
            }
            if !is_ours {
                self.place(TOP, "", id);
            }
        }
        match (time, unreadable) {
            (Some((_, ms, value)), None) => EventTime::At(ms, value),
            (Some((_, ms, value)), Some(bad)) => {
                self.unmapped("@timestamp", bad);
                EventTime::At(ms, value)
            }
            (None, Some(bad)) => EventTime::Unreadable(bad),
            (None, None) => EventTime::Unknown,
        }
    }

    /// Places a scalar under a name of ours, dots for objects. It is looked up neither as a time nor as an alias.
    pub(crate) fn place_named(&mut self, name: &'static str, value: Value<'a>) {
        let (mut spot, mut rest) = (TOP, name);
        while let Some((part, after)) = rest.split_once('.') {
            match self.step(spot, part, || Key::Clean(part)) {
                Some(next) => (spot, rest) = (next, after),
                None => return self.unmapped(name, value),
            }
        }
        if let Some(Role::Field(field)) = spot.group.map(|group| SCHEMA.find(group, rest).role) {
            let id = self.tree.push(Key::Clean(rest), value);
            return self.place_field(field, id);
        }
        let parent = self.node_of(spot);
        match self.tree.find(parent, rest) {
            None => {
                let _id = self.tree.add(parent, Key::Clean(rest), value);
            }
            Some(_) => self.unmapped(name, value),
        }
    }

    /// Places a member of an event that a reader has placed, under its name, which may be a path.
    pub(crate) fn place_top(&mut self, id: NodeId) {
        let mode = std::mem::replace(&mut self.mode, Mode::Replace);
        self.place(TOP, "", id);
        self.mode = mode;
    }

    /// Places a member under its name, which may be a path but is neither an alias nor tells a time. A scalar in the place of an
    /// object becomes a label.
    pub(crate) fn place_plain(&mut self, id: NodeId) {
        let key = self.tree.key(id).as_str();
        let is_group = matches!(SCHEMA.find(GroupId::ROOT, key).role, Role::Group(_));
        let value = self.tree.value(id);
        if !is_group || !value.is_scalar() || matches!(value, Value::Huge(_)) {
            return self.place(TOP, "", id);
        }
        let (key, value) = (key.to_owned(), value.clone());
        if value.kind() != Kind::Null {
            self.labelled(&key, value);
        }
    }

    /// The same for those that may be aliases of fields. They tell no time.
    pub(crate) fn place_new(&mut self, ids: &[NodeId]) {
        let mode = std::mem::replace(&mut self.mode, Mode::Replace);
        let event = self.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
        for id in ids {
            self.tree.append(event, *id);
        }
        let _unknown = self.place_members(event);
        self.mode = mode;
    }

    /// The same under a name that was put together.
    pub(crate) fn place_owned(&mut self, name: String, value: Value<'a>) {
        let id = self.tree.push(Key::Owned(name), value);
        self.place(TOP, "", id);
    }

    /// Places a scalar whose name is an alias, or the name of an object of the schema.
    fn place_alias(&mut self, id: NodeId) {
        let entry = SCHEMA.find_top(self.tree.key(id).as_str());
        let is_group = matches!(entry.role, Role::Group(_));
        if self.tree.value(id).kind() == Kind::Null {
            // It says nothing, and in the place of an object it would be in the way.
            if !is_group {
                self.place(TOP, "", id);
            }
            return;
        }
        for (when, field) in entry.targets.into_iter().flatten() {
            if self.has(field) || !Self::holds(when, self.tree.value(id)) {
                continue;
            }
            let place = SCHEMA.place(field);
            if let Some(value) = self.fitted(place.kind, id) {
                let parent = self.group(place.parent);
                self.tree.set_value(id, value);
                self.tree.set_key(id, Key::Clean(place.name));
                self.tree.append(parent, id);
                self.mark(field);
                return;
            }
        }
        if entry.is_correlation && self.is_label_free(CORRELATION) {
            let value = self.tree.value(id).clone();
            return self.labelled(CORRELATION, value);
        }
        if is_group {
            let key = self.tree.key(id).as_str().to_owned();
            let value = self.tree.value(id).clone();
            match value {
                Value::Huge(_) => self.unmapped(&key, value),
                value => self.labelled(&key, value),
            }
        } else {
            self.place(TOP, "", id);
        }
    }
}
