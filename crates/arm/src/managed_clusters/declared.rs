//! A declared cluster: JSON through the typed model, and what the model does not know. The
//! generated models end at a preview of 2023 and drop newer fields without a word; here each
//! is named, and put back on the wire.

use crate::error::ArmError;
use azure_mgmt_containerservice::models::ManagedCluster;
use serde_json::Value;

/// A field that the model does not know, or changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Beyond {
    /// Its JSON pointer, as `/properties/networkProfile/networkDataplane`.
    pub pointer: String,
    /// Its declared value.
    pub value: Value,
}

/// A cluster's body: the typed model, and what lies beyond it.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    model: ManagedCluster,
    beyond: Vec<Beyond>,
}

impl Declared {
    /// Passes a body through the model and back.
    ///
    /// # Errors
    /// When the model refuses it: a field of the wrong type, or one missing that it needs.
    pub fn from_json(body: &Value) -> Result<Declared, ArmError> {
        let wrong = |error: serde_json::Error| {
            ArmError::Setup(format!("cluster body is no ManagedCluster: {error}"))
        };
        let model: ManagedCluster = serde_json::from_value(body.clone()).map_err(wrong)?;
        let back = serde_json::to_value(&model).map_err(wrong)?;
        let mut beyond = Vec::new();
        differences(body, &back, &mut String::new(), &mut beyond);
        Ok(Declared { model, beyond })
    }

    /// A body that the model knows in full.
    pub fn from_model(model: ManagedCluster) -> Declared {
        Declared {
            model,
            beyond: Vec::new(),
        }
    }

    /// The typed part.
    pub fn model(&self) -> &ManagedCluster {
        &self.model
    }

    /// The fields that did not survive the model.
    pub fn beyond(&self) -> &[Beyond] {
        &self.beyond
    }
}

/// Every value of the declaration that is not the same in what came back.
fn differences(declared: &Value, back: &Value, pointer: &mut String, into: &mut Vec<Beyond>) {
    match (declared, back) {
        (Value::Object(declared), Value::Object(back)) => {
            for (name, value) in declared {
                let length = pointer.len();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                match back.get(name) {
                    Some(other) => differences(value, other, pointer, into),
                    // What is declared as null is as good as absent.
                    None if value.is_null() => {}
                    None => into.push(Beyond {
                        pointer: pointer.clone(),
                        value: value.clone(),
                    }),
                }
                pointer.truncate(length);
            }
        }
        (Value::Array(declared), Value::Array(back)) if declared.len() == back.len() => {
            for (index, (value, other)) in declared.iter().zip(back).enumerate() {
                let length = pointer.len();
                pointer.push_str(&format!("/{index}"));
                differences(value, other, pointer, into);
                pointer.truncate(length);
            }
        }
        (declared, back) if declared == back => {}
        (declared, _) => into.push(Beyond {
            pointer: pointer.clone(),
            value: declared.clone(),
        }),
    }
}

/// Puts the fields back where they were.
pub(super) fn graft(body: &mut Value, beyond: &[Beyond]) {
    for field in beyond {
        let mut place = &mut *body;
        for segment in field.pointer.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            place = match (place.is_array(), name.parse::<usize>()) {
                (true, Ok(index)) => match place.get_mut(index) {
                    Some(inner) => inner,
                    None => return,
                },
                _ => {
                    if !place.is_object() {
                        *place = Value::Object(serde_json::Map::new());
                    }
                    &mut place[name.as_str()]
                }
            };
        }
        *place = field.value.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "location": "uksouth",
            "tags": {"a/b~c": "d"},
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "p",
                "agentPoolProfiles": [
                    {"name": "agentpool", "count": 2, "vmSize": "Standard_B2s", "osDiskSizeGB": 0,
                     "osType": "Linux", "mode": "System", "fancyNewField": {"x": [1]}}
                ],
                "networkProfile": {"networkPolicy": "calico", "networkDataplane": "cilium"}
            }
        })
    }

    #[test]
    fn fields_beyond_the_model_are_named_and_put_back() {
        let declared = Declared::from_json(&body()).unwrap();
        let pointers: Vec<_> = declared
            .beyond()
            .iter()
            .map(|b| b.pointer.as_str())
            .collect();
        assert_eq!(
            pointers,
            [
                "/properties/agentPoolProfiles/0/fancyNewField",
                "/properties/networkProfile/networkDataplane",
            ]
        );
        let mut wire = serde_json::to_value(declared.model()).unwrap();
        graft(&mut wire, declared.beyond());
        let mut again = Vec::new();
        differences(&body(), &wire, &mut String::new(), &mut again);
        assert_eq!(again, []);
    }

    #[test]
    fn a_body_of_the_wrong_type_is_refused() {
        let error =
            Declared::from_json(&json!({"location": "x", "properties": {"agentPoolProfiles": 3}}));
        assert!(error.unwrap_err().to_string().contains("ManagedCluster"));
    }
}
