//! How actors come into the tree: recorded, in the registry, and at rest until they are started.

use super::member::{Init, Member, Supervising};
use super::{Node, Prepared, PreparedChild, Registry, is_within};
use crate::actor::{Actor, CallError, Control, Handle, Life, Mailbox, Task, UnderRoot};
use crate::diagnostic::Result;
use crate::manifest::{Child, Manifest};
use crate::trace::{ActorId, Code, Kind, LogFailed, Request};
use crate::turn::Program;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use wasmtime::component::Val;

/// An actor that is to be enrolled, its blobs being stored.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub manifest: Arc<Manifest>,
    pub program: Arc<Program>,
    pub code: Code,
    pub init: Option<Init>,
    /// How its supervisor treats it, under the name that it has there.
    pub spec: Option<Child>,
    /// Those that start with it.
    pub children: Vec<Plan>,
    /// Those that it may ask for.
    pub templates: Templates,
}

/// What an actor may ask for, by its name.
pub(super) type Templates = Arc<BTreeMap<String, Plan>>;

/// Where an actor comes into the tree.
pub(super) struct Place {
    pub path: String,
    pub parent: Option<ActorId>,
    /// What asked for it.
    pub request: Option<Request>,
}

impl Node {
    /// Makes what an actor and its children are to execute part of the run.
    pub(super) fn plan(
        &self,
        prepared: Prepared,
        init: Vec<Val>,
        origin: Option<&str>,
    ) -> Result<Plan> {
        let code = self.store(&prepared)?;
        let Prepared { manifest, program, children, .. } = prepared;
        let (plans, templates) = self.plan_children(children, origin)?;
        let init = init_message(&program, init, origin.map(str::to_owned));
        Ok(Plan {
            manifest: Arc::new(manifest),
            program,
            code,
            init,
            spec: None,
            children: plans,
            templates: Arc::new(templates),
        })
    }

    /// The same for children: those that start with their supervisor, and those that it may ask for.
    pub(super) fn plan_children(
        &self,
        children: Vec<PreparedChild>,
        origin: Option<&str>,
    ) -> Result<(Vec<Plan>, BTreeMap<String, Plan>)> {
        let (mut plans, mut templates) = (Vec::new(), BTreeMap::new());
        for PreparedChild { spec, prepared, init } in children {
            let plan = Plan { spec: Some(spec.clone()), ..self.plan(prepared, init, origin)? };
            match spec.is_template() {
                true => drop(templates.insert(spec.name.value, plan)),
                false => plans.push(plan),
            }
        }
        Ok((plans, templates))
    }

    /// Records an actor and its children, and what they may ask for. All of them are recorded before any
    /// of their code runs.
    pub(super) fn enroll(
        &self,
        registry: &mut Registry,
        plan: Plan,
        place: Place,
    ) -> Result<Member, LogFailed> {
        let id = ActorId(registry.next_id);
        registry.next_id += 1;
        let Place { path, parent, request } = place;
        let template = request.as_ref().map(|request| request.template.as_str().into());
        let kind = Kind::Spawned {
            name: path.clone(),
            component: plan.code.component,
            manifest: plan.code.manifest,
            parent,
            request,
        };
        self.append(id, kind)?;
        self.record_templates(id, "", &plan.templates)?;
        let mut children = Vec::new();
        for child in plan.children {
            let name = child.spec.as_ref().map_or("", |spec| &spec.name.value);
            let path = format!("{path}/{name}");
            let place = Place { path, parent: Some(id), request: None };
            children.push(self.enroll(registry, child, place)?);
        }
        if !plan.templates.is_empty() {
            registry.templates.insert(id, plan.templates);
        }
        let life = Life::new();
        let actor = Actor::new(path.into(), id, plan.manifest, plan.program, &life);
        let under_root = parent.is_none();
        let mut member = self.member(registry, Arc::new(actor), life, children, under_root);
        registry.mark(member.actor(), template);
        member.init = plan.init;
        member.spec = plan.spec;
        Ok(member)
    }

    /// Records what an actor may ask for, with all that this would start and could ask for.
    pub(super) fn record_templates(
        &self,
        id: ActorId,
        above: &str,
        templates: &BTreeMap<String, Plan>,
    ) -> Result<(), LogFailed> {
        for (name, plan) in templates {
            self.record_template(id, &format!("{above}{name}"), plan)?;
        }
        Ok(())
    }

    fn record_template(&self, id: ActorId, path: &str, plan: &Plan) -> Result<(), LogFailed> {
        self.append(id, Kind::Template { name: path.to_owned(), code: plan.code })?;
        for child in &plan.children {
            let name = child.spec.as_ref().map_or("", |spec| &spec.name.value);
            self.record_template(id, &format!("{path}/{name}"), child)?;
        }
        self.record_templates(id, &format!("{path}/"), &plan.templates)
    }

    /// Puts an actor into the registry.
    pub(super) fn member(
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
        let (actor_of, mailbox_of) = (actor.clone(), mailbox.clone());
        let handle =
            Handle { actor: actor_of, mailbox: mailbox_of, control, template: None, task: None };
        registry.insert(handle);
        let task = Task {
            restarts_itself: under_root && supervising.is_none(),
            root: under_root.then(UnderRoot::new),
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
        Member {
            task,
            init: None,
            spec: None,
            supervising,
            begun: false,
            started: false,
            ended: false,
        }
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

pub(super) fn init_message(
    program: &Program,
    arguments: Vec<Val>,
    origin: Option<String>,
) -> Option<Init> {
    let encoded = program.init()?.encode_arguments(&arguments);
    Some(Init { arguments, encoded, origin })
}
