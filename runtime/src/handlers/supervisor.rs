use super::{AtCommit, Context};
use crate::actor::{Birth, ChildView, Unborn};
use crate::boundary::{Abort, Binder, Source};
use crate::wire::{wire_enum, wire_record, wire_variant};
use wasmtime::component::{ComponentType, Lift, Lower};

/// The function that asks for a child.
pub const SPAWN: &str = "theater:host/supervisor@0.1.0#spawn";

/// `theater:host/supervisor.spawn-error`.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
enum SpawnError {
    #[component(name = "no-such-template")]
    NoSuchTemplate,
    #[component(name = "bad-name")]
    BadName,
    #[component(name = "name-taken")]
    NameTaken,
    #[component(name = "too-many")]
    TooMany,
    #[component(name = "bad-init")]
    BadInit(String),
}

wire_variant!(SpawnError {
    NoSuchTemplate = "no-such-template",
    BadName = "bad-name",
    NameTaken = "name-taken",
    TooMany = "too-many";
    BadInit = "bad-init"
});

/// `theater:host/supervisor.child-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum ChildError {
    #[component(name = "no-such-child")]
    NoSuchChild,
    #[component(name = "temporary")]
    Temporary,
}

wire_enum!(ChildError { NoSuchChild = "no-such-child", Temporary = "temporary" });

/// `theater:host/supervisor.child`.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
struct Child {
    name: String,
    path: String,
    template: Option<String>,
    running: bool,
    incarnation: u32,
}

wire_record!(Child, 5 {
    name = "name",
    path = "path",
    template = "template",
    running = "running",
    incarnation = "incarnation",
});

type Spawn = (String, String, Option<String>);

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function_then(
        "spawn",
        |context, arguments: &Spawn| {
            let birth = birth(context, arguments.clone());
            Ok((context.peers()?.reserve(&birth).map_err(SpawnError::from),))
        },
        |context, arguments, (asked,): &(Result<(), SpawnError>,)| {
            if asked.is_ok() {
                let birth = birth(context, arguments);
                context.at_commit.push(AtCommit::Spawn(birth));
            }
            Ok(())
        },
    )?;
    binder.function_then(
        "stop",
        |context, (name,): &(String,)| {
            Ok((child(context, name)?.map(drop).ok_or(ChildError::NoSuchChild),))
        },
        |context, (name,), (found,): &(Result<(), ChildError>,)| {
            at_commit(context, name, found, |step, child, name| AtCommit::Stop {
                step,
                child,
                name,
            })
        },
    )?;
    binder.function_then(
        "restart",
        |context, (name,): &(String,)| {
            Ok((match child(context, name)? {
                None => Err(ChildError::NoSuchChild),
                Some(child) if child.temporary => Err(ChildError::Temporary),
                Some(_) => Ok(()),
            },))
        },
        |context, (name,), (found,): &(Result<(), ChildError>,)| {
            at_commit(context, name, found, |step, child, name| AtCommit::Restart {
                step,
                child,
                name,
            })
        },
    )?;
    binder.function("list", Source::World, |context, ()| {
        let children = context.peers()?.children(context.id);
        Ok((children.iter().map(Child::from).collect::<Vec<_>>(),))
    })?;
    binder.function("find", Source::World, |context, (name,): (String,)| {
        Ok((child(context, &name)?.as_ref().map(Child::from),))
    })
}

fn birth(context: &Context, (template, name, init): Spawn) -> Birth {
    Birth { step: context.address(), template, name, init }
}

/// The child of this name.
fn child(context: &Context, name: &str) -> Result<Option<ChildView>, Abort> {
    let children = context.peers()?.children(context.id);
    Ok(children.into_iter().find(|child| name_of(child) == name))
}

/// Its name among its siblings.
fn name_of(child: &ChildView) -> &str {
    child.path.rsplit_once('/').map_or(&*child.path, |(_, name)| name)
}

/// What is to be done about a child that was found.
fn at_commit(
    context: &mut Context,
    name: String,
    found: &Result<(), ChildError>,
    what: impl Fn(u64, crate::trace::ActorId, String) -> AtCommit,
) -> Result<(), Abort> {
    // After the death of a node it may have gone.
    if let (Ok(()), Some(child)) = (found, child(context, &name)?) {
        context.at_commit.push(what(context.step, child.id, name));
    }
    Ok(())
}

impl From<Unborn> for SpawnError {
    fn from(unborn: Unborn) -> Self {
        match unborn {
            Unborn::NoSuchTemplate => Self::NoSuchTemplate,
            Unborn::BadName => Self::BadName,
            Unborn::NameTaken => Self::NameTaken,
            Unborn::TooMany => Self::TooMany,
            Unborn::BadInit(why) => Self::BadInit(why),
        }
    }
}

impl From<&ChildView> for Child {
    fn from(child: &ChildView) -> Self {
        Self {
            name: name_of(child).to_owned(),
            path: child.path.to_string(),
            template: child.template.as_ref().map(|template| template.to_string()),
            running: child.running,
            incarnation: child.incarnation,
        }
    }
}
