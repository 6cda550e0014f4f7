//! Network watchers that Azure makes of its own accord when a virtual network appears in a
//! region. `world` tells of the network, `gateway` of time passing.

use crate::settings::WatcherCreation;
use crate::state::Group;
use crate::world::World;
use serde_json::json;

const KIND: &str = "Microsoft.Network/networkWatchers";

/// A virtual network appeared in a region.
pub(crate) fn network_appeared(world: &mut World, region: &str) {
    if present(world, region) {
        return;
    }
    match world.settings.watchers {
        WatcherCreation::Never => {}
        WatcherCreation::AtOnce => create(world, region),
        WatcherCreation::AfterRequests(requests) => {
            world
                .state
                .coming_watchers
                .entry(region.into())
                .or_insert(requests);
        }
    }
}

/// A request came in: late watchers come nearer.
pub(crate) fn pass_time(world: &mut World) {
    let mut due = Vec::new();
    for (region, left) in &mut world.state.coming_watchers {
        *left = left.saturating_sub(1);
        if *left == 0 {
            due.push(region.clone());
        }
    }
    for region in due {
        world.state.coming_watchers.remove(&region);
        // It comes even if the network has gone again meanwhile.
        if !present(world, &region) {
            create(world, &region);
        }
    }
}

fn present(world: &World, region: &str) -> bool {
    let root = world.root();
    world
        .state
        .of_kind(KIND, &root)
        .any(|one| one.body["location"].as_str() == Some(region))
}

fn create(world: &mut World, region: &str) {
    let group = format!("{}/resourceGroups/NetworkWatcherRG", world.root());
    if world.group_is_going("NetworkWatcherRG") {
        return;
    }
    world
        .state
        .groups
        .entry("networkwatcherrg".into())
        .or_insert_with(|| Group {
            id: group.clone(),
            name: "NetworkWatcherRG".into(),
            location: region.into(),
            tags: None,
            managed_by: None,
            provisioning: "Succeeded".into(),
            hidden: 0,
        });
    let name = format!("NetworkWatcher_{region}");
    let id = format!("{group}/providers/{KIND}/{name}");
    world.state.put(
        &id,
        KIND,
        json!({
            "name": name, "id": id, "type": KIND, "location": region,
            "properties": {"provisioningState": "Succeeded", "runningOperationIds": []}
        }),
    );
}
