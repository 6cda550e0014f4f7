//! Who made what: the marks on objects in a cluster. What a stack created carries its id
//! and the run's, and `down` deletes nothing that does not.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rsac_api::names::{INSTALLED_BY, MANAGED_BY_LABEL, PROVISIONER, RUN, STACK_LABEL};
use std::collections::BTreeMap;

/// A stack, as its marks tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The stack's id.
    pub stack: String,
    /// The run of `up`.
    pub run: String,
}

impl Marks {
    /// Marks an object as installed by this stack.
    pub fn install(&self, meta: &mut ObjectMeta) {
        self.install_for(meta, Some(&self.stack));
        let annotations = meta.annotations.get_or_insert_default();
        annotations.insert(RUN.to_owned(), self.run.clone());
    }

    /// Marks an object as installed by the stack that did it first, or, where a user did,
    /// by none: what this stack upgrades does not become its own.
    pub fn install_for(&self, meta: &mut ObjectMeta, installer: Option<&str>) {
        let Some(installer) = installer else {
            return;
        };
        let labels = meta.labels.get_or_insert_default();
        labels.insert(MANAGED_BY_LABEL.to_owned(), PROVISIONER.to_owned());
        let annotations = meta.annotations.get_or_insert_default();
        annotations.insert(INSTALLED_BY.to_owned(), installer.to_owned());
    }

    /// Marks a job as made by this stack.
    pub fn job(&self, meta: &mut ObjectMeta) {
        let labels = meta.labels.get_or_insert_default();
        labels.insert(STACK_LABEL.to_owned(), self.stack.clone());
        let annotations = meta.annotations.get_or_insert_default();
        annotations.insert(RUN.to_owned(), self.run.clone());
    }

    /// Whether this stack installed the object.
    pub fn installed(&self, meta: &ObjectMeta) -> bool {
        installer(meta) == Some(&self.stack)
    }

    /// Whether this stack made the job.
    pub fn made(&self, meta: &ObjectMeta) -> bool {
        value(&meta.labels, STACK_LABEL) == Some(&self.stack)
    }
}

/// The stack that installed an object.
pub fn installer(meta: &ObjectMeta) -> Option<&str> {
    value(&meta.annotations, INSTALLED_BY)
}

fn value<'a>(map: &'a Option<BTreeMap<String, String>>, key: &str) -> Option<&'a str> {
    map.as_ref()?.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_its_stack_from_others() {
        let marks = |stack: &str| Marks {
            stack: stack.to_owned(),
            run: "r".to_owned(),
        };
        let mut meta = ObjectMeta::default();
        assert!(!marks("a").installed(&meta) && !marks("a").made(&meta));
        marks("a").install(&mut meta);
        marks("a").job(&mut meta);
        assert!(marks("a").installed(&meta) && marks("a").made(&meta));
        assert!(!marks("b").installed(&meta) && !marks("b").made(&meta));
        // An upgrade by b leaves it a's.
        let a = installer(&meta).map(str::to_owned);
        marks("b").install_for(&mut meta, a.as_deref());
        assert!(marks("a").installed(&meta) && !marks("b").installed(&meta));
        let mut users = ObjectMeta::default();
        marks("b").install_for(&mut users, None);
        assert_eq!(users, ObjectMeta::default());
    }
}
