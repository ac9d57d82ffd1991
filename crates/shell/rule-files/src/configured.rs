//! From the settings to what rules are compiled and run with: one way for the parser and for the tools, so that what a tool
//! says of rules is what the parser makes of them.

use std::sync::Arc;

use forebay_parse::{FieldBudget, Format, Guards, ParseConfig};
use forebay_rules::{CompileOptions, Limits, NewTargets, Setting, Trial};
use forebay_settings::sections::ParserSettings;
use forebay_settings::sections::rules::{RulesSettings, TrialSettings};

/// What rules are compiled with. Nobody counts allocations or looks at the time: whoever does sets [`Limits::allocated`] and
/// [`Limits::clock`].
#[must_use]
pub fn options(settings: &ParserSettings) -> CompileOptions {
    let (parse, rules) = (settings.parse_config(), &settings.rules);
    let limits = Limits {
        steps: rules.max_steps,
        bytes: rules.max_memory.0,
        time: rules.max_time.0,
        slow_percent: rules.max_slow_share,
        ..Limits::default()
    };
    let takes = (rules.max_steps, rules.max_memory.0, rules.max_time, rules.max_slow_share);
    let depends_on = (&parse, takes, rules.max_fields);
    let settings = format!("{depends_on:?}");
    CompileOptions { settings, formats: formats(&parse), limits, ..CompileOptions::default() }
}

/// What lanes need besides rules. Clones share what all lanes of a process share.
#[must_use]
pub fn setting(settings: &ParserSettings) -> Setting {
    let rules = &settings.rules;
    let budget = FieldBudget::new(rules.max_target_fields, FieldBudget::MAX_TARGETS);
    let guards = Guards { max_fields: rules.max_fields, budget: Some(budget), all_events: true };
    Setting {
        parse: settings.parse_config(),
        guards,
        targets: Arc::new(NewTargets::new(rules.max_new_targets)),
    }
}

/// How a changed folder is tried; `None` where it is in force at once.
#[must_use]
pub fn trial(settings: &RulesSettings) -> Option<Trial> {
    let TrialSettings { percent, lasts, max_refused_percent } = settings.trial;
    (percent > 0.0).then_some(Trial { percent, lasts: lasts.0, max_refused_percent })
}

/// The formats that a rule may name: those that there are, and those of the settings.
fn formats(parse: &ParseConfig) -> Vec<String> {
    let named = Format::NAMED.iter().map(|format| format.as_str().to_owned());
    let regexes = parse.regexes.iter().map(|regex| format!("regex:{}", regex.name));
    let groks = parse.groks.iter().map(|grok| format!("grok:{}", grok.name));
    let csvs = parse.csvs.iter().map(|csv| format!("csv:{}", csv.name));
    named.chain(regexes).chain(groks).chain(csvs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_may_name_the_formats_of_the_settings() {
        let mut settings = ParserSettings::default();
        let before = options(&settings);
        let _none = settings.regexes.insert("app".to_owned(), "(?<a>x)".to_owned());
        let after = options(&settings);
        assert!(
            after.formats.contains(&"regex:app".to_owned()) && after.formats.contains(&"json".to_owned())
        );
        assert_ne!(before.settings, after.settings, "another revision");
    }
}
