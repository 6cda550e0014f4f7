//! What a template comes to: resources with their bodies, and outputs.

use serde_json::Value;

/// Where a template is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The subscription's id, a GUID.
    pub subscription: String,
    /// The resource group's name.
    pub resource_group: String,
    /// The resource group's region.
    pub location: String,
}

impl Context {
    /// The id of the subscription as a resource.
    pub fn subscription_id(&self) -> String {
        format!("/subscriptions/{}", self.subscription)
    }

    /// The id of the resource group.
    pub fn resource_group_id(&self) -> String {
        let subscription = self.subscription_id();
        format!("{subscription}/resourceGroups/{}", self.resource_group)
    }
}

/// What is to be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// In the order of the text.
    pub resources: Vec<Resource>,
    /// In the order of the text.
    pub outputs: Vec<Output>,
}

/// A resource to put.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name in the template.
    pub symbol: String,
    /// `Microsoft.ContainerService/managedClusters`.
    pub type_: String,
    /// `2025-10-01`.
    pub api_version: String,
    /// Its name in Azure.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The body of the PUT: every field but the name, which is in the address.
    pub body: Value,
}

/// What a template says of itself at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: OutputValue,
}

/// An output's value.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// Known beforehand.
    Known(Value),
    /// What Azure says of a resource once it is there.
    OfResource {
        /// The resource's symbol; it may be missing from the resources, where its
        /// condition does not hold.
        symbol: String,
        /// The fields on the way to the value: `properties`, `fqdn`.
        path: Vec<String>,
    },
}

impl Output {
    /// The value, given the body that Azure answers for a resource; none where there is
    /// none, or the field is not in it.
    pub fn read<'a>(&'a self, body: impl FnOnce(&str) -> Option<&'a Value>) -> Option<&'a Value> {
        match &self.value {
            OutputValue::Known(value) => Some(value),
            OutputValue::OfResource { symbol, path } => path
                .iter()
                .try_fold(body(symbol)?, |value, field| value.get(field)),
        }
    }
}
