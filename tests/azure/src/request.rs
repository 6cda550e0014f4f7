//! A request as the simulator sees it, and an ARM path taken apart. Ids are compared without
//! case, as in Azure.

use bytes::Bytes;
use std::collections::BTreeMap;

/// One request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

impl Request {
    /// A query parameter, its name compared without case.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.raw_query.as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// A header, its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether it may change something.
    pub(crate) fn mutates(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// An ARM path taken apart. Everything is as written; compare without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The whole path without a slash at its end.
    pub(crate) path: String,
    pub(crate) subscription: Option<String>,
    pub(crate) group: Option<String>,
    /// What stands before the last `/providers/`.
    pub(crate) scope: String,
    pub(crate) namespace: Option<String>,
    /// `[managedClusters, agentPools]`.
    pub(crate) types: Vec<String>,
    /// As many as `types`, or one less where the path ends in a type or in an action.
    pub(crate) names: Vec<String>,
    /// What follows a subscription or a group and is no provider: `resources`, `locations`.
    pub(crate) rest: Vec<String>,
}

impl Target {
    /// Takes a decoded path apart; `None` where Azure would know no such path.
    pub(crate) fn parse(path: &str) -> Option<Target> {
        let path = path.trim_end_matches('/').to_owned();
        let mut target = Target {
            path: path.clone(),
            ..Target::default()
        };
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let mut rest = parts.as_slice();
        if let [first, more @ ..] = rest
            && same(first, "subscriptions")
        {
            let [id, more @ ..] = more else {
                return Some(target);
            };
            target.subscription = Some((*id).into());
            rest = more;
            if let [word, more @ ..] = rest
                && same(word, "resourceGroups")
            {
                match more {
                    [] => target.rest = vec!["resourceGroups".into()],
                    [name, more @ ..] => {
                        target.group = Some((*name).into());
                        rest = more;
                    }
                }
            }
        }
        if !target.rest.is_empty() {
            return Some(target);
        }
        // An extension (a lock) follows what it belongs to: the last provider counts. Features
        // are the exception: theirs is named after the provider whose they are.
        let features = rest.len() > 2 && same(rest[1], "Microsoft.Features");
        let last = rest.iter().rposition(|part| same(part, "providers"));
        let Some(at) = (if features { Some(0) } else { last }) else {
            target.scope = path.clone();
            target.rest = rest.iter().map(ToString::to_string).collect();
            return Some(target);
        };
        target.scope = parts[..parts.len() - rest.len() + at].join("/");
        if !target.scope.is_empty() {
            target.scope.insert(0, '/');
        }
        match &rest[at + 1..] {
            [] => target.rest = vec!["providers".into()],
            [namespace, words @ ..] => {
                target.namespace = Some((*namespace).into());
                for pair in words.chunks(2) {
                    target.types.push(pair[0].into());
                    target.names.extend(pair.get(1).map(ToString::to_string));
                }
            }
        }
        Some(target)
    }

    /// `Microsoft.ContainerService/managedClusters`, as written.
    pub(crate) fn kind(&self) -> String {
        let mut kind = self.namespace.clone().unwrap_or_default();
        for part in &self.types {
            kind.push('/');
            kind.push_str(part);
        }
        kind
    }

    /// Whether the path ends in a type: a list, or an action.
    pub(crate) fn ends_in_type(&self) -> bool {
        self.types.len() > self.names.len()
    }

    /// The name of the resource itself.
    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The path one step up: a list's owner, or the resource that an action is for.
    pub(crate) fn parent_path(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(head, _)| head)
    }
}

/// Equal without case.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether `path` is `root` or below it, without case.
pub(crate) fn within(path: &str, root: &str) -> bool {
    let (path, root) = (path.to_ascii_lowercase(), root.to_ascii_lowercase());
    path == root
        || path
            .strip_prefix(&root)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        let target = Target::parse("/subscriptions/s/RESOURCEgroups/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/").unwrap();
        assert_eq!(target.group.as_deref(), Some("g"));
        assert_eq!(
            target.kind(),
            "Microsoft.ContainerService/managedClusters/agentPools"
        );
        assert_eq!(target.names, ["c"]);
        assert!(target.ends_in_type());
    }

    #[test]
    fn an_extension_belongs_to_what_stands_before_it() {
        let target = Target::parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/providers/Microsoft.Authorization/locks/l").unwrap();
        assert_eq!(
            target.scope,
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
        );
        assert_eq!(target.kind(), "Microsoft.Authorization/locks");
        assert_eq!(target.group.as_deref(), Some("g"));
    }

    #[test]
    fn what_is_no_provider_is_the_rest() {
        let target = Target::parse("/subscriptions/s/resourceGroups/g/resources").unwrap();
        assert_eq!(target.rest, ["resources"]);
        let target = Target::parse("/subscriptions/s/resourcegroups").unwrap();
        assert_eq!(
            (target.group, target.rest),
            (None, vec!["resourceGroups".to_owned()])
        );
        assert_eq!(Target::parse("/subscriptions//x"), None);
    }
}
