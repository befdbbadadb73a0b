//! Children that a supervisor's component asks for.

use super::enroll::{Place, init_message};
use super::registry::above;
use super::start::{init_values, written};
use super::{Node, Plan, Registry};
use crate::actor::{Birth, ChildView, Control, Handle, Unborn};
use crate::boundary::export::INIT;
use crate::diagnostic::{Result, Source};
use crate::manifest::{Child, Restart, check_name};
use crate::trace::{ActorId, LogFailed, Request};
use std::ops::Bound;
use std::sync::Arc;
use wasmtime::component::Val;

impl Node {
    /// Keeps a name and a place for a child, until the turn that asks for it is over.
    pub(super) fn reserve(&self, birth: &Birth) -> Result<(), Unborn> {
        let mut registry = self.registry();
        let parent = registry.by_id(birth.step.actor).ok_or(Unborn::NoSuchTemplate)?;
        let path: Arc<str> = format!("{}/{}", parent.actor.name, birth.name).into();
        let template = registry.template(birth).ok_or(Unborn::NoSuchTemplate)?;
        check_name(&birth.name).map_err(|_| Unborn::BadName)?;
        asked_init(template, &path, birth.init.as_deref()).map_err(Unborn::BadInit)?;
        if registry.living.contains_key(&path) || registry.asked.has_reserved(&path) {
            return Err(Unborn::NameTaken);
        }
        if registry.is_full_above(&path) {
            return Err(Unborn::TooMany);
        }
        registry.asked.reserve(birth.step, path);
        Ok(())
    }

    /// Records a child that a turn has asked for, and has its supervisor start it.
    pub(super) fn bear(&self, birth: &Birth) -> Result<(), LogFailed> {
        let mut registry = self.registry();
        registry.asked.release(&birth.step);
        let Some(parent) = registry.by_id(birth.step.actor) else { return Ok(()) };
        let (parent, control) = (parent.actor.clone(), parent.control.clone());
        let path = format!("{}/{}", parent.name, birth.name);
        // Both were so when it was reserved.
        let plan = self.birth_plan(&registry, birth, &path);
        let Some(plan) = plan.filter(|_| !registry.living.contains_key(path.as_str())) else {
            return Ok(());
        };
        let request = Request { step: birth.step, template: birth.template.clone() };
        let place = Place { path, parent: Some(parent.id), request: Some(request) };
        let member = self.enroll(&mut registry, plan, place)?;
        registry.newborn.insert(member.actor().name.clone(), member);
        // A supervisor that has ended for good has nobody to start it, and takes it along.
        let _ = control.send(Control::AddChild(birth.name.clone()));
        Ok(())
    }

    /// What a child is made of that was asked for.
    pub(super) fn birth_plan(
        &self,
        registry: &Registry,
        birth: &Birth,
        path: &str,
    ) -> Option<Plan> {
        let template = registry.template(birth)?;
        let init = asked_init(template, path, birth.init.as_deref()).ok()?;
        let spec = template.spec.as_ref()?;
        Some(Plan {
            init: init_message(&template.program, init, None),
            spec: Some(named(spec, &birth.name)),
            ..template.clone()
        })
    }

    /// The names by which the manifests lead to an actor, from its root: its path, with the templates of those
    /// that were asked for.
    pub fn origin_of(&self, actor: &str) -> String {
        let registry = self.registry();
        let ends = actor.match_indices('/').map(|(end, _)| end).chain([actor.len()]);
        let names = ends.map(|end| {
            let path = &actor[..end];
            let template = registry.living.get(path).and_then(|handle| handle.template.as_deref());
            template.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path)).to_owned()
        });
        names.collect::<Vec<_>>().join("/")
    }

    /// The children of an actor, in the order in which they are started.
    pub(super) fn child_views(&self, of: ActorId) -> Vec<ChildView> {
        let registry = self.registry();
        let Some(parent) = registry.by_id(of) else { return Vec::new() };
        let own = parent.actor.name.len() + 1;
        let children = registry.below(&parent.actor.name);
        let children = children.filter(|(path, _)| !path[own..].contains('/'));
        let view = |(path, handle): (&Arc<str>, &Handle)| ChildView {
            id: handle.actor.id,
            path: path.clone(),
            template: handle.template.clone(),
            running: handle.is_alive(),
            temporary: registry.spec_of(handle).is_some_and(|s| s.restart == Restart::Temporary),
            incarnation: handle.actor.incarnation(),
        };
        let mut views: Vec<ChildView> = children.map(view).collect();
        views.sort_by_key(|view| (view.template.is_some(), view.id));
        views
    }
}

impl Registry {
    /// Those below an actor in the tree, at any depth.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = (&Arc<str>, &Handle)> {
        // `0` comes right after `/`.
        let (from, to) = (format!("{path}/"), format!("{path}0"));
        let range = (Bound::Excluded(from.as_str()), Bound::Excluded(to.as_str()));
        self.living.range::<str, _>(range)
    }

    fn template(&self, birth: &Birth) -> Option<&Plan> {
        self.templates.get(&birth.step.actor)?.get(&birth.template)
    }

    /// Whether an actor above this path has as many on request below it as its grant allows, those included
    /// that turns have asked for.
    fn is_full_above(&self, path: &str) -> bool {
        above(path).any(|above| {
            let grants = self.living.get(above).map(|handle| &handle.actor.manifest.handlers);
            let grant = grants.and_then(|grants| grants.supervisor.as_ref());
            grant.is_some_and(|grant| self.asked.below(above) >= grant.max as usize)
        })
    }

    /// How its supervisor treats an actor; none under the node's root.
    pub(super) fn spec_of(&self, handle: &Handle) -> Option<Child> {
        let (parent, name) = handle.actor.name.rsplit_once('/')?;
        let supervision = self.living.get(parent)?.actor.manifest.supervisor.as_ref()?;
        match &handle.template {
            Some(template) => {
                let mut templates = supervision.templates();
                Some(named(templates.find(|spec| *spec.name.value == **template)?, name))
            }
            None => supervision.static_children().find(|spec| spec.name.value == name).cloned(),
        }
    }
}

/// The template under the name of a child.
pub(super) fn named(template: &Child, name: &str) -> Child {
    let mut spec = template.clone();
    name.clone_into(&mut spec.name.value);
    spec
}

/// The arguments with which a child begins that is asked for; or why they do not fit.
pub(super) fn asked_init(
    template: &Plan,
    path: &str,
    asked: Option<&str>,
) -> Result<Vec<Val>, String> {
    let source = |text: &str| (Source::new(format!("`init` of {path}"), text), 0..text.len());
    let of_manifest = || {
        let own = template.spec.as_ref().and_then(|spec| spec.init.as_ref());
        let init = own.or(template.manifest.actor.init.as_ref())?;
        Some(written(path, init))
    };
    let written = asked.map(source).or_else(of_manifest);
    let values = init_values(path, template.program.function(INIT), written);
    values.map_err(|problem| problem.message.clone())
}
