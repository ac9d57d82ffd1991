//! From the text of an access file to what it says, or to all that is wrong with it.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use forebay_record::Tenant;
use forebay_yaml::{Fault, Node, Shape, Tree, check};

use crate::access::{Access, Builder, Tenants};
use crate::grant::Stamp;
use crate::quota::{BURST, Limits};
use crate::secret::TokenHash;
use crate::spec::{CredentialSpec, TenantSpec, shape};

/// The largest file that is read, in bytes: room for a hundred thousand credentials.
pub const MAX_FILE: u64 = 32 * 1024 * 1024;

/// The most keys, values and sections in it.
const MAX_NODES: usize = 4_000_000;

/// How many problems are shown.
const SHOWN: usize = 50;

/// The longest burst: with more, a rate is no limit.
const MAX_BURST: Duration = Duration::from_secs(3_600);

/// What is wrong with a file. No message has a secret or a hash in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems {
    /// Each with its place, in the order of the file; never empty.
    pub faults: Vec<Fault>,
}

static SHAPE: LazyLock<Shape> = LazyLock::new(shape);

/// Reads a file. An empty one lets nobody in.
///
/// # Errors
/// With everything that is wrong: half a file would lock senders out without saying so.
pub fn read(text: &str) -> Result<Access, Problems> {
    let node = node(text)?;
    let mut faults = check(&node, &SHAPE);
    let defaults = match node.get("defaults").filter(|defaults| !defaults.is_null()) {
        Some(defaults) => part::<TenantSpec>(defaults, SHAPE.at("defaults"), &mut faults).unwrap_or_default(),
        None => TenantSpec::default(),
    };
    let rest = limits(&defaults, &TenantSpec::default()).unwrap_or_else(|error| {
        faults.push(Fault::new(node.get("defaults").map_or((0, 0), |node| node.place), error));
        Limits::default()
    });
    let tenants = node.get("tenants").filter(|tenants| !tenants.is_null());
    let tenants = tenants.map(|tenants| read_tenants(tenants, &defaults, &mut faults));
    let mut builder = Builder::new(tenants);
    let element = SHAPE.at("credentials");
    for node in node.get("credentials").map(Node::elements).unwrap_or_default() {
        if let Some(spec) = part::<CredentialSpec>(node, element, &mut faults) {
            let whole = TokenHash::of(node.to_json().to_string().as_bytes());
            let wrong = builder.add(spec, Stamp::new(whole.prefix()));
            faults.extend(wrong.into_iter().map(|wrong| Fault::new(node.place, wrong)));
        }
    }
    if faults.is_empty() {
        return Ok(builder.finish(rest));
    }
    faults.sort_by_key(|fault| fault.place);
    Err(Problems { faults })
}

/// The tree of a file. A tenant of whom nothing is said is there all the same.
pub(crate) fn node(text: &str) -> Result<Node, Problems> {
    let empty = || Tree::Map(Vec::new());
    if text.trim().is_empty() {
        return Ok(Node { place: (1, 1), tree: empty() });
    }
    let mut root = Node::read_within(text, MAX_NODES).map_err(|fault| Problems { faults: vec![fault] })?;
    if root.is_null() {
        root.tree = empty();
    }
    if let Tree::Map(entries) = &mut root.tree
        && let Some((_, tenants)) = entries.iter_mut().find(|(key, _)| key.name == "tenants")
        && let Tree::Map(tenants) = &mut tenants.tree
    {
        tenants.iter_mut().filter(|(_, node)| node.is_null()).for_each(|(_, node)| node.tree = empty());
    }
    Ok(root)
}

fn read_tenants(node: &Node, defaults: &TenantSpec, faults: &mut Vec<Fault>) -> Tenants {
    let Tree::Map(entries) = &node.tree else { return Tenants::new() };
    let shape = match SHAPE.at("tenants") {
        Some(Shape::Names { value, .. }) => Some(&**value),
        _ => None,
    };
    let mut tenants = Tenants::new();
    for (key, node) in entries {
        let spec = part::<TenantSpec>(node, shape, faults);
        let limits = limits(&spec.unwrap_or_default(), defaults);
        match (Tenant::new(key.name.as_str()), limits) {
            (Ok(tenant), Ok(limits)) => {
                let _none = tenants.insert(tenant, limits);
            }
            (Err(error), _) => faults.push(Fault::new(key.place, error.to_string())),
            (_, Err(error)) => faults.push(Fault::new(node.place, format!("{}: {error}", key.name))),
        }
    }
    tenants
}

/// A part of the file. What is wrong with it is among the faults already, but for what its shape doesn't know.
fn part<T: serde::de::DeserializeOwned>(
    node: &Node,
    shape: Option<&Shape>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    // Looking for faults twice is for files that have some.
    if !faults.is_empty() && shape.is_none_or(|shape| !check(node, shape).is_empty()) {
        return None;
    }
    node.parse().map_err(|fault| faults.push(fault)).ok()
}

fn limits(spec: &TenantSpec, defaults: &TenantSpec) -> Result<Limits, String> {
    let or = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
    let size = |name: &str, text: Option<String>| {
        text.map(|text| size(&text).map_err(|error| format!("`{name}`: {error}"))).transpose()
    };
    let burst = match or(&spec.burst, &defaults.burst) {
        Some(text) => burst(&text).map_err(|error| format!("`burst`: {error}"))?,
        None => BURST,
    };
    Ok(Limits {
        events_per_second: spec.events_per_second.or(defaults.events_per_second),
        bytes_per_second: size("bytes_per_second", or(&spec.bytes_per_second, &defaults.bytes_per_second))?,
        burst,
        bytes_per_day: size("bytes_per_day", or(&spec.bytes_per_day, &defaults.bytes_per_day))?,
        weight: spec.weight.or(defaults.weight).unwrap_or(1),
    })
}

fn size(text: &str) -> Result<u64, String> {
    let has_unit = text.trim_end().ends_with(['B', 'b']);
    match text.parse::<bytesize::ByteSize>() {
        Ok(size) if has_unit && size.as_u64() > 0 => Ok(size.as_u64()),
        _ => Err(format!("`{text}` is no size; write a number and a unit, such as `20MiB`")),
    }
}

fn burst(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(burst) if burst > Duration::ZERO && burst <= MAX_BURST => Ok(burst),
        Ok(_) => Err(format!("`{text}` is out of range; write a time up to `1h`")),
        Err(_) => Err(format!("`{text}` is no length of time; write a number and a unit, such as `10s`")),
    }
}

// === impl Problems ===

impl fmt::Display for Problems {
    /// A line each: line, column, what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { place: (line, column), message }) in self.faults.iter().take(SHOWN).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if *line > 0 {
                write!(f, "{line}:{column}: ")?;
            }
            f.write_str(message)?;
        }
        match self.faults.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests;
