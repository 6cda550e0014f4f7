//! Resource ids of Azure: `/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME…`.
//! Their case varies between answers, so they are compared without it.

/// Whether two ids, or names in them, mean the same.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/')
        .eq_ignore_ascii_case(b.trim_end_matches('/'))
}

/// What follows a segment of that name.
fn after<'id>(id: &'id str, name: &str) -> Option<&'id str> {
    let mut segments = id.split('/').filter(|segment| !segment.is_empty());
    segments.find(|segment| segment.eq_ignore_ascii_case(name))?;
    segments.next()
}

/// The resource group that an id is in.
pub(crate) fn group(id: &str) -> Option<&str> {
    after(id, "resourceGroups")
}

/// The subscription that an id is in.
pub(crate) fn subscription(id: &str) -> Option<&str> {
    after(id, "subscriptions")
}

/// Whether an id names something of a type: `Microsoft.Network/networkWatchers`.
pub(crate) fn is_of(id: &str, type_: &str) -> bool {
    let within = format!("/providers/{type_}/").to_lowercase();
    id.to_lowercase().contains(&within)
}

/// The name of what an id names.
pub(crate) fn name(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// Whether an id is `within`, or is it.
pub(crate) fn is_within(id: &str, within: &str) -> bool {
    let (id, within) = (id.to_lowercase(), within.to_lowercase());
    let within = within.trim_end_matches('/');
    id == within
        || id
            .strip_prefix(within)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_without_case() {
        let id =
            "/subscriptions/s/resourcegroups/MyGroup/providers/Microsoft.Network/networkWatchers/w";
        assert_eq!(group(id), Some("MyGroup"));
        assert_eq!(name(id), "w");
        assert!(
            is_of(id, "microsoft.network/NetworkWatchers")
                && !is_of(id, "Microsoft.Network/virtualNetworks")
        );
        assert_eq!(group("/subscriptions/s"), None);
        assert!(same(id, &id.to_uppercase()));
        assert!(is_within(id, "/SUBSCRIPTIONS/s/resourceGroups/mygroup"));
        assert!(is_within(id, id));
        assert!(!is_within(id, "/subscriptions/s/resourceGroups/my"));
    }
}
