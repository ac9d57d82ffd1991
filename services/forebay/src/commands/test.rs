//! `forebay test`: do rules give what their samples say?

use std::fs;
use std::path::{Path, PathBuf};

use forebay_rule_tools::{
    Engine, Line, RuleFolder, SampleFile, TestRun, Tone, junit, report, samples, testing, update,
};
use forebay_rules::RuleFiles;
use forebay_settings::Settings;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Data, lines, term, warn};
use crate::rules;
use crate::target::{TargetArgs, chain, load};

/// Runs the samples in `*.test.yaml` beside the rules through the engine of the parser, with its settings. Each sample is an
/// event, and the documents, the dead letter or the drop that has to come of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder of rules, or one rule or file of samples (default: parser.rules.folder, else `rules`)
    #[arg(value_name = "FOLDER")]
    path: Option<PathBuf>,

    /// Write what the rules give into samples that say something else, or nothing; all else in the files stays
    #[arg(long)]
    update: bool,

    /// Also write the results as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Fail where samples reach fewer steps than this, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
}

pub(crate) fn run(target: &TargetArgs, args: &Args) -> Outcome {
    let settings = load(target.config.as_deref())?;
    let path = rules::folder(args.path.as_deref(), &settings)?;
    let meant = RuleFolder::of(&path, settings.parser.rules.folder.as_deref());
    // Samples of one rule meet all rules, as its events do.
    let folder = RuleFolder { only: None, ..meant.clone() };
    let mut data = Data::new();
    let files = rules::read(&folder)?;
    let Some(engine) = rules::compile(&files, &settings, &folder.folder, &mut data)? else {
        data.flush()?;
        return Ok(Exit::Failed);
    };
    let Some(mut found) = read_samples(&files, &meant, &settings, &mut data)? else {
        return Ok(Exit::Failed);
    };
    let mut result = test(&engine, &found)?;
    let mut failed = false;
    if args.update {
        failed = !update_all(&folder.folder, &found, &result, &mut data)?;
        let files = rules::read(&folder)?;
        let Some(again) = read_samples(&files, &meant, &settings, &mut data)? else {
            return Ok(Exit::Failed);
        };
        found = again;
        result = test(&engine, &found)?;
    }
    if let Some(file) = &args.junit {
        let xml = junit::report(&result).map_err(|error| Failure::failed(error.to_string()))?;
        fs::write(file, xml).map_err(|error| unwritable(file, &error))?;
    }
    let mut shown = report::lines(&result, &folder.folder);
    if let Some(least) = args.min_coverage.filter(|least| result.covered.percent() < usize::from(*least)) {
        failed = true;
        shown.push(Line::new(Tone::Bad, format!("fewer than {least} % of the steps are reached")));
    }
    lines::write(&mut data, term::stdout(), &shown)?;
    data.flush()?;
    Ok(if failed || result.passed() < result.total() { Exit::Failed } else { Exit::Done })
}

fn test(engine: &Engine, files: &[SampleFile]) -> Result<TestRun, Failure> {
    testing::run(engine, files).map_err(|error| Failure::settings(chain(&error)))
}

/// The samples that are meant; `None` after telling what is wrong with them.
fn read_samples(
    files: &RuleFiles,
    meant: &RuleFolder,
    settings: &Settings,
    data: &mut Data,
) -> Result<Option<Vec<SampleFile>>, Failure> {
    let (mut found, problems) = samples::read_all(files, &settings.ingest.default_tenant);
    if !problems.is_empty() {
        rules::tell(&problems, &meant.folder, data)?;
        data.flush()?;
        return Ok(None);
    }
    found.retain(|file| meant.has_samples(&file.path));
    if found.iter().all(|file| file.samples.is_empty()) {
        let what = meant.only.as_ref().map_or_else(|| meant.folder.clone(), |only| meant.folder.join(only));
        return Err(Failure::failed(format!("there are no samples for {}", what.display()))
            .hint("write some into a file beside the rule: 50-app.test.yaml for 50-app.yaml; docs/rules.md shows how"));
    }
    Ok(Some(found))
}

/// Updates files. Answers whether all that had to be could be.
fn update_all(
    folder: &Path,
    files: &[SampleFile],
    result: &TestRun,
    data: &mut Data,
) -> Result<bool, Failure> {
    let mut all = true;
    for (file, run) in files.iter().zip(&result.files) {
        let path = folder.join(&file.path);
        let text = fs::read_to_string(&path).map_err(|error| unwritable(&path, &error))?;
        match update::update(file, &text, &run.cases) {
            Ok(None) => {}
            Ok(Some((new, changed))) => {
                fs::write(&path, new).map_err(|error| unwritable(&path, &error))?;
                data.line(format!("{}: {} updated", path.display(), rules::counted(changed, "sample")))?;
            }
            Err(error) => {
                all = false;
                warn(format!("{} is left as it is: {error}", path.display()));
            }
        }
    }
    Ok(all)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}
