//! Resource groups. A delete takes everything with it, and says 202 with a `Location` only.

use super::listing::{self, Filter};
use super::{cluster_ends, not_allowed};
use crate::answer::{Answer, Reply};
use crate::gateway::{Call, invalid_content};
use crate::needs::{being_deleted, no_group};
use crate::operations::{Begin, Deed, Outcome, Style};
use crate::request::within;
use crate::state::Group;
use crate::world::World;
use serde_json::{Map, Value};

/// Everything about groups.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    let Some(name) = call.target.group.clone() else {
        return list(call);
    };
    match (call.request.method.as_str(), call.action.is_some()) {
        ("PUT", false) => put(call, &name),
        ("PATCH", false) => patch(call, &name),
        ("GET", false) => {
            call.need_group()?;
            let group = call
                .world
                .state
                .group(&name)
                .ok_or_else(|| no_group(&name))?;
            Ok(Answer::json(200, group.body()))
        }
        ("HEAD", false) => {
            call.need_group()?;
            Ok(Answer::empty(204))
        }
        ("DELETE", false) => delete(call, &name),
        _ => Err(not_allowed(call)),
    }
}

fn list(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    let filter = Filter::of(call)?;
    let groups = call.world.state.groups.values();
    let seen = groups
        .filter(|group| group.hidden == 0)
        .filter(|group| call.may_read(call.kind.name, &group.id))
        .map(Group::body)
        .filter(|body| filter.passes(body));
    let items = seen.collect();
    listing::answer(call, items)
}

fn put(call: &mut Call<'_>, name: &str) -> Reply {
    let fields = [
        "location",
        "tags",
        "managedBy",
        "properties",
        "name",
        "id",
        "type",
    ];
    if let Some(unknown) = call.body.as_object().and_then(|body| {
        body.keys()
            .find(|key| !fields.iter().any(|known| known.eq_ignore_ascii_case(key)))
    }) {
        return Err(invalid_content(&format!(
            "Could not find member '{unknown}' on object of type 'ResourceGroupDefinition'. Path \
             '{unknown}', line 1, position 1."
        )));
    }
    check_name(name)?;
    let tags = tags(&call.body)?;
    let location = call.need_region(|given, regions| {
        let message = format!(
            "The provided location '{given}' is not available for resource group. List of \
             available regions is '{regions}'."
        );
        ("LocationNotAvailableForResourceGroup", message)
    })?;
    call.need_unlocked("write", false)?;
    let managed_by = call.body["managedBy"].as_str().map(str::to_owned);
    if let Some(there) = call.world.state.groups.get_mut(&name.to_ascii_lowercase()) {
        if there.provisioning == "Deleting" {
            return Err(being_deleted(name));
        }
        if there.location != location {
            return Err(Answer::gateway(
                409,
                "InvalidResourceGroupLocation",
                format!(
                    "Invalid resource group location '{location}'. The Resource group already \
                     exists in location '{}'.",
                    there.location
                ),
            ));
        }
        if there.managed_by != managed_by {
            return Err(Answer::gateway(
                409,
                "ResourceGroupManagedByMismatch",
                format!("The managedBy property of resource group '{name}' cannot be changed."),
            ));
        }
        there.tags = tags;
        return Ok(Answer::json(200, there.body()));
    }
    let group = Group {
        id: format!("{}/resourceGroups/{name}", call.world.root()),
        name: name.into(),
        location,
        tags,
        managed_by,
        provisioning: "Succeeded".into(),
        hidden: call.world.plan.hide,
    };
    let answer = Answer::json(201, group.body());
    call.world
        .state
        .groups
        .insert(name.to_ascii_lowercase(), group);
    Ok(answer)
}

fn patch(call: &mut Call<'_>, name: &str) -> Reply {
    call.need_group()?;
    let tags = tags(&call.body)?;
    call.need_unlocked("write", false)?;
    let going = call.world.group_is_going(name);
    let Some(group) = call.world.state.groups.get_mut(&name.to_ascii_lowercase()) else {
        return Err(no_group(name));
    };
    if going {
        return Err(being_deleted(name));
    }
    if call.body.get("tags").is_some() {
        group.tags = tags;
    }
    Ok(Answer::json(200, group.body()))
}

fn delete(call: &mut Call<'_>, name: &str) -> Reply {
    call.need_group()?;
    let Some(group) = call.world.state.group(name).cloned() else {
        return Err(no_group(name));
    };
    call.need_unlocked("delete", true)?;
    let running = call.world.running(&group.id).map(|one| one.id.clone());
    let id = match running {
        Some(id) => id,
        None => {
            // Azure stops what still runs in the group.
            for one in call.world.state.operations.values_mut() {
                if one.outcome.is_none() && within(&one.resource, &group.id) {
                    one.outcome = Some(Outcome::Canceled);
                }
            }
            if let Some(group) = call.world.state.groups.get_mut(&name.to_ascii_lowercase()) {
                group.provisioning = "Deleting".into();
            }
            let api = call.api.clone();
            call.world.begin(Begin {
                style: Style::Location,
                deed: Deed::DeleteGroup,
                resource: &group.id,
                location: &group.location,
                api: &api,
                stages: Vec::new(),
            })
        }
    };
    Ok(call.world.announce(Answer::empty(202), &id, true))
}

/// The end of a group's delete: with it go node resource groups of clusters in it.
pub(crate) fn deleted(world: &mut World, id: &str, outcome: &Outcome) {
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    if *outcome != Outcome::Succeeded {
        // Azure rolls the group back; what it held stays.
        if let Some(group) = world.state.groups.get_mut(&name.to_ascii_lowercase()) {
            group.provisioning = "Succeeded".into();
        }
        return;
    }
    let clusters: Vec<String> = world
        .state
        .of_kind("Microsoft.ContainerService/managedClusters", id)
        .map(|one| one.id.clone())
        .collect();
    for cluster in clusters {
        cluster_ends::remove(world, &cluster);
    }
    world.state.remove_group(&name);
}

fn check_name(name: &str) -> Result<(), Answer> {
    let fits = |one: char| one.is_alphanumeric() || "-_.()".contains(one);
    let problem = if name.chars().count() > 90 {
        "exceeds the maximum length of 90 characters".to_owned()
    } else if name.ends_with('.') {
        "ends with a period".to_owned()
    } else if let Some(bad) = name.chars().find(|one| !fits(*one)) {
        format!("has these invalid characters: '{bad}'")
    } else {
        return Ok(());
    };
    Err(Answer::gateway(
        400,
        "InvalidResourceGroup",
        format!(
            "The provided resource group name '{name}' {problem}. The name can only be a letter, \
             digit, '-', '.', '(', ')' or '_'."
        ),
    ))
}

/// The tags of a body, checked as Azure checks them everywhere.
pub(crate) fn tags(body: &Value) -> Result<Option<Map<String, Value>>, Answer> {
    let refuse = |code: &str, text: String| Err(Answer::gateway(400, code, text));
    let tags = match body.get("tags") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(tags)) => tags,
        Some(_) => return Err(invalid_content("tags must be an object of strings")),
    };
    if tags.len() > 50 {
        return refuse(
            "TagCountLimitExceeded",
            format!(
                "The maximum number of tags is 50, but {} were given.",
                tags.len()
            ),
        );
    }
    for (name, value) in tags {
        let Some(value) = value.as_str() else {
            return Err(invalid_content(&format!(
                "the value of tag '{name}' must be a string"
            )));
        };
        if name.chars().count() > 512 || value.chars().count() > 256 {
            return refuse(
                "InvalidTagLength",
                format!("Tag '{name}': names have at most 512 characters, values 256."),
            );
        }
        if name.is_empty() || name.chars().any(|one| "<>%&\\?/".contains(one)) {
            return refuse(
                "InvalidTagNameCharacters",
                format!(
                    "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control \
                     characters."
                ),
            );
        }
    }
    Ok(Some(tags.clone()))
}
