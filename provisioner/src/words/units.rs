//! `units`: who holds or held which range of a job, how far, with what outcome.

use super::Context;
use super::connection::{Connection, of_master};
use super::view::View;
use crate::cli::Units;
use crate::exit::Failure;
use crate::output::{Event, Table, count, seconds};
use crate::stack::now;
use rsac_protocol::{HolderView, HoldingEnd, UnitState, UnitView, UnitsPage};

pub(super) async fn run(ctx: &Context<'_>, args: Units) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let cracker = connection.pick(args.name.as_deref()).await?;
    let name = View(&cracker).name();
    let mut table = Table::new(&["UNIT", "INDICES", "COVERED", "STATE", "HOLDERS"]);
    let mut after = None;
    loop {
        let page = connection.access.units(name, args.plan, after).await;
        let page = page.map_err(|error| of_master(&cracker, error))?;
        for unit in &page.units {
            ctx.out.event(&Event::Unit {
                name,
                plan: page.plan,
                method: &page.method,
                unit,
            })?;
            table.row(row(unit, now()));
        }
        match page.next_after {
            // A master that turned in a circle would be asked for ever.
            Some(next) if Some(next) > after => after = Some(next),
            _ if ctx.out.is_json() => return Ok(()),
            _ => {
                let text = format!("{}\n{}", heading(&page), table.render());
                return ctx.out.to_stdout(&text);
            }
        }
    }
}

fn heading(page: &UnitsPage) -> String {
    let covered = count(page.covered);
    let of = match page.end {
        Some(end) => format!(" of {}", count(end)),
        None => String::new(),
    };
    let UnitsPage {
        plan,
        plans,
        method,
        ..
    } = page;
    format!("Plan {plan} (of {plans}), {method}: {covered}{of} indices covered")
}

fn row(unit: &UnitView, now: u64) -> Vec<String> {
    let state = match unit.state {
        UnitState::Open => "open",
        UnitState::Held => "held",
        UnitState::Done => "done",
        UnitState::Split => "split",
        UnitState::Dropped => "dropped",
    };
    let size = unit.to.saturating_sub(unit.from).max(1);
    let percent = unit.covered as f64 / size as f64 * 100.0;
    let holders: Vec<String> = unit.holders.iter().map(|h| holder(h, now)).collect();
    vec![
        unit.id.to_string(),
        format!("{}..{}", unit.from, unit.to),
        format!("{percent:.0} %"),
        state.to_owned(),
        holders.join(", "),
    ]
}

fn holder(holder: &HolderView, now: u64) -> String {
    let outcome = match holder.end {
        None => "holds",
        Some(HoldingEnd::Done) => "done",
        Some(HoldingEnd::Released) => "released",
        Some(HoldingEnd::Lost) => "lost",
        Some(HoldingEnd::Over) => "over",
    };
    let held = holder.until.unwrap_or(now).saturating_sub(holder.since);
    let (worker, reported) = (&holder.worker, count(holder.reported));
    format!(
        "{worker} ({outcome}, {reported} reported, {})",
        seconds(held as f64)
    )
}
