//! What one run of rsac-infra came to, what a resource says of itself, and the jobs that
//! keep workers busy: for the tests on this machine and those on a cluster.

use serde_json::Value;
use std::process::Command;

/// A job that keeps workers busy for a while.
pub(crate) struct Demo {
    pub(crate) method: &'static str,
    pub(crate) number: &'static str,
    pub(crate) factors: [&'static str; 2],
}

/// 95 % of the candidates come before the divisor.
pub(crate) const TRIAL: Demo = Demo {
    method: "trial-division",
    number: "2770083105013434903617",
    factors: ["50000000021", "55401662077"],
};

/// A run that has ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    /// stdout, an object a line.
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a command that prints JSON.
    pub(crate) fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line} ({command:?})"))
        };
        Self {
            code: output.status.code().unwrap_or(-1),
            events: stdout.lines().map(parse).collect(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The last event of a type.
    pub(crate) fn last(&self, kind: &str) -> &Value {
        self.events
            .iter()
            .rev()
            .find(|event| event["type"] == kind)
            .unwrap_or_else(|| panic!("no {kind} event in {:#?}\n{}", self.events, self.stderr))
    }

    /// All events of a type.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        let events = self.events.iter();
        events
            .filter(|event| event["type"] == kind)
            .cloned()
            .collect()
    }

    /// The factors in the `result` event.
    pub(crate) fn factors(&self) -> Vec<String> {
        let factors = self.last("result")["factors"].as_array().unwrap();
        factors
            .iter()
            .map(|f| f.as_str().unwrap().to_owned())
            .collect()
    }
}

/// A condition's status and reason.
pub(crate) fn condition<'a>(resource: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let conditions = resource["status"]["conditions"].as_array();
    let found = conditions.and_then(|all| all.iter().find(|c| c["type"] == kind));
    let text = |field| found.and_then(|c| c[field].as_str()).unwrap_or_default();
    (text("status"), text("reason"))
}

/// Units that still count are disjoint; none claims more than it has; what is done is
/// wholly covered; and no index is reported in two holdings.
pub(crate) fn check_units(units: &[Value]) {
    let number = |unit: &Value, field: &str| unit[field].as_u64().unwrap();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for unit in units {
        let (from, to) = (number(unit, "from"), number(unit, "to"));
        let holders = unit["holders"].as_array().unwrap();
        let reported: u64 = holders.iter().map(|h| number(h, "reported")).sum();
        assert!(number(unit, "covered") <= to - from, "{unit}");
        assert!(reported <= to - from, "an index counted twice: {unit}");
        match unit["state"].as_str().unwrap() {
            "done" => assert_eq!(number(unit, "covered"), to - from, "{unit}"),
            "split" => continue,
            _ => {}
        }
        ranges.push((from, to));
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "units overlap: {pair:?}");
    }
}
