//! "Did you mean …?" for mistyped names.

/// The candidate that the name was most likely meant to be, if any is near enough.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(nearness, _)| *nearness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let names = ["my-rsac", "weak-key"];
        assert_eq!(closest("my-rsca", names), Some("my-rsac"));
        assert_eq!(closest("weakkey", names), Some("weak-key"));
        assert_eq!(closest("other", names), None);
        assert_eq!(closest("other", []), None);
    }
}
