//! Rules, compiled as the parser compiles them, with all that a lane needs.

use std::sync::Arc;

use forebay_parse::ConfigError;
use forebay_rule_files::configured;
use forebay_rules::{Lane, NewTargets, Problem, RuleFiles, Rules, Setting, compile};
use forebay_settings::Settings;

/// Rules and what they are run with.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The rules.
    pub rules: Arc<Rules>,
    /// What a lane needs besides them.
    pub setting: Setting,
    /// What is odd about the rules.
    pub warnings: Vec<Problem>,
}

// === impl Engine ===

impl Engine {
    /// Compiles rules. There may be any number of new targets and of fields in a target: these bounds are kept over time, not
    /// event by event.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn compile(files: &RuleFiles, settings: &Settings) -> Result<Self, Vec<Problem>> {
        let (rules, warnings) = compile(files, &configured::options(&settings.parser))?;
        let mut setting = configured::setting(&settings.parser);
        // What else was looked at is nothing that an outcome should hang on.
        setting.targets = Arc::new(NewTargets::new(u32::MAX));
        setting.guards.budget = None;
        Ok(Self { rules: Arc::new(rules), setting, warnings })
    }

    /// A lane that applies them.
    ///
    /// # Errors
    /// When the parser's settings can't be used.
    pub fn lane(&self) -> Result<Lane, EngineError> {
        Ok(Lane::new(Arc::clone(&self.rules), &self.setting)?)
    }
}

/// Settings that no parser can be made with; its source says why.
#[derive(Debug, thiserror::Error)]
#[error("parser")]
pub struct EngineError(#[from] ConfigError);
