//! From the flags of `up` to the settings that a stack keeps: what a provider takes, what is
//! fixed once a stack lives somewhere, and the defaults that depend on the user.

use super::azure;
use super::manifests::must_be_a_namespace;
use crate::cli::{ClusterArgs, MinikubeArgs, Only, PlaceArgs};
use crate::cluster::{Cluster, Target, default_files};
use crate::deploy::compat::Consent;
use crate::exit::{Exit, Failure};
use crate::provider::minikube::DEFAULT_PROFILE;
use crate::provider::{DEFAULT_NAMESPACE, ProviderError};
use crate::settings::{AZURE, KUBECONFIG, MINIKUBE};
use crate::stack::{AzurePlace, MinikubePlace, Once, Place, Removal, Stack};
use std::path::Path;

/// What `up` was told of a place.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    place: Place,
    pub(super) once: Once,
    /// The flags that were given: for which providers each is.
    given: Vec<(&'static str, &'static [&'static str])>,
}

const CLUSTERS: &[&str] = &[KUBECONFIG, MINIKUBE, AZURE];

impl Wanted {
    /// From the flags.
    ///
    /// # Errors
    /// When a value cannot be.
    pub(super) fn of(args: &PlaceArgs, only: Option<Only>) -> Result<Self, Failure> {
        let ClusterArgs {
            context,
            kubeconfig,
            namespace,
            image,
            pull_with_login,
            upgrade_operator,
            adopt,
        } = args.cluster.clone();
        let MinikubeArgs {
            profile,
            cpus,
            memory,
            nodes,
            driver,
            kubernetes_version,
        } = args.minikube.clone();
        if let Some(namespace) = &namespace {
            must_be_a_namespace("--namespace", namespace)?;
        }
        let only_minikube: &[&str] = &[MINIKUBE];
        let only_azure: &[&str] = &[AZURE];
        let mut given = vec![
            ("--context", context.is_some(), &[KUBECONFIG][..]),
            ("--kubeconfig", kubeconfig.is_some(), CLUSTERS),
            ("--namespace", namespace.is_some(), CLUSTERS),
            ("--image", image.is_some(), CLUSTERS),
            ("--pull-with-login", pull_with_login.is_some(), CLUSTERS),
            ("--upgrade-operator", upgrade_operator, CLUSTERS),
            ("--adopt", adopt, CLUSTERS),
            ("--only", only.is_some(), CLUSTERS),
            ("--kubeconfig -", is_dash(kubeconfig.as_deref()), only_azure),
            ("--profile", profile.is_some(), only_minikube),
            ("--cpus", cpus.is_some(), only_minikube),
            ("--memory", memory.is_some(), only_minikube),
            ("--nodes", nodes.is_some(), only_minikube),
            ("--driver", driver.is_some(), only_minikube),
            (
                "--kubernetes-version",
                kubernetes_version.is_some(),
                only_minikube,
            ),
        ];
        let of_azure = azure::given(&args.azure);
        given.extend(of_azure.iter().map(|&(flag, is)| (flag, is, only_azure)));
        let pushed = [&args.azure.registry, &args.azure.attach_acr];
        if image.is_some() && pushed.iter().any(|way| way.is_some()) {
            let what = "--image names an image that is there; --registry and --attach-acr push one";
            return Err(Failure::new(Exit::Usage, what).remedy("give one of them"));
        }
        let files = kubeconfig.into_iter().map(|path| {
            if is_dash(Some(&path)) {
                return Ok(path);
            }
            std::path::absolute(&path).map_err(|error| {
                let what = format!("--kubeconfig {}: {error}", path.display());
                Failure::new(Exit::BadInput, what)
            })
        });
        let minikube = MinikubePlace {
            profile,
            cpus,
            memory,
            nodes,
            driver,
            kubernetes_version,
        };
        let is_told = minikube != MinikubePlace::default();
        Ok(Self {
            place: Place {
                kubeconfig: files.collect::<Result<_, _>>()?,
                context,
                namespace,
                image,
                pull_with_login,
                minikube: is_told.then_some(minikube),
                azure: match of_azure.iter().any(|(_, is)| *is) {
                    true => Some(azure::of(&args.azure)?),
                    false => None,
                },
            },
            once: Once {
                consent: Consent {
                    adopt,
                    upgrade: upgrade_operator,
                },
                overwrite_kubeconfig: args.azure.overwrite_existing,
                down: Removal::default(),
            },
            given: given
                .into_iter()
                .filter(|(_, is_given, _)| *is_given)
                .map(|(f, _, p)| (f, p))
                .collect(),
        })
    }

    /// The provider that only these flags can mean; none where they leave it open.
    ///
    /// # Errors
    /// When a flag is none of `provider`'s.
    pub(super) fn must_be_of(&self, provider: &str) -> Result<(), Failure> {
        match self
            .given
            .iter()
            .find(|(_, providers)| !providers.contains(&provider))
        {
            None => Ok(()),
            Some((flag, providers)) => {
                let what = format!("{flag} is not for provider {provider}");
                let remedy = format!("--provider {}", providers.join(" or --provider "));
                Err(Failure::new(Exit::Usage, what).remedy(remedy))
            }
        }
    }

    /// The settings of a stack with these over those that it has, complete for its
    /// provider.
    ///
    /// # Errors
    /// When they would move a stack that lives somewhere, or there is no such context.
    pub(super) async fn settled(&self, stack: &Stack) -> Result<Place, Failure> {
        let old = &stack.record.place;
        let mut place = old.overlaid(&self.place);
        let provider = stack.record.provider.as_str();
        if !CLUSTERS.contains(&provider) {
            return Ok(place);
        }
        login_must_be_of_use(&place)?;
        if provider == AZURE {
            azure::settle(stack, &mut place)?;
            must_stay(stack.name(), old, &place)?;
            return Ok(place);
        }
        if place.kubeconfig.is_empty() {
            place.kubeconfig = default_files(|name| std::env::var_os(name));
        }
        place
            .namespace
            .get_or_insert_with(|| DEFAULT_NAMESPACE.to_owned());
        if provider == MINIKUBE {
            let minikube = place.minikube.get_or_insert_default();
            let profile = minikube
                .profile
                .get_or_insert_with(|| DEFAULT_PROFILE.to_owned());
            place.context = Some(profile.clone());
        } else if old.context.is_none() {
            // The one that is meant, if there is one of that name.
            let target = Target {
                files: place.kubeconfig.clone(),
                context: place.context.clone(),
            };
            let current = Cluster::open(&target).await.map_err(ProviderError::from)?;
            place.context = Some(current.context);
        }
        must_stay(stack.name(), old, &place)?;
        Ok(place)
    }
}

/// A login is for an image in a registry that others keep.
fn login_must_be_of_use(place: &Place) -> Result<(), Failure> {
    let pushed = place.azure.as_ref().is_some_and(|it| it.registry.is_some());
    if place.pull_with_login != Some(true) || place.image.is_some() || pushed {
        return Ok(());
    }
    let what = "--pull-with-login is for an image in a registry of yours, and none is named";
    Err(Failure::new(Exit::Usage, what)
        .remedy("--image REF, or on Azure --registry HOST/REPOSITORY"))
}

/// Standard output in the place of a file.
pub(super) fn is_dash(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}

/// A stack that lives somewhere does not move.
fn must_stay(stack: &str, old: &Place, new: &Place) -> Result<(), Failure> {
    let moved = |flag: &str, old: Option<&str>, new: Option<&str>| match (old, new) {
        (Some(old), Some(new)) if old != new => {
            let what = format!("{flag} {new}: stack {stack} lives in {old}");
            Err(Failure::new(Exit::Conflict, what).remedy("take another --stack"))
        }
        _ => Ok(()),
    };
    let azure = |place: &Place| {
        let azure: AzurePlace = place.azure.clone().unwrap_or_default();
        // Azure tells none of them apart by case.
        [azure.subscription, azure.cloud, azure.resource_group]
            .map(|name| name.map(|name| name.to_lowercase()))
    };
    let flags = ["--subscription", "--cloud", "--resource-group"];
    for (flag, (old, new)) in flags
        .into_iter()
        .zip(azure(old).into_iter().zip(azure(new)))
    {
        moved(flag, old.as_deref(), new.as_deref())?;
    }
    let profile = |place: &Place| place.minikube.as_ref().and_then(|m| m.profile.clone());
    moved(
        "--profile",
        profile(old).as_deref(),
        profile(new).as_deref(),
    )?;
    moved("--context", old.context.as_deref(), new.context.as_deref())?;
    moved(
        "--namespace",
        old.namespace.as_deref(),
        new.namespace.as_deref(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_refused_where_they_mean_nothing() {
        let mut up = PlaceArgs::default();
        assert!(Wanted::of(&up, None).unwrap().must_be_of("local").is_ok());
        up.cluster.namespace = Some("n".to_owned());
        let wanted = Wanted::of(&up, None).unwrap();
        assert!(wanted.must_be_of("kubeconfig").is_ok());
        assert!(wanted.must_be_of("minikube").is_ok());
        let failure = wanted.must_be_of("local").unwrap_err();
        assert_eq!(failure.message, "--namespace is not for provider local");
        up.minikube.nodes = Some(2);
        let failure = Wanted::of(&up, None)
            .unwrap()
            .must_be_of("kubeconfig")
            .unwrap_err();
        assert_eq!(failure.remedies, ["--provider minikube"]);
        up.cluster.namespace = Some("No".to_owned());
        assert_eq!(Wanted::of(&up, None).unwrap_err().exit, Exit::BadInput);
    }

    #[test]
    fn a_stack_does_not_move() {
        let place = |context: &str, namespace: &str| Place {
            context: Some(context.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..Place::default()
        };
        assert!(must_stay("s", &Place::default(), &place("c", "n")).is_ok());
        assert!(must_stay("s", &place("c", "n"), &place("c", "n")).is_ok());
        let failure = must_stay("s", &place("c", "n"), &place("d", "n")).unwrap_err();
        assert_eq!(failure.message, "--context d: stack s lives in c");
        assert!(must_stay("s", &place("c", "n"), &place("c", "m")).is_err());
    }
}
