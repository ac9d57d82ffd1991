use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, Command as Tree, CommandFactory};

use super::Cli;

/// The page that has a table of all commands.
const COMMANDS: &str = "services/forebay/README.md";

#[test]
fn the_tree_is_consistent() {
    Cli::command().debug_assert();
}

/// Scenario: every command that a page shows, or a hint of our own names.
/// Guarantees: there is such a command, and it has the options that are shown with it.
#[test]
fn what_pages_and_hints_show_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut tree = Cli::command();
    tree.build();
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in files(&root) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let is_page = file.extension().is_some_and(|extension| extension != "rs");
        let mut is_fenced = false;
        for (number, line) in (1..).zip(text.lines()) {
            is_fenced ^= is_page && line.trim_start().starts_with("```");
            let is_code = is_page && (is_fenced || line.starts_with("    "));
            let mut found: Vec<Result<(), String>> =
                shown(line, is_code).into_iter().map(|text| check(&tree, &words(text)).map(drop)).collect();
            if file.ends_with(COMMANDS) {
                found.extend(row(&tree, line));
            }
            seen += found.len();
            let place = file.strip_prefix(&root).unwrap().display();
            wrong.extend(
                found.into_iter().filter_map(Result::err).map(|what| format!("{place}:{number}: {what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 200, "{seen} commands were found");
}

/// Guarantees: what isn't there is noticed, however it is written.
#[test]
fn what_is_not_there_is_noticed() {
    let mut tree = Cli::command();
    tree.build();
    let check = |text: &str| check(&tree, &words(text)).map(drop);
    for fine in [
        "dlq replay --like 0:0 --dry-run` and more --never",
        "--data /d search 'a --b' --since 1h | head --lines",
        "dlq stats\\|list --tenant acme",
        "status [--watch] [--target URL...]",
        "dev",
        "... --anything",
        "forebay-ingest forebay-parser; do",
        "-n logs",
    ] {
        assert_eq!(check(fine), Ok(()), "{fine}");
    }
    for wrong in
        ["dlq replay --format json", "serch x", "dlq repeat", "retention --watch", "dlq park|purge --rate 1"]
    {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}

/// Pages, and our own code for its hints.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_of_others = name.starts_with('.') || name == "target" || name == "tests.rs";
            if is_of_others {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if [".md", ".rs", ".txt"].iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What stands behind each `forebay ` in code.
fn shown(line: &str, is_code: bool) -> Vec<&str> {
    let is_shown = |at: usize| {
        let before = line[..at].trim_end_matches("./");
        before.ends_with('`') || is_code && (before.is_empty() || before.ends_with([' ', '(']))
    };
    line.match_indices("forebay ")
        .filter(|(at, _)| is_shown(*at))
        .map(|(at, name)| &line[at + name.len()..])
        .collect()
}

/// The words of a command, up to what ends it.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(end), _) if end == character => quote = None,
            (Some(_), _) => word.push(character),
            // In a table.
            (None, '\\') if characters.next_if_eq(&'|').is_some() => word.push('|'),
            (None, '\'' | '"') => quote = Some(character),
            (None, '`' | '\\' | '#' | ';' | '&' | '>' | ')') => break,
            (None, '|') if word.is_empty() => break,
            (None, '[' | ']') => {}
            (None, _) if character.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            }
            (None, _) => word.push(character),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The commands that are meant, if they have all the options.
fn check<'a>(tree: &'a Tree, words: &[String]) -> Result<Vec<&'a Tree>, String> {
    let mut at = vec![tree];
    let (mut is_path, mut is_value) = (true, false);
    for word in words {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if let Some(name) = word.strip_prefix("--") {
            let (name, value) =
                name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
            let known = option(&at, name)?;
            is_value = value.is_none() && known.is_some_and(|known| known.get_action().takes_values());
            continue;
        }
        if !is_path {
            continue;
        }
        let next: Option<Vec<&Tree>> =
            word.split('|').map(|name| at.iter().find_map(|tree| tree.find_subcommand(name))).collect();
        match next {
            Some(next) => at = next,
            None if at.iter().all(|tree| tree.has_subcommands()) && is_name(word) => {
                return Err(format!("there is no command `{word}`"));
            }
            // `forebay` is the name of other things, too.
            None if at.iter().any(|one| std::ptr::eq(*one, tree)) => return Ok(at),
            None => is_path = false,
        }
    }
    Ok(at)
}

/// An option that one of the commands has; `None` for what is no name of one.
fn option<'a>(at: &[&'a Tree], name: &str) -> Result<Option<&'a Arg>, String> {
    let name = name.trim_end_matches([',', '.', ':', '?']);
    if !is_name(name) || name == "help" {
        return Ok(None);
    }
    let mut all = at.iter().flat_map(|tree| tree.get_arguments());
    let known = all.find(|arg| {
        arg.get_long() == Some(name) || arg.get_all_aliases().unwrap_or_default().contains(&name)
    });
    let of = || at.iter().map(|tree| tree.get_name()).collect::<Vec<_>>().join("|");
    known.map(Some).ok_or_else(|| format!("`{}` has no option --{name}", of()))
}

/// Whether it can be the name of a command or an option; those of our other programs are none.
fn is_name(word: &str) -> bool {
    let is_of_names = |character: char| character.is_ascii_lowercase() || character == '-';
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && !word.starts_with("forebay-")
        && word.chars().all(is_of_names)
}

/// A row of the table of commands: those in its first cell, and the options that the others name.
fn row(tree: &Tree, line: &str) -> Option<Result<(), String>> {
    let (first, others) = line.strip_prefix("| `")?.split_once("` |")?;
    let named = || -> Result<(), String> {
        let at = check(tree, &words(first))?;
        let mut options = others.split("`--").skip(1).filter_map(|text| text.split(['`', ' ', '=']).next());
        options.try_for_each(|name| option(&at, name).map(drop))
    };
    Some(named())
}
