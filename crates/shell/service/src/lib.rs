//! What every tier's process has in common: its context, its clock, its life, its `main`.
//!
//! A tier is a library with `start(&Settings, Context, CancellationToken) -> Result<Running>`. Its binary is that plus
//! [`main`]; `forebay dev` and the tests call `start` themselves and run several tiers in one process.

pub mod clock;
mod guard;
pub mod memory;
mod process;
mod running;
mod signal;

pub use guard::metrics_guard;
pub use process::{Tier, main};
pub use running::Running;
pub use signal::stop_signal;

use forebay_settings::Settings;
use forebay_telemetry::{Health, TenantCap, TenantGroups};

/// How many pairs of tenant and source the metrics of a process tell apart.
const MAX_SOURCES: usize = 1_000;

/// How many pairs of rule and step they tell apart.
const MAX_STEPS: usize = 200;

/// What the tiers of one process share.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where each part says whether it is ready and moving.
    pub health: Health,
    /// How many tenants the metrics tell apart.
    pub tenants: TenantCap,
    /// How many sources of events they tell apart.
    pub sources: TenantCap,
    /// How many steps of rules they tell apart.
    pub steps: TenantCap,
    /// The groups of tenants that they tell apart where tenants would be too many.
    pub groups: TenantGroups,
}

impl Context {
    /// A context as the settings want it.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            health: Health::new(settings.telemetry.stall_after.0),
            tenants: TenantCap::new(settings.telemetry.max_tenants),
            sources: TenantCap::new(MAX_SOURCES),
            steps: TenantCap::new(MAX_STEPS),
            groups: TenantGroups::new(&settings.telemetry.tenant_groups),
        }
    }
}
