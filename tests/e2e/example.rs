//! The first system's manifest, and the words around it.

use crate::run::condition;
use crate::support::Stack;

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/example/01-rsac.yaml"
);

#[test]
fn the_first_systems_manifest_works_unchanged() {
    let stack = Stack::new();
    let run = stack.ok(&["up", "--provider", "local", "-f", EXAMPLE, "--wait"]);
    assert_eq!(run.factors(), ["15581", "51637"]);
    assert_eq!(
        run.events.last().unwrap()["type"],
        "result",
        "the last line is the result"
    );

    let resource = stack.resource("my-rsac");
    assert_eq!(condition(&resource, "Finished").0, "True");
    assert_eq!(condition(&resource, "Succeeded"), ("True", "Factored"));
    assert!(
        !resource.to_string().contains("15581"),
        "factors in a resource: {resource:#}"
    );

    let progress = stack.command(&["progress", "my-rsac"]).output().unwrap();
    let progress: serde_json::Value = serde_json::from_slice(&progress.stdout).unwrap();
    assert_eq!(progress["solution"], 15581);
    assert_eq!(progress["progress_done"], progress["progress_all"]);
    assert_eq!(
        progress.as_object().unwrap().len(),
        3,
        "three fields: {progress}"
    );

    assert_eq!(
        stack.ok(&["result", "my-rsac"]).factors(),
        ["15581", "51637"]
    );
    stack.down();
}

#[test]
fn a_number_that_is_changed_and_applied_again_is_factored_too() {
    let stack = Stack::new();
    let manifest = stack.state_dir().join("job.yaml");
    let write = |number: &str| {
        let example = std::fs::read_to_string(EXAMPLE).unwrap();
        std::fs::write(&manifest, example.replace("804556097", number)).unwrap();
    };
    let path = manifest.to_str().unwrap();

    write("804556097");
    assert_eq!(
        stack.ok(&["up", "-f", path, "--wait"]).factors(),
        ["15581", "51637"]
    );
    write("'1000036000099'");
    assert_eq!(
        stack.ok(&["apply", "-f", path, "--wait"]).factors(),
        ["1000003", "1000033"]
    );
    write("804556097");
    assert_eq!(
        stack.ok(&["apply", "-f", path, "--wait"]).factors(),
        ["15581", "51637"]
    );

    std::fs::remove_file(&manifest).unwrap();
    stack.down();
}

#[test]
fn a_named_method_is_searched_by_workers() {
    let stack = Stack::new();
    for (name, method) in [("trial", "trial-division"), ("sieve", "quadratic-sieve")] {
        let words = [
            "crack",
            "804556097",
            "--name",
            name,
            "--method",
            method,
            "--wait",
        ];
        let run = stack.ok(&words);
        assert_eq!(run.factors(), ["15581", "51637"]);
        assert_eq!(run.last("result")["method"], method);
        let units = stack.ok(&["units", name]);
        let units = units.events.iter().filter(|e| e["type"] == "unit");
        let holders: usize = units.map(|u| u["holders"].as_array().unwrap().len()).sum();
        assert!(holders > 0, "{method}: no worker held a unit");
    }
    stack.down();
}

#[test]
fn down_prints_a_result_that_nobody_has_seen() {
    let stack = Stack::new();
    stack.ok(&["crack", "1000036000099", "--name", "unseen"]);
    stack.until("unseen", "finished", |r| {
        condition(r, "Finished").0 == "True"
    });
    let run = stack.down();
    assert_eq!(run.factors(), ["1000003", "1000033"]);
}
