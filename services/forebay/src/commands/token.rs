//! `forebay token`: credentials of who sends, reads or administrates, each bound to a tenant.

mod place;

use std::path::{Path, PathBuf};

use forebay_access::Operator;
use forebay_audit::{Action as Audit, Entry};
use forebay_operators::tokens::{self, IssueError, Wanted, WantedSecret};
use forebay_record::Tenant;
use jiff::Timestamp;

use self::place::Place;
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::table::Table;
use crate::output::{Data, note, warn};
use crate::target::TargetArgs;

/// Credentials of who sends, reads or administrates.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Create a token or a password: it is printed once, the file keeps its hash only
    Create(Create),
    /// List the credentials of the access file, without their secrets
    List {
        #[command(flatten)]
        file: FileArgs,
    },
    /// Switch a credential off: ingest turns it away within seconds
    Revoke {
        /// The credential's name, as `forebay token list` shows it
        name: String,

        #[command(flatten)]
        file: FileArgs,

        /// Leave no audit record, for when Kafka can't be reached
        #[arg(long)]
        unaudited: bool,
    },
}

/// Which file.
#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The access file (default: ingest.access_file of the settings, or that of the running `forebay dev`)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A new credential.
#[derive(Debug, clap::Args)]
struct Create {
    /// The tenant whose events its bearer sends, reads or administrates
    #[arg(long, value_parser = tenant)]
    tenant: Tenant,

    /// What it is for, such as the shipper's name; unique in the file (default: the tenant's name, with a number)
    #[arg(long)]
    name: Option<String>,

    /// When it expires, such as 2027-01-31T00:00:00Z (default: never)
    #[arg(long)]
    expires: Option<Timestamp>,

    /// What its bearer may do: send, read, admin (default: send)
    #[arg(long = "role", value_name = "ROLE", value_parser = ["send", "read", "admin"])]
    roles: Vec<String>,

    /// Another tenant that its bearer may name in X-Forebay-Tenant, read or administrate; '*' for every one
    #[arg(long, value_name = "TENANT")]
    may_choose: Vec<String>,

    /// A network that it may be used from, such as 10.0.0.0/8 (default: every one); not for who administrates, since commands come
    /// from none
    #[arg(long, value_name = "NETWORK")]
    from: Vec<String>,

    /// Make the token a UUID, for clients that take nothing else
    #[arg(long, conflicts_with_all = ["user", "password_file"])]
    uuid: bool,

    /// Make a password for this user instead of a token, for clients that know basic authentication only
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// The file that holds the password, in its first line (default: a random one)
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,

    /// The access file; it is made if it isn't there (default: ingest.access_file of the settings, or that of the running
    /// `forebay dev`)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Leave no audit record, for when Kafka can't be reached
    #[arg(long)]
    unaudited: bool,
}

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::new(text).map_err(|error| error.to_string())
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    match args.action {
        Action::Create(args) => create(target, args).await,
        Action::List { file } => list(&Place::find(target, file.file)?.file),
        Action::Revoke { name, file, unaudited } => {
            revoke(target, &Place::find(target, file.file)?, &name, unaudited).await
        }
    }
}

async fn revoke(target: &TargetArgs, place: &Place, name: &str, unaudited: bool) -> Outcome {
    let operator = place.ask(target)?;
    if let Some(scope) = place.access().and_then(|access| access.scope_of(name)) {
        operator.scope.may_revoke(&scope).map_err(|error| out_of_scope(&error))?;
    }
    let had_admin = place.has_admin();
    let file = &place.file;
    let entry = Entry::new(operator.actor.name(), Audit::TokenRevoke, name).detail("file", &shown(file));
    let audited = place.record(target, unaudited, entry).await?;
    let outcome = tokens::revoke(file, name);
    audited.end(&outcome).await;
    outcome.map_err(|error| failed(&error))?;
    note(format!("`{name}` is switched off in {}; ingest reads it within seconds", file.display()));
    if had_admin && !place.has_admin() {
        let operators = place.operators().display();
        warn(format!(
            "that was the last administrator: whoever may write {operators} makes and revokes credentials now, without being asked, \
             until there is another (`forebay token create --role admin`)"
        ));
    }
    Ok(Exit::Done)
}

async fn create(target: &TargetArgs, args: Create) -> Outcome {
    if let Some(expires) = args.expires.filter(|expires| *expires <= Timestamp::now()) {
        return Err(Failure::usage(format!("--expires {expires} is in the past: it would never be valid")));
    }
    usable(&args)?;
    let place = Place::find(target, args.file)?;
    let file = place.file.clone();
    let operator = place.ask(target)?;
    operator.scope.may_make(args.tenant.as_str(), &args.may_choose).map_err(|error| out_of_scope(&error))?;
    let had_admin = place.has_admin();
    let is_for_all = args.may_choose.iter().any(|name| name == "*");
    let password = match &args.password_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::failed(format!("can't read {}: {error}", path.display())))?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        None => None,
    };
    let secret = match &args.user {
        Some(user) => WantedSecret::Password { user, password: password.as_deref() },
        None if args.uuid => WantedSecret::Uuid,
        None => WantedSecret::Token,
    };
    let name = match args.name {
        Some(name) => name,
        None => free_name(&file, args.tenant.as_str())?,
    };
    let wanted = Wanted {
        tenant: &args.tenant,
        name: &name,
        secret,
        expires: args.expires,
        roles: args.roles,
        may_choose: args.may_choose,
        from: args.from,
    };
    let kind = if args.user.is_some() { "password" } else { "token" };
    let audited = place.record(target, args.unaudited, entry(&operator, &wanted, kind, &file)).await?;
    let outcome = tokens::create(&file, &wanted);
    audited.end(&outcome).await;
    let issued = outcome.map_err(|error| failed(&error))?;
    note(format!(
        "added a {kind} of tenant `{}` to {}; ingest reads it within seconds",
        issued.tenant,
        file.display()
    ));
    if !had_admin && !is_for_all && place.has_admin() {
        warn(format!(
            "this first administrator is for {} only: nobody makes credentials of other tenants, or sees status, audit and closed \
             metrics, before there is one with --may-choose '*': revoke it, and make that",
            issued.tenant
        ));
    }
    if password.is_none() {
        note("it is shown this once:");
        let mut data = Data::new();
        data.line(&issued.token)?;
        data.flush()?;
    }
    Ok(Exit::Done)
}

/// Refuses what nobody could use: commands are shown tokens, and come from no network.
fn usable(args: &Create) -> Result<(), Failure> {
    let has = |role: &str| args.roles.iter().any(|one| one == role);
    if args.user.is_some() && (has("read") || has("admin")) {
        let what = "--user makes a password, and who reads or administrates shows a token: it would be good for nothing";
        return Err(Failure::usage(what)
            .hint("leave --user out, or make two: a password to send with, and a token with the role"));
    }
    if !args.from.is_empty() && has("admin") {
        let what = "--from can't go with --role admin: commands come from no network, so that nobody could administrate with it";
        return Err(Failure::usage(what).hint(
            "leave --from out and keep the token where only administrators can read it; what else it was for can have a \
             credential of its own",
        ));
    }
    if !args.from.is_empty() && has("read") {
        warn(
            "commands come from no network: with --from this reads closed metrics (telemetry.metrics: token), and nothing else",
        );
    }
    Ok(())
}

/// What is recorded of a new credential: all but its secret.
fn entry(operator: &Operator, wanted: &Wanted<'_>, kind: &str, file: &Path) -> Entry {
    let expires = wanted.expires.map(|expires| expires.to_string());
    Entry::new(operator.actor.name(), Audit::TokenCreate, wanted.name)
        .detail("file", &shown(file))
        .detail("kind", kind)
        .detail("tenant", wanted.tenant.as_str())
        .detail("expires", &expires.unwrap_or_default())
        .names("roles", wanted.roles.iter().map(String::as_str))
        .names("may_choose", wanted.may_choose.iter().map(String::as_str))
        .names("from", wanted.from.iter().map(String::as_str))
}

/// The file as it is recorded: whole, since a record says nothing of where the command was typed.
fn shown(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string()
}

/// A tenant's name, with the first number that makes a name of it that nobody has.
fn free_name(file: &Path, tenant: &str) -> Result<String, Failure> {
    let taken = if file.exists() { tokens::list(file).map_err(|error| failed(&error))? } else { Vec::new() };
    let numbered = (2..=taken.len() + 2).map(|number| format!("{tenant}-{number}"));
    let mut names = std::iter::once(tenant.to_owned()).chain(numbered);
    let free = names.find(|name| taken.iter().all(|line| line.name != *name));
    Ok(free.unwrap_or_else(|| tenant.to_owned()))
}

fn list(file: &Path) -> Outcome {
    let now = Timestamp::now();
    let mut table = Table::new(&["name", "tenant", "kind", "roles", "expires", "state"]);
    for line in tokens::list(file).map_err(|error| failed(&error))? {
        let state = match line.expires {
            _ if line.disabled => "disabled",
            Some(expires) if expires <= now => "expired",
            _ => "valid",
        };
        let expires = line.expires.map_or_else(|| "never".to_owned(), |expires| expires.to_string());
        table.row([
            line.name,
            line.tenant.to_string(),
            line.kind.to_owned(),
            line.roles,
            expires,
            state.to_owned(),
        ]);
    }
    let mut data = Data::new();
    for line in table.lines() {
        data.line(line)?;
    }
    data.flush()?;
    Ok(Exit::Done)
}

fn failed(error: &IssueError) -> Failure {
    Failure::failed(error.to_string())
}
