//! Routes: the part of a target's name that a rule chooses.
//!
//! A target is `<prefix>-<tenant>.<route>-<day>`. A tenant's name has no dot in it, so that no route of one tenant is
//! another's index, and every route begins with a letter or digit. A schema other than ECS adds its name to the route:
//! its documents have indices of their own, as their fields have other types.

use forebay_parse::OutputSchema;
use forebay_record::target::{OTEL, RAW};
use vrl::path::{OwnedSegment, OwnedValuePath, parse_value_path};
use vrl::value::Value;

use crate::matching::AnyOf;
use crate::program::MAX_INDEX;
use crate::spec::step::RouteSpec;

/// The longest route, in bytes.
const MAX_ROUTE: usize = 64;

/// A compiled `route`.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    parts: Vec<Part>,
    allow: AnyOf,
    /// Empty for the tenant's default target.
    pub(crate) fallback: String,
    /// Whether the event takes part in the name, so that new ones may come up at any time.
    pub(crate) is_open: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(OwnedValuePath),
}

// === impl Route ===

impl Route {
    pub(crate) fn new(spec: &RouteSpec) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = spec.target.as_str();
        while let Some((text, field)) = rest.split_once("{{") {
            let (field, after) =
                field.split_once("}}").ok_or_else(|| format!("`{}`: `{{{{` is not closed", spec.target))?;
            push_text(&mut parts, text)?;
            parts.push(Part::Field(path(field.trim())?));
            rest = after;
        }
        push_text(&mut parts, rest)?;
        let is_open = parts.iter().any(|part| matches!(part, Part::Field(_)));
        if is_open && spec.allow.is_empty() {
            return Err(format!(
                "`{}` has fields of events in it: say with `allow` which targets there may be",
                spec.target
            ));
        }
        let fallback = spec.fallback.clone().unwrap_or_default();
        if !fallback.is_empty() && !is_valid(&fallback) {
            return Err(invalid(&fallback));
        }
        if !is_open && !is_valid(&spec.target) {
            return Err(invalid(&spec.target));
        }
        Ok(Self { parts, allow: AnyOf::new(&spec.allow)?, fallback, is_open })
    }

    /// The route of an event; `None` where it isn't allowed, or no name.
    pub(crate) fn of(&self, value: &Value) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Field(path) => push_clean(&mut name, &value.get(path)?.to_string_lossy()),
            }
        }
        (is_valid(&name) && self.allow.matches(&name)).then_some(name)
    }
}

/// The route as it stands in the target of a document of this schema.
pub(crate) fn in_schema(mut route: String, schema: OutputSchema) -> String {
    let own = match schema {
        OutputSchema::Ecs => return route,
        OutputSchema::Otel => OTEL,
        OutputSchema::Raw => RAW,
    };
    if !route.is_empty() {
        route.push('.');
    }
    route.push_str(own);
    route
}

fn push_text(parts: &mut Vec<Part>, text: &str) -> Result<(), String> {
    if text.chars().any(|c| !is_allowed(c)) {
        return Err(invalid(text));
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

/// A field's path, with or without the dot before it.
pub(crate) fn path(text: &str) -> Result<OwnedValuePath, String> {
    let name = text.strip_prefix('.').unwrap_or(text);
    if name.is_empty() {
        return Ok(OwnedValuePath::root());
    }
    let path = parse_value_path(name)
        .map_err(|_| format!("`{text}` is no field: write `a.b`, `a[0]` or `\"a.b\".c`"))?;
    let is_far = |segment: &OwnedSegment| match segment {
        OwnedSegment::Index(index) => {
            u64::try_from(index.unsigned_abs()).is_ok_and(|index| index > MAX_INDEX)
        }
        OwnedSegment::Field(_) => false,
    };
    if path.segments.iter().any(is_far) {
        return Err(format!(
            "`{text}`: an array would be filled up to that index; the highest is {MAX_INDEX}"
        ));
    }
    Ok(path)
}

/// Letters are made small, and whatever can't stand in a name becomes `_`.
fn push_clean(name: &mut String, text: &str) {
    let clean = text.chars().take(MAX_ROUTE + 1).map(|c| match c.to_ascii_lowercase() {
        c if is_allowed(c) => c,
        _ => '_',
    });
    name.extend(clean);
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')
}

fn is_valid(name: &str) -> bool {
    name.len() <= MAX_ROUTE
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(is_allowed)
        && !matches!(name, OTEL | RAW)
}

fn invalid(name: &str) -> String {
    if matches!(name, OTEL | RAW) {
        return format!("`{name}` is where documents of that schema go: take another name for the target");
    }
    format!("`{name}` can't be part of a target: use 1 to {MAX_ROUTE} of a-z, 0-9, `_` and `-`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(yaml: &str) -> Result<Route, String> {
        Route::new(&serde_saphyr::from_str(yaml).unwrap())
    }

    #[test]
    fn a_route_is_made_of_text_and_fields() {
        let value: Value =
            serde_json::from_str(r#"{"service":{"name":"Cart API"},"n":7,"odd":"../x"}"#).unwrap();
        let of = |yaml: &str| route(yaml).unwrap().of(&value);
        assert_eq!(of("target: audit").unwrap(), "audit");
        assert_eq!(of("{target: 'app-{{ service.name }}', allow: ['app-*']}").unwrap(), "app-cart_api");
        assert_eq!(of("{target: 'n{{.n}}-x', allow: ['*']}").unwrap(), "n7-x");
        assert_eq!(of("{target: '{{ absent }}', allow: ['*']}"), None);
        assert_eq!(of("{target: '{{ odd }}', allow: ['*']}"), None);
        assert_eq!(of("{target: 'app-{{ n }}', allow: ['web-*']}"), None);
    }

    #[test]
    fn what_can_be_no_name_is_refused_when_it_is_compiled() {
        for yaml in [
            "target: otel",
            "{target: a, fallback: raw}",
            "target: Audit",
            "target: a.b",
            "target: ''",
            "target: 'a-{{ b }}'",
            "{target: 'a-{{ b', allow: ['*']}",
            "{target: a, fallback: '-x'}",
            "{target: '../{{ a }}', allow: ['*']}",
        ] {
            assert!(route(yaml).is_err(), "{yaml}");
        }
    }

    #[test]
    fn a_schema_with_other_types_has_indices_of_its_own() {
        let of = |route: &str, schema| in_schema(route.to_owned(), schema);
        assert_eq!(of("", OutputSchema::Ecs), "");
        assert_eq!(of("audit", OutputSchema::Ecs), "audit");
        assert_eq!(of("", OutputSchema::Otel), "otel");
        assert_eq!(of("audit", OutputSchema::Raw), "audit.raw");
    }
}
