//! Which steps `down` undoes, and in which order.

use crate::journal::{Entry, Journal};
use crate::provider::Step;

/// All steps that are there or were begun, the last first. The journal knows what an
/// observation may miss (a step that was cut short), the observation what a damaged
/// journal may have lost; undoing too much does no harm.
pub(super) fn to_undo(observed: &[Step], journal: &Journal) -> Vec<Step> {
    let begun = journal.begun();
    let mut steps: Vec<Step> = observed
        .iter()
        .filter(|step| step.done || begun.contains(&step.id.as_str()))
        .cloned()
        .collect();
    // What was made is undone, not what an observation calls using it.
    for step in &mut steps {
        if begun.contains(&step.id.as_str()) {
            step.title = title_of(journal, &step.id);
        }
    }
    // Steps of another build's plan: this provider may still know how to undo them.
    for id in begun {
        if !observed.iter().any(|step| step.id == id) {
            steps.push(Step {
                id: id.to_owned(),
                title: title_of(journal, id),
                done: true,
            });
        }
    }
    steps.reverse();
    steps
}

fn title_of(journal: &Journal, id: &str) -> String {
    let mut titles = journal
        .records
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Begin { step, title } if step == id => Some(title.clone()),
            _ => None,
        });
    // The first made it; later ones changed it.
    titles.next().unwrap_or_else(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_or_was_begun_goes_last_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal")).unwrap();
        for id in ["a", "c", "old"] {
            let (step, title) = (id.to_owned(), format!("make {id}"));
            journal.append(Entry::Begin { step, title }).unwrap();
        }
        let step = |id: &str, done| Step {
            id: id.into(),
            title: format!("make {id}"),
            done,
        };
        let observed = [
            step("a", false),
            step("b", true),
            step("c", true),
            step("d", false),
        ];
        let undone = to_undo(&observed, &journal);
        let order: Vec<&str> = undone.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(order, ["old", "c", "b", "a"]);
        assert_eq!(undone[0].title, "make old");
    }

    #[test]
    fn what_was_made_is_undone_and_not_what_it_is_called_since() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal")).unwrap();
        for title in ["install a", "change a"] {
            let (step, title) = ("a".to_owned(), title.to_owned());
            journal.append(Entry::Begin { step, title }).unwrap();
        }
        let step = |id: &str| Step {
            id: id.into(),
            title: format!("use {id}"),
            done: true,
        };
        let undone = to_undo(&[step("a"), step("b")], &journal);
        let titles: Vec<&str> = undone.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles, ["use b", "install a"]);
    }
}
