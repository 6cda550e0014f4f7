//! The product on a real Kubernetes: the real executable, its image, real pods, nothing
//! faked. Each story is told as its user would live it.
//!
//! `RSAC_TEST_KUBECONFIG` says where the cluster is (scripts/test-cluster brings one up).
//! Without that variable every story is ignored, and counted so; with it, the cluster
//! must call itself disposable (docs/development/test-cluster.md). What the cluster cannot
//! do, such as losing a node, is ignored alone.
//!
//! Stories share the cluster, and are told in [`PARTS`], each in a namespace or with jobs of
//! its own: together where none disturbs another, else one after another. A part is a run of
//! its own, with closing lines of its own.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests tell what they do, and may panic"
)]

mod by_hand;
mod cluster;
mod crash;
mod demonstration;
mod faults;
mod gone;
mod operator;
mod place;
mod refused;
mod rights;
mod rules;
#[path = "../e2e/run.rs"]
mod run;
mod services;
mod stack;
mod undecodable;

use cluster::Cluster;
use libtest_mimic::{Arguments, Failed, Trial};
use stack::Bench;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// A story, and whether it needs what only scripts/test-cluster can: nodes to kill, images to
/// load into them, the API server's record.
struct Story {
    name: &'static str,
    tell: fn(&Bench),
    kills_nodes: bool,
}

const fn story(name: &'static str, tell: fn(&Bench)) -> Story {
    Story {
        name,
        tell,
        kills_nodes: false,
    }
}

impl Story {
    const fn with_nodes_of_ours(self) -> Self {
        Self {
            kills_nodes: true,
            ..self
        }
    }
}

/// Stories that are told at the same time; the next part begins when they have ended.
struct Part {
    threads: usize,
    stories: &'static [Story],
}

/// So many at a time, where none disturbs another: more wait than compute.
const TOGETHER: usize = 3;

const PARTS: [Part; 4] = [
    Part {
        threads: 1,
        stories: &[story(
            "the_example_is_solved_and_answers_everywhere",
            demonstration::example,
        )],
    },
    // Each with jobs of its own.
    Part {
        threads: TOGETHER,
        stories: &[
            story("a_sieve_is_scaled_by_everyone", demonstration::scaled_sieve),
            story(
                "a_named_method_is_scaled_by_everyone",
                demonstration::scaled,
            ),
            story("a_suspended_job_keeps_its_ledger", demonstration::suspended),
            story("what_is_deleted_is_gone", gone::deleted),
            story("a_service_gives_its_address", services::types),
            story(
                "bad_resources_are_refused_and_recover",
                rules::bad_resources,
            ),
        ],
    },
    // What happens to nodes, operator or definition happens to everybody.
    Part {
        threads: 1,
        stories: &[
            story("kills_of_pods_lose_nothing", faults::pods),
            story("a_lost_node_loses_nothing", faults::node).with_nodes_of_ours(),
            story("each_node_is_drained_in_turn", faults::drained),
            story("the_operator_calls_what_it_may", rights::calls).with_nodes_of_ours(),
            story("down_leaves_nothing", gone::down),
            story("kubectl_alone_brings_and_removes_it", by_hand::plain).with_nodes_of_ours(),
            story(
                "kustomize_gives_it_an_image_and_a_namespace",
                by_hand::kustomize,
            )
            .with_nodes_of_ours(),
            // From here with operators outside the cluster, where none is inside any more.
            story("an_operator_waits_for_its_definition", operator::waits),
            story("what_cannot_be_read_stops_nobody_else", undecodable::job),
        ],
    },
    // Each in a namespace of its own, with an operator for that one.
    Part {
        threads: TOGETHER,
        stories: &[
            story("a_crash_at_any_write_changes_nothing", crash::campaign),
            story(
                "children_are_restored_and_strangers_left_alone",
                operator::restores,
            ),
            story("of_two_operators_one_acts", operator::two),
            story("what_is_refused_stops_nothing_else", refused::children),
            story("another_operator_leaves_pods_alone", operator::upgraded),
            story(
                "made_suspended_a_job_takes_nothing",
                operator::suspended_first,
            ),
        ],
    },
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cluster = Cluster::find();
    if let Err(why) = &cluster {
        println!("ignored: {why}");
    }
    let found = cluster.is_ok();
    let can_kill = cluster.as_ref().is_ok_and(Cluster::can_kill_nodes);
    let bench = Arc::new(OnceLock::new());
    // Once found so, it is so for every story after: each would wait for pods in vain.
    let unfit = Arc::new(OnceLock::<String>::new());
    let cluster = Arc::new(cluster.ok());
    let mut has_failed = false;
    for part in &PARTS {
        let trial = |story: &'static Story| {
            let (bench, cluster) = (Arc::clone(&bench), Arc::clone(&cluster));
            let unfit = Arc::clone(&unfit);
            let tell = move || {
                let Some(cluster) = cluster.as_ref() else {
                    return Err(Failed::from("RSAC_TEST_KUBECONFIG is not set"));
                };
                if unfit.get().is_none()
                    && let Some(why) = cluster.unfit()
                {
                    let _ = unfit.set(why);
                }
                if let Some(why) = unfit.get() {
                    return Err(Failed::from(why));
                }
                let begun = Instant::now();
                let told = catch_unwind(AssertUnwindSafe(|| {
                    (story.tell)(bench.get_or_init(|| Bench::new(cluster.clone())));
                }));
                println!("{}: {:.0} s", story.name, begun.elapsed().as_secs_f64());
                told.map_err(|panic| Failed::from(words_of(&*panic)))
            };
            let runs = found && (can_kill || !story.kills_nodes);
            Trial::test(story.name, tell).with_ignored_flag(!runs)
        };
        let mut arguments = arguments.clone();
        let most = arguments.test_threads.unwrap_or(part.threads);
        arguments.test_threads = Some(most.min(part.threads));
        let trials = part.stories.iter().map(trial).collect();
        has_failed |= libtest_mimic::run(&arguments, trials).has_failed();
    }
    if let Some(bench) = bench.get() {
        bench.clean_up(has_failed);
    }
    if has_failed {
        ExitCode::from(101)
    } else {
        ExitCode::SUCCESS
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked without words")
        .to_owned()
}
