//! What handlers ask for before they answer: the group, registration, no lock, a region that
//! fits; each with Azure's refusal.

use crate::answer::Answer;
use crate::gateway::Call;
use crate::types;

impl Call<'_> {
    /// The group that the path names; 404 where there is none (or not yet).
    pub(crate) fn need_group(&mut self) -> Result<(), Answer> {
        let Some(name) = self.target.group.clone() else {
            return Ok(());
        };
        if let Some(group) = self.world.state.groups.get_mut(&name.to_ascii_lowercase()) {
            if group.hidden == 0 {
                return Ok(());
            }
            group.hidden -= 1;
        }
        Err(no_group(&name))
    }

    /// What every PUT, PATCH and POST to a resource must get past.
    pub(crate) fn need_writable(&mut self) -> Result<(), Answer> {
        self.need_group()?;
        if let Some(name) = self.target.group.clone()
            && self.world.group_is_going(&name)
        {
            return Err(being_deleted(&name));
        }
        self.need_registered()?;
        self.need_unlocked("write", false)
    }

    /// 409 unless the namespace is registered.
    pub(crate) fn need_registered(&self) -> Result<(), Answer> {
        let namespace = self.target.namespace.clone().unwrap_or_default();
        let state = self
            .world
            .state
            .providers
            .get(&namespace.to_ascii_lowercase());
        if state.is_none_or(|word| word == "Registered") {
            return Ok(());
        }
        Err(Answer::gateway(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{}'. See \
                 https://aka.ms/rps-not-found for how to register subscriptions.",
                types::namespace(&namespace).unwrap_or_default()
            ),
        ))
    }

    /// 409 where a lock forbids it.
    pub(crate) fn need_unlocked(&self, word: &str, deleting: bool) -> Result<(), Answer> {
        let scope = self.target.path.as_str();
        let held = self.world.locks(scope, deleting);
        if held.is_empty() {
            return Ok(());
        }
        Err(Answer::gateway(
            409,
            "ScopeLocked",
            format!(
                "The scope '{scope}' cannot perform {word} operation because following scope(s) \
                 are locked: '{}'. Please remove the lock and try again.",
                held.join(",")
            ),
        ))
    }

    /// The region that a PUT names. `unavailable`: code and message where there is no such
    /// one, from what was given and from the list of those that there are.
    pub(crate) fn need_region(
        &self,
        unavailable: impl FnOnce(&str, &str) -> (&'static str, String),
    ) -> Result<String, Answer> {
        let Some(given) = self.body["location"]
            .as_str()
            .filter(|text| !text.is_empty())
        else {
            return Err(Answer::gateway(
                400,
                "LocationRequired",
                "The location property is required for this definition.",
            ));
        };
        let location = normal(given);
        if !self.world.settings.locations.contains(&location) {
            let (code, message) = unavailable(given, &self.world.settings.locations.join(","));
            return Err(Answer::gateway(400, code, message));
        }
        Ok(location)
    }

    /// The region that a PUT of a resource names, checked against what is there.
    pub(crate) fn need_location(&self) -> Result<String, Answer> {
        let location = self.need_region(|given, regions| {
            let message = format!(
                "The provided location '{given}' is not available for resource type '{}'. List \
                 of available regions for the resource type is '{regions}'.",
                self.kind.name
            );
            ("LocationNotAvailableForResourceType", message)
        })?;
        let there = self.world.state.resource(&self.target.path);
        if let Some(now) = there.and_then(|one| one.body["location"].as_str())
            && normal(now) != location
        {
            return Err(Answer::gateway(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{}' already exists in location '{now}' in resource group \
                     '{}'. A resource with the same name cannot be created in location \
                     '{location}'. Please select a new resource name.",
                    self.target.name(),
                    self.target.group.clone().unwrap_or_default()
                ),
            ));
        }
        Ok(location)
    }

    /// The id that a new resource gets, its group spelled as it was created.
    pub(crate) fn fresh_id(&self) -> String {
        let mut id = self.target.path.clone();
        if let Some(name) = &self.target.group
            && let Some(group) = self.world.state.group(name)
        {
            id = format!("{}{}", group.id, &id[group.id.len().min(id.len())..]);
        }
        // Types and namespace in Azure's own spelling, names as they came.
        let Some((scope, _)) = id.rsplit_once("/providers/") else {
            return id;
        };
        let mut words = self.kind.name.split('/');
        let mut fresh = format!("{scope}/providers/{}", words.next().unwrap_or_default());
        for (word, name) in words.zip(&self.target.names) {
            fresh.push_str(&format!("/{word}/{name}"));
        }
        fresh
    }
}

/// 404 `ResourceGroupNotFound`.
pub(crate) fn no_group(name: &str) -> Answer {
    Answer::gateway(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{name}' could not be found."),
    )
}

/// 409 `ResourceGroupBeingDeleted`.
pub(crate) fn being_deleted(name: &str) -> Answer {
    Answer::gateway(
        409,
        "ResourceGroupBeingDeleted",
        format!(
            "The resource group '{name}' is in deprovisioning state and cannot perform this \
             operation."
        ),
    )
}

/// `UK South` and `uksouth` are one region.
pub(crate) fn normal(location: &str) -> String {
    location.to_ascii_lowercase().replace(' ', "")
}
