//! The ARM template says the same as the evaluator.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod arm_evaluator;

use arm_evaluator::Arm;
use proptest::prelude::*;
use rsac_bicep::{Context, MAIN_BICEP, OutputValue, Parameters, Template};
use serde_json::{Value, json};

fn context() -> Context {
    Context {
        subscription: "00000000-0000-0000-0000-000000000001".to_owned(),
        resource_group: "g".to_owned(),
        location: "uksouth".to_owned(),
    }
}

/// Bodies with names and types, by either way; none where it is refused.
fn both(text: &str, parameters: &Parameters) -> (Option<Vec<Value>>, Option<Vec<Value>>) {
    let template = Template::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let evaluated = template.evaluate(parameters, &context()).ok();
    let evaluated = evaluated.map(|deployment| {
        let resources = deployment.resources.into_iter().map(|resource| {
            let mut body = resource.body;
            body["name"] = resource.name.into();
            body["type"] = resource.type_.into();
            body["apiVersion"] = resource.api_version.into();
            body
        });
        let outputs = deployment
            .outputs
            .into_iter()
            .filter_map(|it| match it.value {
                OutputValue::Known(value) => Some(value),
                OutputValue::OfResource { .. } => None,
            });
        resources.chain(outputs).collect()
    });
    let arm = template.arm_json();
    let context = context();
    let group = context.resource_group_id();
    let evaluator = Arm {
        template: &arm,
        given: &template.arm_parameters(parameters).unwrap(),
        group: json!({"id": group, "name": "g", "location": "uksouth"}),
        subscription: json!({
            "id": context.subscription_id(),
            "subscriptionId": context.subscription,
        }),
    };
    (evaluated, all_of(&evaluator))
}

fn all_of(arm: &Arm<'_>) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    for resource in arm.template["resources"].as_array().unwrap() {
        let mut resource = resource.clone();
        let condition = resource.as_object_mut().unwrap().remove("condition");
        if condition.is_none_or(|it| arm.value(&it) == Some(json!(true))) {
            all.push(arm.value(&resource)?);
        }
    }
    for output in arm.template["outputs"].as_object().unwrap().values() {
        let value = &output["value"];
        if !value.to_string().contains("reference(") {
            all.push(arm.value(value)?);
        }
    }
    Some(all)
}

#[test]
fn the_declaration_is_the_same_by_either_way() {
    for spot in [0, 3] {
        let mut parameters = Parameters::default();
        parameters.set("sshRSAPublicKey", "ssh-rsa A'[B]{0}");
        parameters.set("spotWorkers", spot);
        parameters.set("tags", json!({"a": "[b]"}));
        let (evaluated, arm) = both(MAIN_BICEP, &parameters);
        assert!(evaluated.is_some());
        assert_eq!(evaluated, arm);
    }
}

#[test]
fn all_that_the_language_has_is_the_same_by_either_way() {
    let text = r"
@allowed(['a', 'b'])
param one string = 'a'
param two array = [1, 2]
param three string = '${one}-${resourceGroup().location}'
param here bool = true
var bracket = '[not(code)]'
var open = '[half'
var text = 'it'
var quoted = 'it\'s {here} \${not} ${length(two)} ${here} \u{2026}\n'
var long = '''
no ${code} 'here' \n'''
var merged = union({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 3 }, 'e-f': null })
var sums = [1 + 2 * 3 - 8 / 3 % 2, -(4 - 9), (1 + 2) * 3, - 7]
var tests = [
  1 < 2 && 2 <= 2 || !(3 > 4), 3 >= 4
  'a' == 'a' ? 'same' : 'other'
  'a' != 'A'
    ? {
        deep: [{ x: two[1] }]
      }
    : null
  null ?? 'default'
  empty('') || empty([]) && !empty({ a: 1 })
]
resource r 'Microsoft.Some/things@2025-01-01-preview' = if (here && one == 'a') {
  name: toLower('${toUpper(one)}X')
  location: resourceGroup().location
  properties: {
    '[key]': merged.b.d
    id: subscription().subscriptionId
    group: resourceGroup().name
    quoted: concat(quoted, long, text, string(3), string(false))
    lists: [union(two, [2, 3]), concat(two, [2, 3])]
    sums: sums, tests: tests, bracket: bracket, open: open
    'e-f': merged['e-f']
    three: three
  }
}
resource never 'Microsoft.Some/things@2025-01-01' = if (!here) {
  name: 'n'
}
output id string = r.id
output name string = '${r.name} of ${r.type} ${r.apiVersion}'
output where string = never.location
";
    let (evaluated, arm) = both(text, &Parameters::default());
    let evaluated = evaluated.unwrap();
    assert_eq!(Some(&evaluated), arm.as_ref());
    assert_eq!(evaluated[0]["name"], "ax");
    assert_eq!(evaluated[0]["properties"]["sums"], json!([7, 5, 9, -7]));
    let quoted = "it's {here} ${not} 2 True …\nno ${code} 'here' \\nit3False";
    assert_eq!(evaluated[0]["properties"]["quoted"], quoted);
    insta::assert_json_snapshot!("language", evaluated);
}

/// Makes expressions out of choices, so that a failing one can be made smaller.
struct Maker {
    choices: Vec<u8>,
    depth: usize,
}

impl Maker {
    fn choice(&mut self, among: u8) -> u8 {
        let choice = self.choices.pop().unwrap_or(0);
        choice % among
    }

    fn deeper(&mut self, make: impl FnOnce(&mut Self) -> String) -> String {
        self.depth += 1;
        let made = make(self);
        self.depth -= 1;
        made
    }

    fn int(&mut self) -> String {
        let simple = self.depth > 4;
        match self.choice(if simple { 3 } else { 8 }) {
            0 => "7".to_owned(),
            1 => "number".to_owned(),
            2 => "-3".to_owned(),
            3 => self.deeper(|it| format!("length({})", it.text())),
            4 => self.deeper(|it| format!("({} ? {} : {})", it.truth(), it.int(), it.int())),
            5 => self.deeper(|it| format!("-({})", it.int())),
            _ => self.deeper(|it| {
                let sign = ["+", "-", "*", "/", "%"][usize::from(it.choice(5))];
                format!("({} {sign} {})", it.int(), it.int())
            }),
        }
    }

    fn truth(&mut self) -> String {
        let simple = self.depth > 4;
        match self.choice(if simple { 3 } else { 8 }) {
            0 => "true".to_owned(),
            1 => "false".to_owned(),
            2 => "flag".to_owned(),
            3 => self.deeper(|it| format!("!({})", it.truth())),
            4 => self.deeper(|it| format!("empty({})", it.text())),
            5 => self.deeper(|it| format!("({} == {})", it.text(), it.text())),
            6 => self.deeper(|it| {
                let sign = ["&&", "||", "==", "!="][usize::from(it.choice(4))];
                format!("({} {sign} {})", it.truth(), it.truth())
            }),
            _ => self.deeper(|it| {
                let sign = ["<", "<=", ">", ">="][usize::from(it.choice(4))];
                format!("({} {sign} {})", it.int(), it.int())
            }),
        }
    }

    fn text(&mut self) -> String {
        let simple = self.depth > 4;
        match self.choice(if simple { 4 } else { 8 }) {
            0 => "''".to_owned(),
            1 => r"'[a\'b]'".to_owned(),
            2 => "'{0}}'".to_owned(),
            3 => "word".to_owned(),
            4 => self.deeper(|it| format!("toUpper({})", it.text())),
            5 => self.deeper(|it| format!("concat({}, {})", it.text(), it.text())),
            6 => self.deeper(|it| format!("({} ? {} : {})", it.truth(), it.text(), it.text())),
            _ => self.deeper(|it| {
                let (a, b, c) = (it.text(), it.int(), it.truth());
                format!("'[${{{a}}}{{${{{b}}}${{{c}}}]'")
            }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_expression_is_the_same_by_either_way(
        choices in proptest::collection::vec(any::<u8>(), 0..120),
        number in prop_oneof![4 => -9..20_i64, 1 => any::<i64>()],
        flag: bool,
        word in "[ -~é]{0,12}",
    ) {
        let mut maker = Maker { choices, depth: 0 };
        let (text, int, truth) = (maker.text(), maker.int(), maker.truth());
        let text = format!(
            "param number int\nparam flag bool\nparam word string\nvar v = {text}\n\
             resource r 'M.S/t@2025-01-01' = {{\n  name: 'n'\n  a: v\n  b: [{int}]\n  c: {truth}\n}}\n"
        );
        let mut parameters = Parameters::default();
        parameters.set("number", number);
        parameters.set("flag", flag);
        parameters.set("word", word);
        let (evaluated, arm) = both(&text, &parameters);
        prop_assert_eq!(evaluated, arm, "{}", text);
    }
}
