//! Showing factors: the line that everything is for, and the mark that it was shown.

use super::Context;
use super::view::View;
use crate::exit::Failure;
use crate::output::{Event, seconds};
use crate::stack::{Shown, Stack};
use rsac_api::RSACracker;
use rsac_protocol::Solution;

/// Shows the factors on stdout, and remembers that they were shown.
pub(super) fn show(
    ctx: &Context<'_>,
    stack: &Stack,
    cracker: &RSACracker,
    solution: &Solution,
) -> Result<(), Failure> {
    let name = View(cracker).name();
    ctx.out.still();
    ctx.out.step(
        "Solved",
        format_args!(
            "{name} in {} by {}",
            seconds(solution.seconds),
            solution.method
        ),
    );
    if let Some(weakness) = &solution.weakness {
        ctx.out.busy("Weakness", weakness);
    }
    let line = ctx.out.bold(equation(solution));
    ctx.out.answer(&Event::result(name, solution), &line)?;
    mark(ctx, stack, cracker, solution);
    Ok(())
}

/// Remembers that the factors were shown. When that fails they are shown once more.
pub(super) fn mark(ctx: &Context<'_>, stack: &Stack, cracker: &RSACracker, solution: &Solution) {
    let key = Shown::key(View(cracker).identity(), &solution.number);
    if let Err(error) = stack.shown().mark(&key) {
        ctx.out.warn(format_args!(
            "`down` will show this result again: it cannot be marked as shown: {error}"
        ));
    }
}

/// Whether some word has shown the factors.
pub(super) fn was_shown(stack: &Stack, cracker: &RSACracker, solution: &Solution) -> bool {
    let key = Shown::key(View(cracker).identity(), &solution.number);
    stack.shown().is_marked(&key)
}

/// `804556097 = 15581 × 51637`, `72 = 2^3 × 3^2`, `17 is prime`.
fn equation(solution: &Solution) -> String {
    let number = &solution.number;
    if let [factor] = solution.factors.as_slice()
        && factor == number
    {
        return format!("{number} is prime");
    }
    let powers = solution
        .factors
        .chunk_by(|a, b| a == b)
        .map(|equal| match equal.len() {
            1 => equal[0].clone(),
            exponent => format!("{}^{exponent}", equal[0]),
        });
    let powers: Vec<String> = powers.collect();
    format!("{number} = {}", powers.join(" × "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solution(number: &str, factors: &[&str]) -> Solution {
        Solution {
            number: number.into(),
            factors: factors.iter().map(|&factor| factor.to_owned()).collect(),
            method: "in-process".into(),
            weakness: None,
            seconds: 0.0,
            cpu_seconds: 0.0,
        }
    }

    #[test]
    fn the_line_that_everything_is_for() {
        let line = |number, factors: &[&str]| equation(&solution(number, factors));
        assert_eq!(
            line("804556097", &["15581", "51637"]),
            "804556097 = 15581 × 51637"
        );
        assert_eq!(line("72", &["2", "2", "2", "3", "3"]), "72 = 2^3 × 3^2");
        assert_eq!(line("8", &["2", "2", "2"]), "8 = 2^3");
        assert_eq!(line("17", &["17"]), "17 is prime");
    }
}
