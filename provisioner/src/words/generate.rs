//! What is made from the definition of the command line: completion scripts, man pages,
//! and the page of docs/reference.

use super::Context;
use crate::cli::{Cli, Completions, Man};
use crate::exit::{Exit, Failure};
use clap::{Command, CommandFactory};
use std::io;
use std::path::Path;

/// `completions SHELL`
pub(super) fn completions(ctx: &Context<'_>, args: Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rsac-infra", &mut script);
    ctx.out.to_stdout(&String::from_utf8_lossy(&script))
}

/// `man`
pub(super) fn man(ctx: &Context<'_>, args: Man) -> Result<(), Failure> {
    let failed = |path: &Path, error: io::Error| {
        Failure::new(Exit::Failure, format!("--dir {}: {error}", path.display()))
    };
    let Some(dir) = args.dir else {
        let page = man_page(&command()).map_err(|error| failed(Path::new("-"), error))?;
        return ctx.out.to_stdout(&page);
    };
    std::fs::create_dir_all(&dir).map_err(|error| failed(&dir, error))?;
    for (name, page) in man_pages().map_err(|error| failed(&dir, error))? {
        let path = dir.join(name);
        std::fs::write(&path, page).map_err(|error| failed(&path, error))?;
        ctx.out.step("Written", path.display());
    }
    Ok(())
}

/// The definition with everything filled in that clap derives.
fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// All man pages with the names of their files.
///
/// # Errors
/// None that the definition of the command line can cause.
pub fn man_pages() -> io::Result<Vec<(String, String)>> {
    let command = command();
    let mut pages = vec![("rsac-infra.1".to_owned(), man_page(&command)?)];
    for word in visible_words(&command) {
        let name = format!("rsac-infra-{}.1", word.get_name());
        let long: &'static str = format!("rsac-infra-{}", word.get_name()).leak();
        pages.push((name, man_page(&word.clone().name(long))?));
    }
    Ok(pages)
}

/// One man page.
///
/// # Errors
/// None that the definition of the command line can cause.
pub fn man_page(command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn visible_words(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|word| !word.is_hide_set() && word.get_name() != "help")
}

/// docs/reference/commands.md: every word's help, and the exit codes.
pub fn reference() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut text = String::from(
        "# The command line\n\n\
         Made from the definition of the command line by `cargo test`, which compares it;\n\
         `RSAC_BLESS=1 cargo test -p rsac-infra` writes it anew.\n",
    );
    let mut help = |title: &str, command: &mut Command| {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        text.push_str(&format!(
            "\n## {title}\n\n```text\n{}\n```\n",
            lines.join("\n").trim_end()
        ));
    };
    help("rsac-infra", &mut command.clone());
    let words: Vec<Command> = visible_words(&command).cloned().collect();
    for mut word in words {
        let title = word.get_name().to_owned();
        help(&title, &mut word);
    }
    text.push_str("\n## Exit codes\n\n");
    text.push_str(&Exit::markdown());
    text
}
