//! What the compiler lets pass and is hardly meant. Nothing is connected to.
//!
//! Targets need no look: each is `<prefix>-<tenant>.<route>-<day>`, `.otel` or `.raw` before the day, and the index templates
//! are for `<prefix>-*`.

use forebay_record::tenant;
use forebay_rules::files::{Purpose, purpose, tenant_of};
use forebay_rules::problem::Severity;
use forebay_rules::spec::step::{ParseFields, ParseSpec};
use forebay_rules::spec::{self, MatchSpec, Patterns};
use forebay_rules::{Problem, RuleFiles};
use forebay_settings::Settings;
use regex_syntax::hir::Look;

use crate::engine::Engine;
use crate::samples;

/// Everything that is wrong or odd with rules and their samples, file by file.
#[must_use]
pub fn check(files: &RuleFiles, settings: &Settings) -> Vec<Problem> {
    let mut problems = match Engine::compile(files, settings) {
        Ok(engine) => engine.warnings,
        Err(problems) => problems,
    };
    let mut looking = Looking { settings, problems: Vec::new(), before: Vec::new() };
    // In the order in which they are applied.
    for of_tenant in [false, true] {
        let rules = files.iter().filter(|(path, _)| purpose(path) == Purpose::Rule);
        for (path, content) in rules.filter(|(path, _)| tenant_of(path).is_some() == of_tenant) {
            looking.rule(path, content);
        }
    }
    problems.append(&mut looking.problems);
    let (_, mut broken) = samples::read_all(files, &settings.ingest.default_tenant);
    problems.append(&mut broken);
    problems.sort();
    problems
}

/// A rule that ends the way of what it matches.
struct Last {
    name: String,
    condition: MatchSpec,
}

/// Looks at one rule after the other.
struct Looking<'a> {
    settings: &'a Settings,
    problems: Vec<Problem>,
    before: Vec<Last>,
}

impl Looking<'_> {
    fn rule(&mut self, path: &str, content: &[u8]) {
        // What can't be read, the compiler names.
        let Ok(text) = std::str::from_utf8(content) else { return };
        let (written, _) = spec::read(text);
        for step in &written.steps {
            let parse = step.spec.as_ref().and_then(|step| step.parse.as_ref());
            let Some(ParseSpec::Format(format) | ParseSpec::Fields(ParseFields { format, .. })) = parse
            else {
                continue;
            };
            if let Some(message) = self.expression(format) {
                self.warn(path, step.place, format!("parse: {message}"));
            }
        }
        let Some(condition) = written.condition.spec else { return };
        self.condition(path, written.condition.place, &condition);
        if written.last {
            let name = path.rsplit_once('.').map_or(path, |(name, _)| name).to_owned();
            self.before.push(Last { name, condition });
        }
    }

    fn condition(&mut self, path: &str, place: (u64, u64), condition: &MatchSpec) {
        let MatchSpec { tenant, source, format, attributes } = condition;
        for (name, patterns) in [("tenant", tenant), ("source", source), ("format", format)] {
            if matches!(patterns, Patterns::Several(none) if none.is_empty()) {
                let message =
                    format!("match: `{name}` is an empty list, which matches everything: leave it out");
                self.warn(path, place, message);
            }
        }
        let no_tenant = |pattern: &&str| !pattern.contains(['*', '?', '[']) && !tenant::is_valid(pattern);
        let all = each(tenant);
        let wrong: Vec<&str> = all.iter().copied().filter(no_tenant).collect();
        if let Some(first) = wrong.first() {
            let none = if wrong.len() == all.len() { "the rule never matches: " } else { "" };
            let message =
                format!("match: {none}no tenant can be called `{first}`: use a-z, 0-9, `_` and `-`");
            self.warn(path, place, message);
        }
        // The compiler looks after the ones that match everything.
        let is_open =
            all.is_empty() && each(source).is_empty() && each(format).is_empty() && attributes.is_empty();
        let same = |last: &&Last| format!("{:?}", last.condition) == format!("{condition:?}");
        if let Some(last) = self.before.iter().find(same).filter(|_| !is_open) {
            let message = format!("it is never reached: `{}` matches the same and says `last`", last.name);
            self.warn(path, place, message);
        }
    }

    /// What is odd about the expression that a format means.
    fn expression(&self, format: &str) -> Option<String> {
        let name = format.strip_prefix("regex:")?;
        let pattern = self.settings.parser.regexes.get(name)?;
        let parsed = regex_syntax::parse(pattern).ok()?;
        let properties = parsed.properties();
        let whole = properties.look_set_prefix().contains(Look::Start)
            && properties.look_set_suffix().contains(Look::End);
        match properties.minimum_len() {
            None => Some(format!("`{format}` can't match anything: mend parser.regexes.{name}")),
            Some(0) if !whole => Some(format!(
                "`{format}` matches the empty string, and so every event: make a part of parser.regexes.{name} obligatory"
            )),
            Some(_) => None,
        }
    }

    fn warn(&mut self, file: &str, (line, column): (u64, u64), message: String) {
        let severity = Severity::Warning;
        self.problems.push(Problem { file: file.to_owned(), line, column, severity, message });
    }
}

fn each(patterns: &Patterns) -> Vec<&str> {
    match patterns {
        Patterns::Any => Vec::new(),
        Patterns::One(pattern) => vec![pattern],
        Patterns::Several(patterns) => patterns.iter().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let mut rule_files = RuleFiles::new();
        for (path, content) in files {
            rule_files.add(*path, content.as_bytes().to_vec());
        }
        let mut settings = Settings::default();
        for (name, pattern) in
            [("any", "(?<a>x*)"), ("never", "(?<a>[a&&b])"), ("whole", "^(?<a>x*)$"), ("some", "a(?<a>x*)")]
        {
            let _before = settings.parser.regexes.insert(name.to_owned(), pattern.to_owned());
        }
        check(&rule_files, &settings).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_condition_that_nothing_meets_is_named() {
        let steps = "steps: [{vrl: '.a = 1'}]\n";
        for (condition, expected) in [
            (
                "{tenant: Acme}",
                "a.yaml:1:8: warning: match: the rule never matches: no tenant can be called `Acme`",
            ),
            ("{tenant: [acme, Other]}", "a.yaml:1:8: warning: match: no tenant can be called `Other`"),
            ("{format: []}", "a.yaml:1:8: warning: match: `format` is an empty list"),
        ] {
            let found = problems(&[("a.yaml", &format!("match: {condition}\n{steps}"))]);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{condition}: {found:?}");
        }
        let rule = format!("match: {{source: http}}\n{steps}");
        let last = format!("match: {{source: http}}\nlast: true\n{steps}");
        let found = problems(&[("a.yaml", &last), ("b.yaml", &rule), ("tenants/acme/c.yaml", &rule)]);
        let never = "1:8: warning: it is never reached: `a` matches the same and says `last`";
        assert_eq!(found, [format!("b.yaml:{never}"), format!("tenants/acme/c.yaml:{never}")]);
        assert_eq!(problems(&[("a.yaml", &rule), ("b.yaml", &last)]), [""; 0]);
    }

    #[test]
    fn an_expression_that_matches_nothing_or_everything_is_named() {
        let of = |name: &str| problems(&[("a.yaml", &format!("steps:\n  - parse: regex:{name}\n"))]);
        assert!(of("any")[0].starts_with("a.yaml:2:5: warning: parse: `regex:any` matches the empty string"));
        assert!(of("never")[0].contains("can't match anything: mend parser.regexes.never"));
        assert_eq!((of("whole").len(), of("some").len()), (0, 0));
    }

    #[test]
    fn samples_are_looked_at_too() {
        let found = problems(&[
            ("a.yaml", "steps: [{vrl: '.a = 1'}]\n"),
            ("a.test.yaml", "samples:\n  - {nme: x, event: {body: a}}\n"),
        ]);
        assert!(found.len() == 1 && found[0].starts_with("a.test.yaml:2"), "{found:?}");
    }
}
