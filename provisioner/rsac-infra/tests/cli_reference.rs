//! docs/reference against the code: the page of commands is made from the definition of
//! the command line, and the page of events has an example of every event, to the letter.

use rsac_protocol::{Solution, UnitView};
use rsac_provisioner::output::{Event, PlannedStep, StepState};
use rsac_provisioner::provider::Step;
use rsac_provisioner::words;
use serde_json::json;
use std::path::PathBuf;

fn page(name: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");
    PathBuf::from(root).join(name)
}

#[test]
fn the_page_of_commands_is_what_help_says() {
    let path = page("commands.md");
    let made = words::reference();
    if std::env::var_os("RSAC_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == made,
        "docs/reference/commands.md is out of date: \
         RSAC_BLESS=1 cargo test -p rsac-infra --test cli_reference writes it anew"
    );
}

/// Stops compiling when there is a new event: give it a place here, an example below,
/// and a section in docs/reference/events.md.
fn place(event: &Event<'_>) -> usize {
    match event {
        Event::Plan { .. } => 0,
        Event::Step { .. } => 1,
        Event::Note { .. } => 2,
        Event::Warning { .. } => 3,
        Event::Error { .. } => 4,
        Event::Applied { .. } => 5,
        Event::Cracker { .. } => 6,
        Event::Deleted { .. } => 7,
        Event::Progress { .. } => 8,
        Event::Ended { .. } => 9,
        Event::Result { .. } => 10,
        Event::Unit { .. } => 11,
        Event::Log { .. } => 12,
        Event::Stack { .. } => 13,
        Event::Image { .. } => 14,
        Event::Removed { .. } => 15,
        Event::Orphan { .. } => 16,
    }
}

#[test]
fn every_event_is_documented_with_an_example() {
    let step = Step {
        id: "local/folder".into(),
        title: "make the stack's folder".into(),
        done: false,
    };
    let solution = Solution {
        number: "804556097".into(),
        factors: vec!["15581".into(), "51637".into()],
        method: "in-process".into(),
        weakness: None,
        seconds: 0.25,
        cpu_seconds: 0.01,
    };
    let unit: UnitView = serde_json::from_value(json!({
        "id": 3, "from": 3000, "to": 4000, "covered": 1000, "state": "done",
        "holders": [],
    }))
    .unwrap();
    let remedies = ["`rsac-infra stacks` shows those there are".to_owned()];
    let resource = json!({"kind": "RSACracker", "metadata": {"name": "my-rsac"}});
    let name = "my-rsac";
    let events = [
        Event::Plan {
            stack: "local",
            provider: "local",
            steps: vec![PlannedStep::from(&step)],
        },
        Event::Step {
            stack: "local",
            id: &step.id,
            title: &step.title,
            state: StepState::Done,
            seconds: Some(0.5),
        },
        Event::Note {
            message: "the supervisor answers",
        },
        Event::Warning {
            message: "the supervisor does not answer; starting it again",
        },
        Event::Error {
            exit: 4,
            name: "not-found",
            message: "there is no stack \"here\"",
            remedies: &remedies,
        },
        Event::Applied {
            name,
            outcome: "created",
        },
        Event::Cracker {
            resource: &resource,
        },
        Event::Deleted { name },
        Event::Progress {
            name,
            reason: "Search",
            done: 512,
            all: 28364,
            word: "candidates",
            rate: 256.0,
            seconds_left: Some(108.8),
            workers: 3,
        },
        Event::Ended {
            name,
            reason: "Infeasible",
            message: "no method can reach it within 24 CPU-hours",
        },
        Event::result(name, &solution),
        Event::Unit {
            name,
            plan: 0,
            method: "trial-division",
            unit: &unit,
        },
        Event::Log {
            component: "master",
            text: "serving on 127.0.0.1:8080",
        },
        Event::Stack {
            name: "local",
            provider: "local",
            created_at: 1_767_225_600,
            state: "complete",
            folder: "/home/me/.local/state/rsac/stacks/local",
        },
        Event::Image {
            reference: "localhost/rsac-infra:0.1.0-0123456789ab",
            digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            platform: "linux/amd64",
            place: "rsac-infra.tar",
        },
        Event::Removed { stack: "local" },
        Event::Orphan {
            id: "/subscriptions/0/resourceGroups/rsac-azure",
            stack: "azure",
            stack_id: "5d1b8f0c9a7e6432",
            is_known: false,
            expires_at: Some(1_767_225_600),
            managed_by: None,
        },
    ];
    let places: Vec<usize> = events.iter().map(place).collect();
    assert_eq!(places, (0..17).collect::<Vec<_>>());

    let text = std::fs::read_to_string(page("events.md")).unwrap();
    let mut missing = Vec::new();
    for event in &events {
        let line = event.to_line();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let heading = format!("\n## `{}`\n", value["type"].as_str().unwrap());
        if !text.contains(&heading) || !text.contains(&format!("\n{line}\n")) {
            missing.push(line);
        }
    }
    assert!(
        missing.is_empty(),
        "docs/reference/events.md lacks\n{}",
        missing.join("\n")
    );
}
