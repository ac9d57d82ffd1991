//! Which installation a command speaks to.
//!
//! In this order: the file of `--config` (or of `FOREBAY_CONFIG`), the environment's `FOREBAY__...` variables, a running
//! `forebay dev`. Anything else is an error that says so: a command never guesses.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use forebay_access::{Operator, Role};
use forebay_elastic::ElasticStore;
use forebay_embedded_store::EmbeddedStore;
use forebay_settings::Settings;
use forebay_store::Store;

use crate::dev::banner::word;
use crate::dev::guard;
use crate::dev::paths::DataDir;
use crate::dev::settings;
use crate::dev::state::Instance;
use crate::exit::Failure;
use crate::operator::TokenArgs;
use crate::output::warn;

/// What to do when there is nothing to speak to.
pub(crate) const START_OR_NAME: &str =
    "start one with `forebay dev`, or name an installation's settings with --config FILE";

/// How a command is told what to speak to.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TargetArgs {
    /// The settings of an installation; without one, a running `forebay dev` is used
    #[arg(long, value_name = "FILE", env = "FOREBAY_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// The data folder of `forebay dev` (default: $XDG_DATA_HOME/forebay/dev or ~/.local/share/forebay/dev)
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

/// What a command speaks to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// How to reach Kafka and the search cluster.
    pub(crate) settings: Settings,
    /// The running `forebay dev`, where it is one.
    pub(crate) dev: Option<Instance>,
}

// === impl TargetArgs ===

impl TargetArgs {
    /// The target, by the rules above, for who has this role by its access file.
    pub(crate) fn ask(&self, role: Role) -> Result<(Target, Operator), Failure> {
        let target = self.find()?;
        let operator = self.token.ask(target.settings.operators_file(), role)?;
        Ok((target, operator))
    }

    /// The target, by the rules above, for a command that shows and changes nothing of anybody's.
    pub(crate) fn find(&self) -> Result<Target, Failure> {
        if let Some(settings) = self.installation()? {
            return Ok(Target { settings, dev: None });
        }
        let instance = Instance::running(&self.data_dir()?)?;
        let mut settings = Settings { parser: instance.parser.clone(), ..Settings::default() };
        settings::adapt(&mut settings, None);
        settings::use_broker(&mut settings, instance.kafka.to_string());
        settings.ingest.access_file = instance.senders_file.clone();
        settings.telemetry.access_file = instance.access_file.clone();
        settings.search.retention = instance.retention.clone();
        Ok(Target { settings, dev: Some(instance) })
    }

    /// The settings of an installation, where they are named.
    pub(crate) fn installation(&self) -> Result<Option<Settings>, Failure> {
        if !self.names_settings() {
            return Ok(None);
        }
        if self.data.is_some() {
            let what = if self.config.is_some() {
                "--config or FOREBAY_CONFIG names"
            } else {
                "FOREBAY__... variables are"
            };
            warn(format!("--data isn't used: {what} the settings of an installation"));
        }
        load(self.config.as_deref()).map(Some)
    }

    /// The running `forebay dev`, whether settings are named or not.
    pub(crate) fn dev(&self) -> Option<Instance> {
        Instance::running(&self.data_dir().ok()?).ok()
    }

    /// The store to search, for who may read: that of an installation, or the embedded one, whether its `forebay dev` runs or
    /// not. The access file of the one that ran last guards it.
    pub(crate) fn store_to_read(&self) -> Result<(Box<dyn Store>, Operator), Failure> {
        let access_file = match self.installation()? {
            Some(settings) => settings.operators_file().map(Path::to_owned),
            None => guard::access_file(&self.data_dir()?)?,
        };
        let operator = self.token.ask(access_file.as_deref(), Role::Read)?;
        let (_, store) = self.store()?;
        Ok((store, operator))
    }

    /// The store, for who has been asked already.
    pub(crate) fn store(&self) -> Result<(String, Box<dyn Store>), Failure> {
        if self.names_settings() {
            let settings = load(self.config.as_deref())?;
            return Ok((settings.search.url.clone(), elastic(&settings)?));
        }
        let path = self.data_dir()?.store();
        if !path.is_dir() {
            return Err(
                Failure::unreachable(format!("there is no store in {}", path.display())).hint(START_OR_NAME)
            );
        }
        let store =
            EmbeddedStore::open_read_only(&path).map_err(|error| Failure::unreachable(chain(&error)))?;
        Ok((path.display().to_string(), Box::new(store)))
    }

    /// The command's name with what leads to the same target, for hints that can be typed as they stand.
    pub(crate) fn words(&self) -> String {
        let option = |name: &str, path: &Option<PathBuf>| {
            path.as_ref().map(|path| format!(" --{name} {}", word(path))).unwrap_or_default()
        };
        let [config, data] = [option("config", &self.config), option("data", &self.data)];
        format!("forebay{config}{data}{}", option("token-file", &self.token.token_file))
    }

    /// Whether it leads to an installation rather than to a running `forebay dev`.
    pub(crate) fn names_settings(&self) -> bool {
        self.config.is_some() || environment_speaks()
    }

    pub(crate) fn data_dir(&self) -> Result<DataDir, Failure> {
        DataDir::find(self.data.as_deref())
    }
}

/// The search cluster of an installation.
pub(crate) fn elastic(settings: &Settings) -> Result<Box<dyn Store>, Failure> {
    match ElasticStore::connect(&settings.search) {
        Ok(store) => Ok(Box::new(store)),
        Err(error) => Err(Failure::settings(chain(&error))),
    }
}

/// Whether the environment holds settings.
fn environment_speaks() -> bool {
    env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("FOREBAY__"))
}

/// The settings of a file, with the environment on top.
pub(crate) fn load(path: Option<&Path>) -> Result<Settings, Failure> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    forebay_settings::load(path, variables).map_err(|error| Failure::settings(chain(&error)))
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}
