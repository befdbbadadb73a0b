//! How the actors of a run that goes on come back into the tree.

use super::enroll::{Place, Templates, init_message};
use super::member::{Init, Member};
use super::recover::{self, Recovered};
use super::spawned::named;
use super::start::{init_values, written};
use super::unfinished::Post;
use super::{Node, Plan, Registry, recorded_manifest};
use crate::actor::{Actor, Birth};
use crate::boundary::export::INIT;
use crate::diagnostic::{Diagnostic, Result, TRACE_DAMAGED};
use crate::manifest::{Child, Manifest, Supervision};
use crate::surroundings;
use crate::trace::{ActorId, Code, Hash, Kind, Request};
use crate::turn::Program;
use crate::world::Binary;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is at hand while the actors of a run come back.
struct Reviving {
    left: Post,
    /// What was read already: many actors can have the same code.
    programs: HashMap<Code, (Arc<Manifest>, Arc<Program>)>,
    templates: HashMap<(Code, BTreeMap<String, Code>), Templates>,
}

impl Node {
    /// Starts the actors of a run that goes on. Answers with those that live again, by name, and with
    /// what kept others from it.
    pub(super) async fn resume(
        &self,
        recovered: Recovered,
        left: Post,
    ) -> Result<(Vec<Arc<Actor>>, Vec<Diagnostic>)> {
        let mut problems = Vec::new();
        let reviving = {
            let node = self.clone();
            // Their components may have to be compiled.
            surroundings::in_background(move || node.revive_all(recovered, left))
        };
        let members = reviving.await.unwrap_or_else(|| Err(self.unwritable()))?;
        let start = |member| {
            let (ready, started) = oneshot::channel();
            self.start(&mut self.registry(), member, ready);
            started
        };
        // None of them waits for another one under the root.
        let all: Vec<_> = members.into_iter().map(start).collect();
        for started in all {
            let started = started.await.unwrap_or_else(|_| Err(self.unwritable()));
            problems.extend(started.err().map(|problem| *problem));
        }
        Ok((self.actors(), problems))
    }

    /// The actors under the root, at rest, with what was sent to them.
    fn revive_all(&self, recovered: Recovered, left: Post) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        let mut reviving = Reviving { left, programs: HashMap::new(), templates: HashMap::new() };
        for tree in recovered.trees() {
            let ids = tree.ids();
            match self.revive(&mut self.registry(), &mut reviving, tree, None)? {
                Some(member) => members.push(member),
                // Nobody was told that it lives.
                None => self.gone(ids)?,
            }
        }
        reviving.left.deliver(self)?;
        Ok(members)
    }

    /// An actor of a run that goes on, with its children. None if the node died before all of it had
    /// been recorded, or before the `init` of the first of it was done.
    fn revive(
        &self,
        registry: &mut Registry,
        reviving: &mut Reviving,
        found: recover::Tree,
        spec: Option<Child>,
    ) -> Result<Option<Member>> {
        let recover::Tree { actor: found, children, unborn, .. } = found;
        let (manifest, program) = self.recorded(reviving, &found.name, found.code)?;
        if spec.is_none() && program.init().is_some() && !found.life.initialized {
            return Ok(None);
        }
        if found.reverted {
            // The node died before its upgrade was done.
            self.append(found.id, Kind::Reloaded { code: found.code, upgrade: false })?;
        }
        let init = match &found.birth {
            None => recorded_init(&found.name, &manifest, &program, spec.as_ref())?,
            Some(birth) => self.asked_for(registry, birth, &found.name),
        };
        let templates = self.recorded_templates(reviving, &found, &manifest)?;
        if !templates.is_empty() {
            registry.templates.insert(found.id, templates);
        }
        let Some(mut members) =
            self.revive_children(registry, reviving, &found, &manifest, children)?
        else {
            return Ok(None);
        };
        let template = found.birth.as_ref().map(|birth| birth.template.as_str().into());
        let under_root = spec.is_none();
        let actor = Actor::new(found.name.into(), found.id, manifest, program, &found.life);
        let unfinished = reviving.left.unfinished(&actor);
        // Those that it has asked for are enrolled behind it.
        for birth in unborn {
            let path = format!("{}/{}", actor.name, birth.name);
            let Some(plan) = self.birth_plan(registry, &birth, &path) else { continue };
            let request = Request { step: birth.step, template: birth.template };
            let place = Place { path, parent: Some(actor.id), request: Some(request) };
            members.push(self.enroll(registry, plan, place)?);
        }
        let mut member = self.member(registry, Arc::new(actor), found.life, members, under_root);
        registry.mark(member.actor(), template);
        member.task.unfinished = unfinished;
        member.ended = spec.as_ref().is_some_and(|spec| spec.has_ended(found.exit));
        member.started = found.started;
        member.begun = true;
        member.init = init;
        member.spec = spec;
        Ok(Some(member))
    }

    /// The children of an actor: those of its manifest, all of which must be there, and those that were
    /// asked for and have not ended.
    fn revive_children(
        &self,
        registry: &mut Registry,
        reviving: &mut Reviving,
        parent: &recover::Actor,
        manifest: &Manifest,
        mut found: Vec<recover::Tree>,
    ) -> Result<Option<Vec<Member>>> {
        let Some(supervision) = &manifest.supervisor else { return Ok(Some(Vec::new())) };
        let mut members = Vec::new();
        for spec in supervision.static_children() {
            let path = format!("{}/{}", parent.name, spec.name.value);
            let Some(index) = found.iter().position(|child| child.actor.name == path) else {
                return Ok(None);
            };
            let child = found.remove(index);
            let Some(member) = self.revive(registry, reviving, child, Some(spec.clone()))? else {
                return Ok(None);
            };
            members.push(member);
        }
        for child in found.into_iter().rev() {
            let Some(birth) = &child.actor.birth else { continue };
            let spec = supervision.templates().find(|spec| spec.name.value == birth.template);
            let spec = spec.map(|spec| named(spec, &birth.name));
            let ended = spec.as_ref().is_none_or(|spec| spec.has_ended(child.actor.exit));
            let failed = child.actor.exit.is_some() && !child.actor.started;
            let ids = child.ids();
            let member = match ended || failed || child.stopping {
                true => None,
                false => self.revive(registry, reviving, child, spec)?,
            };
            match member {
                Some(member) => members.push(member),
                None => self.gone(ids)?,
            }
        }
        Ok(Some(members))
    }

    /// These have ended for good.
    fn gone(&self, ids: Vec<ActorId>) -> Result<()> {
        for id in ids {
            self.append(id, Kind::Stopped)?;
        }
        Ok(())
    }

    /// The `init` of a child that was asked for.
    fn asked_for(&self, registry: &Registry, birth: &Birth, path: &str) -> Option<Init> {
        self.birth_plan(registry, birth, path)?.init
    }

    /// What an actor may ask for.
    fn recorded_templates(
        &self,
        reviving: &mut Reviving,
        found: &recover::Actor,
        manifest: &Manifest,
    ) -> Result<Templates> {
        let known = (found.code, found.templates.clone());
        if let Some(templates) = reviving.templates.get(&known) {
            return Ok(templates.clone());
        }
        let templates = Arc::new(self.templates_at(reviving, "", &found.templates, manifest)?);
        reviving.templates.insert(known, templates.clone());
        Ok(templates)
    }

    fn templates_at(
        &self,
        reviving: &mut Reviving,
        above: &str,
        codes: &BTreeMap<String, Code>,
        manifest: &Manifest,
    ) -> Result<BTreeMap<String, Plan>> {
        let mut templates = BTreeMap::new();
        for spec in manifest.supervisor.iter().flat_map(Supervision::templates) {
            let path = format!("{above}{}", spec.name.value);
            if let Some(plan) = self.template_at(reviving, &path, codes, spec)? {
                templates.insert(spec.name.value.clone(), Plan { init: None, ..plan });
            }
        }
        Ok(templates)
    }

    /// What stands at a path from the actor that may ask for it. None if the record has nothing of it.
    fn template_at(
        &self,
        reviving: &mut Reviving,
        path: &str,
        codes: &BTreeMap<String, Code>,
        spec: &Child,
    ) -> Result<Option<Plan>> {
        let Some(code) = codes.get(path).copied() else { return Ok(None) };
        let (manifest, program) = self.recorded(reviving, path, code)?;
        let mut children = Vec::new();
        for child in manifest.supervisor.iter().flat_map(Supervision::static_children) {
            let path = format!("{path}/{}", child.name.value);
            let Some(plan) = self.template_at(reviving, &path, codes, child)? else {
                return Ok(None);
            };
            let init = recorded_init(&path, &plan.manifest, &plan.program, Some(child))?;
            children.push(Plan { init, ..plan });
        }
        let templates = self.templates_at(reviving, &format!("{path}/"), codes, &manifest)?;
        let (spec, templates) = (Some(spec.clone()), Arc::new(templates));
        Ok(Some(Plan { manifest, program, code, init: None, spec, children, templates }))
    }

    /// What an actor was spawned with, or reloaded.
    fn recorded(
        &self,
        reviving: &mut Reviving,
        name: &str,
        code: Code,
    ) -> Result<(Arc<Manifest>, Arc<Program>)> {
        if let Some(known) = reviving.programs.get(&code) {
            return Ok(known.clone());
        }
        let blobs = self.run().blobs();
        let read = |what: &str, hash: &Hash| {
            blobs.get(hash).map_err(|error| {
                let path = blobs.path(hash);
                let action = format!("read the {what} of `{name}` from");
                Box::new(Diagnostic::io(TRACE_DAMAGED, &action, &path, &error))
            })
        };
        let manifest = recorded_manifest(name, &read("manifest", &code.manifest)?)?;
        let bytes = read("component", &code.component)?;
        let binary = Binary::with_hash(bytes, code.component, self.cache())?;
        let compiled = self.compile(&binary)?;
        let link = || Program::link(&compiled, &manifest);
        let program = self.inner.programs.program(code, link).map_err(|mut problems| {
            // Linking reports at least one problem when it fails.
            problems.swap_remove(0)
        })?;
        let read = (Arc::new(manifest), program);
        reviving.programs.insert(code, read.clone());
        Ok(read)
    }
}

/// The message of an `init` that has run before, as manifests give it.
fn recorded_init(
    name: &str,
    manifest: &Manifest,
    program: &Program,
    spec: Option<&Child>,
) -> Result<Option<Init>> {
    // Under the node's root `init` never runs again.
    let (Some(spec), Some(_)) = (spec, program.init()) else { return Ok(None) };
    let init = spec.init.as_ref().or(manifest.actor.init.as_ref());
    let written = init.map(|init| written(name, init));
    let arguments = init_values(name, program.function(INIT), written)?;
    Ok(init_message(program, arguments, None))
}
