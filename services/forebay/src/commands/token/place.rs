//! Which access file is meant, who is asked before it is changed, and where that is recorded.

use std::path::{Path, PathBuf};

use forebay_access::{Access, Operator};
use forebay_audit::Entry;
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use jiff::Timestamp;

use crate::audit::{Audited, warn_unaudited};
use crate::exit::{Exit, Failure};
use crate::output::note;
use crate::target::TargetArgs;

/// An access file, and the installation that it is of.
pub(super) struct Place {
    /// The file that is changed.
    pub(super) file: PathBuf,
    /// The file that says who may change it.
    operators: PathBuf,
    /// Where it is recorded.
    kafka: Option<KafkaSettings>,
}

impl Place {
    /// By the settings that are named, or else by the running `forebay dev` that the file is of.
    pub(super) fn find(target: &TargetArgs, file: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(settings) = target.installation()? {
            let senders = settings.ingest.access_file.clone();
            let file = file.or(senders).ok_or_else(|| {
                Failure::usage("there is no access file: the settings have no ingest.access_file")
                    .hint("name one with --file, or settings that have one with --config")
            })?;
            return Ok(Self::of(file, &settings));
        }
        // Where none runs the file is nobody's that is known.
        let dev = target.find().ok().map(|dev| dev.settings);
        let Some(file) = file.or_else(|| dev.as_ref()?.ingest.access_file.clone()) else {
            let why = match dev {
                Some(_) => "the running `forebay dev` has none for senders",
                None => "no settings are named, and no `forebay dev` is running",
            };
            return Err(Failure::usage(format!("there is no access file: {why}"))
                .hint("name one with --file, or settings that have one with --config"));
        };
        let is_its = |dev: &Settings| {
            let files = [dev.ingest.access_file.as_deref(), dev.telemetry.access_file.as_deref()];
            target.data.is_some() || files.into_iter().flatten().any(|one| is_same(one, &file))
        };
        match dev.filter(is_its) {
            Some(dev) => Ok(Self::of(file, &dev)),
            None => Ok(Self { operators: file.clone(), file, kafka: None }),
        }
    }

    fn of(file: PathBuf, settings: &Settings) -> Self {
        Self { operators: operators(&file, settings), file, kafka: Some(settings.kafka.clone()) }
    }

    /// Who changes the file, if he may: an administrator, as soon as there is one.
    pub(super) fn ask(&self, target: &TargetArgs) -> Result<Operator, Failure> {
        target.token.ask_to_change(&self.operators)
    }

    /// Whether there is an administrator, and nobody else may change the file.
    pub(super) fn has_admin(&self) -> bool {
        forebay_operators::load(&self.operators).is_ok_and(|access| access.has_admin(Timestamp::now()))
    }

    /// What the file says now; `None` where it isn't there, or can't be used.
    pub(super) fn access(&self) -> Option<Access> {
        forebay_operators::load(&self.file).ok()
    }

    /// The file that says who may change this one.
    pub(super) fn operators(&self) -> &Path {
        &self.operators
    }

    /// Records what is about to be done.
    pub(super) async fn record(
        &self,
        target: &TargetArgs,
        unaudited: bool,
        entry: Entry,
    ) -> Result<Audited, Failure> {
        if unaudited {
            warn_unaudited();
            return Ok(Audited::NOT);
        }
        let Some(kafka) = &self.kafka else {
            note(
                "neither settings nor a `forebay dev` that uses this file name Kafka, so that ingest records this, as it takes the file into force",
            );
            return Ok(Audited::NOT);
        };
        Audited::plan(kafka, entry).await.map_err(|failure| {
            if failure.exit() != Exit::Unreachable || !target.names_settings() || target.dev().is_none() {
                return failure;
            }
            failure.hint(
                "a `forebay dev` is running: leave out --config (FOREBAY_CONFIG, FOREBAY__...) to change its access file and have \
                 its Kafka record it, or give --unaudited to do it without a record",
            )
        })
    }
}

/// The file that says who may change this one. For credentials of the file of senders, the settings may name another one
/// of operators, however the file is spelt.
fn operators(file: &Path, settings: &Settings) -> PathBuf {
    let is_of_senders = settings.ingest.access_file.as_deref().is_some_and(|known| is_same(known, file));
    settings.operators_file().filter(|_| is_of_senders).unwrap_or(file).to_owned()
}

/// Whether two paths are of one file, by way of links, `..` and the current folder too.
fn is_same(one: &Path, other: &Path) -> bool {
    whole(one) == whole(other)
}

/// The path without links, and of a file that isn't there, its folder without.
fn whole(path: &Path) -> PathBuf {
    let of_folder = || {
        let absolute = std::path::absolute(path).ok()?;
        Some(absolute.parent()?.canonicalize().ok()?.join(absolute.file_name()?))
    };
    let spelt = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().ok().or_else(of_folder).unwrap_or_else(spelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a file of senders, whose administrators are in another one, by its path, by a link, by a link to its folder
    /// and with `..`; before it is there, and afterwards. Then a file that is another one.
    /// Guarantees: no spelling gets around the file of operators.
    #[test]
    fn the_file_of_operators_is_asked_however_the_other_is_spelt() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::os::unix::fs::symlink(at("real"), at("linked")).unwrap();
        let mut settings = Settings::default();
        settings.ingest.access_file = Some(at("real/snd.yaml"));
        settings.telemetry.access_file = Some(at("ops.yaml"));
        let of = |file: PathBuf| operators(&file, &settings);
        for there in [false, true] {
            for spelt in ["real/snd.yaml", "linked/snd.yaml", "real/../real/snd.yaml", "real/./snd.yaml"] {
                assert_eq!(of(at(spelt)), at("ops.yaml"), "{spelt}, there: {there}");
            }
            std::fs::write(at("real/snd.yaml"), "").unwrap();
        }
        std::os::unix::fs::symlink(at("real/snd.yaml"), at("link.yaml")).unwrap();
        assert_eq!(of(at("link.yaml")), at("ops.yaml"));
        assert_eq!(
            of(at("other.yaml")),
            at("other.yaml"),
            "a file of nobody says by itself who may change it"
        );
    }
}
