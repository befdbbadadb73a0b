//! How actors come into the tree: recorded, in the registry, and at rest until they are started.

use super::member::{Init, Member, Supervising};
use super::recover::{self, Recovered};
use super::start::{init_values, written};
use super::unfinished::Post;
use super::{Node, Prepared, PreparedChild, Registry, is_within, recorded_manifest};
use crate::actor::{Actor, CallError, Control, Handle, Life, Mailbox, Task};
use crate::boundary::export::INIT;
use crate::diagnostic::{Diagnostic, Result, TRACE_DAMAGED};
use crate::manifest::{Child, Manifest};
use crate::trace::{ActorId, Code, Hash, Kind};
use crate::turn::Program;
use crate::world::Binary;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::Val;

/// An actor that is to be enrolled, its blobs being stored.
pub(super) struct Plan {
    name: String,
    manifest: Manifest,
    program: Program,
    code: Code,
    init: Option<Init>,
    spec: Option<Child>,
    children: Vec<Plan>,
}

impl Node {
    /// Makes what an actor and its children are to execute part of the run.
    pub(super) fn plan(
        &self,
        prepared: Prepared,
        name: String,
        init: Vec<Val>,
        origin: Option<String>,
    ) -> Result<Plan> {
        let code = self.store(&prepared)?;
        let Prepared { manifest, program, children, .. } = prepared;
        let mut plans = Vec::new();
        for PreparedChild { spec, prepared, init } in children {
            let path = format!("{name}/{}", spec.name.value);
            let plan = self.plan(prepared, path, init, origin.clone())?;
            plans.push(Plan { spec: Some(spec), ..plan });
        }
        let init = init_message(&program, init, origin);
        let (spec, children) = (None, plans);
        Ok(Plan { name, manifest, program, code, init, spec, children })
    }

    /// Records an actor and its children. All of them are recorded before any of their code runs.
    pub(super) fn enroll(
        &self,
        registry: &mut Registry,
        plan: Plan,
        parent: Option<ActorId>,
    ) -> Result<Member> {
        let id = ActorId(registry.next_id);
        registry.next_id += 1;
        let kind = Kind::Spawned {
            name: plan.name.clone(),
            component: plan.code.component,
            manifest: plan.code.manifest,
            parent,
        };
        self.append(id, kind)?;
        let mut children = Vec::new();
        for child in plan.children {
            children.push(self.enroll(registry, child, Some(id))?);
        }
        let life = Life::new();
        let actor = Actor::new(plan.name.into(), id, plan.manifest, plan.program, &life);
        let under_root = parent.is_none();
        let member = self.member(registry, Arc::new(actor), life, children, under_root);
        Ok(Member { init: plan.init, spec: plan.spec, ..member })
    }

    /// Puts an actor into the registry.
    fn member(
        &self,
        registry: &mut Registry,
        actor: Arc<Actor>,
        life: Life,
        children: Vec<Member>,
        under_root: bool,
    ) -> Member {
        let mailbox = Arc::new(Mailbox::new(actor.manifest.limits.mailbox as usize));
        let (control, commands) = mpsc::unbounded_channel();
        let (commands, supervising) = match actor.manifest.supervisor.clone() {
            None => (commands, None),
            Some(supervision) => {
                let (component, inner) = mpsc::unbounded_channel();
                (inner, Some(Supervising { supervision, children, control: commands, component }))
            }
        };
        let handle = Handle { actor: actor.clone(), mailbox: mailbox.clone(), control, task: None };
        registry.names.insert(actor.id, actor.name.clone());
        registry.living.insert(actor.name.clone(), handle);
        let task = Task {
            restarts_itself: under_root && supervising.is_none(),
            restarting: None,
            actor,
            life,
            log: self.inner.log.clone(),
            slots: self.inner.slots.clone(),
            warm: self.inner.warm.clone(),
            post: self.inner.post.clone(),
            unfinished: None,
            ticked: false,
            mailbox,
            control: commands,
        };
        Member { task, init: None, spec: None, supervising, begun: false, ended: false }
    }

    /// Starts the actors of a run that goes on. Answers with those that live again, by name, and with
    /// what kept others from it.
    pub(super) async fn resume(
        &self,
        recovered: Recovered,
        mut left: Post,
    ) -> Result<(Vec<Arc<Actor>>, Vec<Diagnostic>)> {
        let mut problems = Vec::new();
        let mut members = Vec::new();
        for tree in recovered.trees() {
            let ids = tree.ids();
            match self.revive(&mut self.registry(), &mut left, tree, None)? {
                Some(member) => members.push(member),
                // Nobody was told that it lives.
                None => {
                    for id in ids {
                        self.append(id, Kind::Stopped)?;
                    }
                }
            }
        }
        left.deliver(self)?;
        for member in members {
            let (ready, started) = oneshot::channel();
            self.start(&mut self.registry(), member, ready);
            let started = started.await.unwrap_or_else(|_| Err(self.unwritable()));
            problems.extend(started.err().map(|problem| *problem));
        }
        Ok((self.actors(), problems))
    }

    /// An actor of a run that goes on, with its children. None if the node died before all of it had
    /// been recorded, or before the `init` of the first of it was done.
    fn revive(
        &self,
        registry: &mut Registry,
        left: &mut Post,
        found: recover::Tree,
        spec: Option<Child>,
    ) -> Result<Option<Member>> {
        let recover::Tree { actor: found, mut children } = found;
        let (manifest, program) = self.recorded(&found)?;
        if spec.is_none() && program.init().is_some() && !found.life.initialized {
            return Ok(None);
        }
        if found.reverted {
            // The node died before its upgrade was done.
            self.append(found.id, Kind::Reloaded { code: found.code, upgrade: false })?;
        }
        let init = recorded_init(&found.name, &manifest, &program, spec.as_ref())?;
        let specs = manifest.supervisor.iter().flat_map(|s| s.children.clone()).collect::<Vec<_>>();
        let mut members = Vec::new();
        for spec in specs {
            let path = format!("{}/{}", found.name, spec.name.value);
            let Some(index) = children.iter().position(|c| c.actor.name == path) else {
                return Ok(None);
            };
            let child = children.swap_remove(index);
            let Some(member) = self.revive(registry, left, child, Some(spec))? else {
                return Ok(None);
            };
            members.push(member);
        }
        let under_root = spec.is_none();
        let actor = Actor::new(found.name.into(), found.id, manifest, program, &found.life);
        let unfinished = left.unfinished(&actor);
        let mut member = self.member(registry, Arc::new(actor), found.life, members, under_root);
        member.task.unfinished = unfinished;
        let ended = spec.as_ref().is_some_and(|spec| spec.has_ended(found.exit));
        Ok(Some(Member { init, spec, begun: true, ended, ..member }))
    }

    /// What an actor was spawned with.
    fn recorded(&self, found: &recover::Actor) -> Result<(Manifest, Program)> {
        let blobs = self.run().blobs();
        let read = |what: &str, hash: &Hash| {
            blobs.get(hash).map_err(|error| {
                let path = blobs.path(hash);
                let action = format!("read the {what} of `{}` from", found.name);
                Diagnostic::io(TRACE_DAMAGED, &action, &path, &error)
            })
        };
        let manifest = recorded_manifest(&found.name, &read("manifest", &found.code.manifest)?)?;
        let bytes = read("component", &found.code.component)?;
        let binary = Binary::with_hash(bytes, found.code.component, self.cache())?;
        let compiled = self.compile(&binary)?;
        let program = Program::link(&compiled, &manifest).map_err(|mut problems| {
            // Linking reports at least one problem when it fails.
            problems.swap_remove(0)
        })?;
        Ok((manifest, program))
    }

    /// The supervisor of an actor that is a child, and the child's name there.
    ///
    /// # Errors
    ///
    /// When there is no such actor.
    pub(super) fn parent_of(&self, name: &str) -> Result<Option<(Arc<Actor>, String)>, CallError> {
        let registry = self.registry();
        let unknown = || CallError::NoSuchActor(name.to_owned());
        let Some((parent, child)) = name.rsplit_once('/') else { return Ok(None) };
        if !registry.living.contains_key(name) {
            return Err(unknown());
        }
        let parent = registry.get(parent).ok_or_else(unknown)?;
        Ok(Some((parent.actor.clone(), child.to_owned())))
    }

    /// The living actors below one in the tree.
    pub(super) fn children_of(&self, name: &str) -> Vec<Arc<Actor>> {
        let below = |actor: &Arc<Actor>| is_within(&actor.name, name) && &*actor.name != name;
        self.actors().into_iter().filter(below).collect()
    }

    /// Cancels the turns of an actor and of all below it.
    pub(super) fn cancel_below(&self, name: &str) {
        let registry = self.registry();
        let within = registry.living.values().filter(|handle| is_within(&handle.actor.name, name));
        within.for_each(|handle| handle.actor.cancel_turn());
    }

    /// Tells an actor something. One that has ended does not listen, and need not.
    pub(super) fn tell(&self, actor: &Actor, control: Control) {
        if let Some(handle) = self.registry().living.get(&actor.name) {
            let _ = handle.control.send(control);
        }
    }
}

fn init_message(program: &Program, arguments: Vec<Val>, origin: Option<String>) -> Option<Init> {
    let encoded = program.init()?.encode_arguments(&arguments);
    Some(Init { arguments, encoded, origin })
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
