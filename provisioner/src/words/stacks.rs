//! `stacks`: those that are remembered here.

use super::Context;
use crate::exit::Failure;
use crate::output::{Event, Table, seconds};
use crate::stack::{Stack, StackError, now};

pub(super) fn run(ctx: &Context<'_>) -> Result<(), Failure> {
    let names = ctx.store.names()?;
    if names.is_empty() {
        ctx.out
            .note("there is no stack here; `rsac-infra up` makes one");
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "PROVIDER", "AGE", "STATE", "FOLDER"]);
    for name in &names {
        // One that cannot be opened is shown with the reason, beside the others.
        match ctx.store.open(name) {
            Ok(stack) => {
                let state = state(&stack);
                ctx.out.event(&Event::Stack {
                    name,
                    provider: &stack.record.provider,
                    created_at: stack.record.created_at,
                    state: &state,
                    folder: &stack.folder.to_string_lossy(),
                })?;
                table.row(vec![
                    name.clone(),
                    stack.record.provider.clone(),
                    seconds(now().saturating_sub(stack.record.created_at) as f64),
                    state,
                    stack.folder.display().to_string(),
                ]);
            }
            Err(error) => ctx.out.warn(error),
        }
    }
    if ctx.out.is_json() {
        return Ok(());
    }
    ctx.out.to_stdout(&table.render())
}

fn state(stack: &Stack) -> String {
    match stack.journal().map_err(StackError::from) {
        Ok(journal) if journal.is_complete() => "complete".to_owned(),
        Ok(journal) if journal.is_going() => "deleting".to_owned(),
        Ok(_) => "incomplete".to_owned(),
        Err(error) => error.to_string(),
    }
}
