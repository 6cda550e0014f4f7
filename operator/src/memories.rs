//! The memories of all jobs of a controller: one for each, for as long as the job is there.

use crate::memory::Memory;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Key = (String, String);
type All = HashMap<Key, Arc<tokio::sync::Mutex<Memory>>>;

/// By namespace and name.
#[derive(Default)]
pub(crate) struct Memories(Mutex<All>);

impl Memories {
    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered of a job; nothing yet of one made anew under an old name.
    pub(crate) async fn of(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> tokio::sync::OwnedMutexGuard<Memory> {
        let key = (namespace.to_owned(), name.to_owned());
        let memory = self.all().entry(key).or_default().clone();
        let mut memory = memory.lock_owned().await;
        if memory.uid != uid {
            *memory = Memory {
                uid: uid.to_owned(),
                ..Memory::default()
            };
        }
        memory
    }

    /// The job is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        self.all().remove(&(namespace.to_owned(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_remembered_of_a_job_goes_with_it() {
        let memories = Memories::default();
        memories.of("jobs", "one", "1").await.failures = 7;
        assert_eq!(memories.of("jobs", "one", "1").await.failures, 7);
        assert_eq!(memories.of("others", "one", "1").await.failures, 0);
        // Made anew under the same name.
        assert_eq!(memories.of("jobs", "one", "2").await.failures, 0);
        assert_eq!(memories.of("jobs", "one", "1").await.failures, 0);
        memories.forget("jobs", "one");
        assert_eq!(memories.all().len(), 1);
        memories.forget("others", "one");
        assert_eq!(memories.all().len(), 0);
    }
}
