//! From the text of a rule file to what it says, and to all that is wrong with it.

use std::sync::LazyLock;

use forebay_yaml::shape::declared;
use forebay_yaml::{Fault, Node, Place, Shape, check};
use serde::de::DeserializeOwned;

use super::enrich::{EnrichSpec, FieldSpec, GeoSpec, TableSpec};
use super::step::{
    DropSpec, MaskSpec, ParseFields, RouteSpec, SampleSpec, SplitSpec, StepSpec, TimestampSpec,
};
use super::{MatchSpec, RuleSpec};

/// What a rule file says, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The condition.
    pub condition: Placed<MatchSpec>,
    /// Whether no further rule is applied.
    pub last: bool,
    /// The steps.
    pub steps: Vec<Placed<StepSpec>>,
}

/// Something in a file.
#[derive(Clone, Debug, Default)]
pub struct Placed<T> {
    /// Where it begins; (0, 0) where it was left out.
    pub place: Place,
    /// What it says; `None` where something is wrong with it.
    pub spec: Option<T>,
}

/// What a rule takes: computed once, for every file of every reload.
static SHAPE: LazyLock<Shape> = LazyLock::new(shape);

/// What a rule takes, its keys in the order of the code.
#[must_use]
pub fn shape() -> Shape {
    let mut shape = Shape::of::<RuleSpec>();
    shape.sort(&[
        declared::<RuleSpec>(),
        declared::<MatchSpec>(),
        declared::<StepSpec>(),
        declared::<ParseFields>(),
        declared::<MaskSpec>(),
        declared::<forebay_mask::CustomDetector>(),
        declared::<EnrichSpec>(),
        declared::<TableSpec>(),
        declared::<GeoSpec>(),
        declared::<FieldSpec>(),
        declared::<forebay_enrich::KubernetesConfig>(),
        declared::<TimestampSpec>(),
        declared::<SplitSpec>(),
        declared::<SampleSpec>(),
        declared::<DropSpec>(),
        declared::<RouteSpec>(),
    ]);
    shape
}

/// Reads a rule. What nothing is wrong with is there, so that the rest of the checks can be made of it.
#[must_use]
pub fn read(text: &str) -> (Written, Vec<Fault>) {
    let node = match Node::read(text) {
        Ok(node) => node,
        Err(fault) => return (Written::default(), vec![fault]),
    };
    let mut faults = check(&node, &SHAPE);
    let condition = match node.get("match").filter(|condition| !condition.is_null()) {
        Some(condition) => part(condition, &["match"], &mut faults),
        None => Placed { place: (0, 0), spec: Some(MatchSpec::default()) },
    };
    // Nothing is what is left of a text that was taken for something else; left out, it would mean every event.
    let mut refuse_nothing = |node: Option<&Node>, name: &str| {
        if let Some(nothing) = node.and_then(|node| node.get(name)).filter(|value| value.is_null()) {
            let message = format!(
                "`{name}` is empty, which would mean every event: write it in quotes, or leave it out"
            );
            faults.push(Fault::new(nothing.place, message));
        }
    };
    refuse_nothing(Some(&node), "match");
    for name in ["tenant", "source", "format", "attributes"] {
        refuse_nothing(node.get("match"), name);
    }
    for step in node.get("steps").map(Node::elements).unwrap_or_default() {
        refuse_nothing(Some(step), "when");
    }
    let last = node.get("last").is_some_and(|last| last.to_json() == true);
    let steps = node.get("steps").map(Node::elements).unwrap_or_default();
    let steps = steps.iter().map(|step| part(step, &["steps"], &mut faults)).collect();
    (Written { condition, last, steps }, faults)
}

/// A part of the file, by the way to its shape. What is wrong with it is among the faults already, but for what its shape
/// doesn't know.
fn part<T: DeserializeOwned>(node: &Node, way: &[&str], faults: &mut Vec<Fault>) -> Placed<T> {
    let shape = way.iter().try_fold(&*SHAPE, |shape, key| shape.at(key));
    if shape.is_none_or(|shape| !check(node, shape).is_empty()) {
        return Placed { place: node.place, spec: None };
    }
    let spec = match node.parse() {
        Ok(spec) => Some(spec),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    Placed { place: node.place, spec }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: a condition that YAML takes for something else is refused, and not left out.
    #[test]
    fn no_condition_gets_lost() {
        for text in [
            "steps:\n  - when: !exists(.keep)\n    drop: {reason: r}\n",
            "steps:\n  - when: !exists(.keep) && .level == \"debug\"\n    drop: {reason: r}\n",
            "steps:\n  - when:\n    drop: {reason: r}\n",
            "match: {tenant: }\nsteps: [{parse: json}]\n",
            "match: !tenant\nsteps: [{parse: json}]\n",
            "match:\nsteps: [{parse: json}]\n",
        ] {
            let (_, faults) = read(text);
            assert!(!faults.is_empty(), "{text}");
            assert!(faults.iter().any(|fault| fault.message.contains("in quotes")), "{faults:?}");
        }
    }

    #[test]
    fn what_is_right_is_read_beside_what_is_wrong() {
        let text = "match: {tenant: acme}\nlast: true\nsteps:\n  - prase: json\n  - parse: json\n";
        let (written, faults) = read(text);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place, (4, 5));
        assert!(written.last && written.condition.spec.is_some());
        assert_eq!(written.steps.iter().map(|step| step.spec.is_some()).collect::<Vec<_>>(), [false, true]);
        assert_eq!(written.steps[1].place, (5, 5));
    }

    /// Guarantees: the manual has no holes, and every key is found where the code declares it.
    #[test]
    fn every_key_is_documented() {
        let shape = shape();
        assert_eq!(shape.undocumented(), [""; 0]);
        let Shape::Section(fields) = &shape else { panic!("{shape:?}") };
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["description", "match", "last", "steps"]);
    }
}
