//! Which rules an event goes through.

use std::fmt;

use forebay_record::RawEvent;
use glob::Pattern;

use crate::spec::{MatchSpec, Patterns};

/// A compiled condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    tenant: AnyOf,
    source: AnyOf,
    format: AnyOf,
    attributes: Vec<(String, AnyOf)>,
}

/// Where an event differs from a rule's condition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// What differs: `tenant`, `source`, `format`, or an attribute by its name.
    pub what: String,
    /// What the event has; `None` for an attribute that it doesn't have.
    pub found: Option<String>,
    /// The patterns, none of which that is.
    pub wanted: Vec<String>,
}

/// Patterns, one of which has to match; none matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnyOf(Vec<Pattern>);

// === impl AnyOf ===

impl AnyOf {
    pub(crate) fn new(patterns: &[String]) -> Result<Self, String> {
        let compiled = patterns.iter().map(|pattern| {
            Pattern::new(pattern).map_err(|error| format!("`{pattern}` is no pattern: {error}"))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(text))
    }

    /// The patterns as they were written; one that means everything, where there are none.
    fn texts(&self) -> Vec<String> {
        match self.0.as_slice() {
            [] => vec!["*".to_owned()],
            patterns => patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        }
    }
}

// === impl Mismatch ===

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, wanted } = self;
        match found.as_deref() {
            None => write!(f, "there is no {what}")?,
            Some("") => write!(f, "its {what} is empty")?,
            Some(found) => write!(f, "its {what} is `{found}`")?,
        }
        let quoted = |pattern: &String| {
            if pattern.is_empty() { "nothing".to_owned() } else { format!("`{pattern}`") }
        };
        let wanted: Vec<String> = wanted.iter().map(quoted).collect();
        write!(f, ", wanted is {}", wanted.join(" or "))
    }
}

// === impl Condition ===

impl Condition {
    /// `tenant` is whose rule it is, if it is one's.
    pub(crate) fn new(spec: &MatchSpec, tenant: Option<&str>) -> Result<Self, String> {
        let any_of = |patterns: &Patterns| AnyOf::new(patterns.as_slice());
        let mut condition = Self {
            tenant: any_of(&spec.tenant)?,
            source: any_of(&spec.source)?,
            format: any_of(&spec.format)?,
            attributes: Vec::with_capacity(spec.attributes.len()),
        };
        for (name, patterns) in &spec.attributes {
            condition.attributes.push((name.clone(), any_of(patterns)?));
        }
        if let Some(tenant) = tenant {
            if !condition.tenant.matches(tenant) {
                return Err(format!("the rule lies in the folder of the tenant `{tenant}` and excludes it"));
            }
            condition.tenant = AnyOf::new(&[Pattern::escape(tenant)])?;
        }
        Ok(condition)
    }

    /// Whether every event matches.
    pub(crate) fn is_open(&self) -> bool {
        let Self { tenant, source, format, attributes } = self;
        [tenant, source, format].iter().all(|any_of| any_of.0.is_empty()) && attributes.is_empty()
    }

    /// Whether everything but the attributes matches.
    pub(crate) fn matches_origin(&self, event: &RawEvent<'_>) -> bool {
        self.tenant.matches(event.tenant)
            && self.source.matches(event.source)
            && self.format.matches(event.format)
    }

    /// Where an event differs; nowhere, if it matches.
    pub(crate) fn mismatches(&self, event: &RawEvent<'_>) -> Vec<Mismatch> {
        let origin = [
            ("tenant", event.tenant, &self.tenant),
            ("source", event.source, &self.source),
            ("format", event.format, &self.format),
        ];
        let wrong = origin.into_iter().filter(|(_, found, wanted)| !wanted.matches(found));
        let of_origin = wrong.map(|(what, found, wanted)| Mismatch {
            what: what.to_owned(),
            found: Some(found.to_owned()),
            wanted: wanted.texts(),
        });
        let of_attribute = |(name, wanted): &(String, AnyOf)| {
            let mut found =
                event.attributes.iter().filter(|(known, _)| known == name).map(|(_, value)| *value);
            let first = found.clone().next();
            (!found.any(|value| wanted.matches(value))).then(|| Mismatch {
                what: format!("attribute `{name}`"),
                found: first.map(str::to_owned),
                wanted: wanted.texts(),
            })
        };
        of_origin.chain(self.attributes.iter().filter_map(of_attribute)).collect()
    }

    /// Whether the attributes match.
    pub(crate) fn matches_attributes(&self, event: &RawEvent<'_>) -> bool {
        self.attributes.iter().all(|(name, any_of)| {
            event.attributes.iter().any(|(known, value)| known == name && any_of.matches(value))
        })
    }
}

/// What the last events' origins matched: neighbours nearly always share theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    tenant: String,
    source: String,
    format: String,
    /// The places of the rules whose condition matches, attributes aside.
    rules: Vec<usize>,
    known: bool,
}

// === impl Recent ===

impl Recent {
    /// Whether the last event was another tenant's.
    pub(crate) fn is_of_another(&self, tenant: &str) -> bool {
        self.known && self.tenant != tenant
    }

    /// The places of the conditions that match the event's origin.
    pub(crate) fn matching<'c>(
        &mut self,
        event: &RawEvent<'_>,
        conditions: impl Iterator<Item = &'c Condition>,
    ) -> &[usize] {
        let same = self.known
            && self.tenant == event.tenant
            && self.source == event.source
            && self.format == event.format;
        if !same {
            event.tenant.clone_into(&mut self.tenant);
            event.source.clone_into(&mut self.source);
            event.format.clone_into(&mut self.format);
            self.rules.clear();
            let matching = conditions.enumerate().filter(|(_, condition)| condition.matches_origin(event));
            self.rules.extend(matching.map(|(place, _)| place));
            self.known = true;
        }
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(yaml: &str, tenant: Option<&str>) -> Condition {
        Condition::new(&serde_saphyr::from_str(yaml).unwrap(), tenant).unwrap()
    }

    #[test]
    fn all_entries_have_to_match_and_one_pattern_of_each() {
        let event = RawEvent {
            tenant: "acme",
            source: "tail:/var/log/nginx/access.log",
            attributes: vec![("k8s.namespace.name", "shop-eu")],
            ..RawEvent::default()
        };
        for (yaml, expected) in [
            ("{}", true),
            ("tenant: acme", true),
            ("tenant: [other, ac*]", true),
            ("tenant: other", false),
            ("source: 'tail:*/nginx/*'", true),
            ("{tenant: acme, source: http}", false),
            ("format: ''", true),
            ("format: json", false),
            ("attributes: {k8s.namespace.name: [test, 'shop-*']}", true),
            ("attributes: {k8s.namespace.name: test}", false),
            ("attributes: {absent: '*'}", false),
        ] {
            let condition = condition(yaml, None);
            let matches = condition.matches_origin(&event) && condition.matches_attributes(&event);
            assert_eq!(matches, expected, "{yaml}");
            assert_eq!(condition.mismatches(&event).is_empty(), expected, "{yaml}");
        }
    }

    /// Guarantees: everything that differs is said, with what would have to stand there.
    #[test]
    fn what_differs_is_named() {
        let event = RawEvent { tenant: "acme", attributes: vec![("a", "1")], ..RawEvent::default() };
        let of = |yaml: &str| {
            let found = condition(yaml, None).mismatches(&event);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            of("{tenant: [x, 'y*'], format: json, attributes: {a: '2', b: '*', c: ''}}"),
            [
                "its tenant is `acme`, wanted is `x` or `y*`",
                "its format is empty, wanted is `json`",
                "its attribute `a` is `1`, wanted is `2`",
                "there is no attribute `b`, wanted is `*`",
                "there is no attribute `c`, wanted is nothing",
            ]
        );
    }

    /// Guarantees: a tenant's rule sees its own events, whatever it says.
    #[test]
    fn a_tenants_rule_is_for_its_own_events() {
        let own = condition("tenant: '*'", Some("acme"));
        assert!(own.matches_origin(&RawEvent { tenant: "acme", ..RawEvent::default() }));
        assert!(!own.matches_origin(&RawEvent { tenant: "other", ..RawEvent::default() }));
        let spec: MatchSpec = serde_saphyr::from_str("tenant: other").unwrap();
        assert!(Condition::new(&spec, Some("acme")).unwrap_err().contains("excludes"));
    }
}
