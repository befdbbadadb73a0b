//! `reload`: a new build for a running actor, tried on its past first.

use super::{Session, Sink, Stop, placed};
use crate::line::Reload;
use crate::output::Output;
use serde_json::json;
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::diagnostic::{Diagnostic, RELOAD_REFUSED, Result, Source};
use theater_runtime::node::{Loaded, Prepared, Start, Trial};
use theater_runtime::replay::History;

/// How many differing turns are shown.
const SHOWN: usize = 3;

impl Session {
    pub(super) async fn reload(
        &mut self,
        source: &Arc<Source>,
        reload: &Reload,
        sink: &mut Sink<'_>,
    ) -> std::result::Result<(), Stop> {
        let actor = self.living(source, &reload.actor)?;
        let name = actor.name.to_string();
        // What has no place of its own is a problem of the line.
        let place = reload.path.as_ref().unwrap_or(&reload.actor).span.clone();
        let in_line = |problem: Diagnostic| {
            *placed(Box::new(problem), source, place.clone(), "to be reloaded")
        };
        let all_in_line = |problems: Vec<Diagnostic>| -> Vec<Diagnostic> {
            problems.into_iter().map(in_line).collect()
        };
        let (start, mut loaded) = self.new_build(&actor, reload).map_err(all_in_line)?;
        for warning in loaded.take_warnings() {
            sink(Output::Warning(Box::new(warning)))?;
        }
        let prepared = loaded.prepare(&self.node, &name).map_err(all_in_line)?;
        if loaded.difference(&actor).is_none() {
            return self.reload_templates(&actor, prepared, start, &in_line, sink).await;
        }
        let trial = self.tried(&actor, loaded).await.map_err(|problem| vec![in_line(*problem)])?;
        for tried in &trial.differing {
            sink(Output::Differs { actor: name.clone(), tried: tried.clone() })?;
        }
        if !reload.anyway && !trial.summary.is_as_recorded() {
            return Err(Stop::Problems(vec![in_line(refused(&name, &trial))]));
        }
        let origin = Some(source.text.trim().to_owned());
        let work = self.node.reload(&name, prepared, origin);
        let reloaded = self.interrupt.during(&name, work).await;
        reloaded.map_err(|problem| vec![in_line(*problem)])?;
        self.starts.insert(name.clone(), start);
        self.last = Some(name.clone());
        let text = format!("{name} goes on with the new build: {}", outcome(&trial));
        Ok(sink(Output::Done { key: "reloaded", value: json!(name), text })?)
    }

    /// Of an actor whose own code is the same: other templates, if they differ.
    async fn reload_templates(
        &mut self,
        actor: &Actor,
        prepared: Prepared,
        start: Start,
        in_line: &impl Fn(Diagnostic) -> Diagnostic,
        sink: &mut Sink<'_>,
    ) -> std::result::Result<(), Stop> {
        let name = actor.name.to_string();
        if !self.node.has_other_templates(actor, &prepared) {
            let text = format!("{name} has this component and manifest already");
            return Ok(sink(Output::Done { key: "unchanged", value: json!(name), text })?);
        }
        let reloaded = self.node.reload_templates(&name, prepared).await;
        reloaded.map_err(|problem| vec![in_line(*problem)])?;
        self.starts.insert(name.clone(), start);
        self.last = Some(name.clone());
        let text = format!("children for which {name} asks are of the new build");
        Ok(sink(Output::Done { key: "reloaded", value: json!(name), text })?)
    }

    /// What an actor is to be reloaded with: what stands now where it was spawned from, or elsewhere.
    fn new_build(
        &self,
        actor: &Actor,
        reload: &Reload,
    ) -> std::result::Result<(Start, Loaded), Vec<Diagnostic>> {
        let start = match &reload.path {
            Some(path) => Start::of_path(path.text.as_ref()),
            None => self.start_of(actor),
        };
        // A child stands in its application.
        let origin = self.node.origin_of(&actor.name);
        if let (None, Some((root, below))) = (&reload.path, origin.split_once('/')) {
            let root =
                start.load(&self.grants, self.node.cache())?.filter(|loaded| loaded.name() == root);
            let loaded = root.and_then(|root| root.into_descendant(below));
            return loaded.map(|loaded| (start, loaded)).ok_or_else(|| vec![unknown_origin(actor)]);
        }
        let spawned_here = reload.path.is_some() || self.starts.contains_key(&*actor.name);
        match start.load(&self.grants, self.node.cache())? {
            Some(loaded) if spawned_here || loaded.name() == &*actor.name => Ok((start, loaded)),
            _ => Err(vec![unknown_origin(actor)]),
        }
    }

    /// From where an actor was spawned, or the root of its tree.
    fn start_of(&self, actor: &Actor) -> Start {
        let root = actor.name.split_once('/').map_or(&*actor.name, |(root, _)| root);
        let own = self.starts.get(&*actor.name).or_else(|| self.starts.get(root));
        own.unwrap_or(&self.start).clone()
    }

    /// What the actor's recorded turns do on a new build.
    async fn tried(&self, actor: &Actor, loaded: Loaded) -> Result<Trial> {
        let history = Arc::new(History::load(self.node.run())?);
        let work = loaded.try_on(history, actor.id, SHOWN, self.node.cache());
        self.interrupt.during_work(work).await.unwrap_or_else(|| {
            let message = format!("`{}` is not reloaded: the trial was interrupted", actor.name);
            Err(Box::new(Diagnostic::error(RELOAD_REFUSED, message)))
        })
    }
}

fn unknown_origin(actor: &Actor) -> Diagnostic {
    let message = format!("where `{}` was spawned from is not known", actor.name);
    let help = format!("Name it: `reload {} PATH`.", actor.name);
    Diagnostic::error(RELOAD_REFUSED, message).help(help)
}

fn refused(name: &str, trial: &Trial) -> Diagnostic {
    let message = format!("`{name}` is not reloaded: {}", outcome(trial));
    let more = match trial.summary.diverged > SHOWN as u64 {
        true => format!(" See all differences with `theater replay {name} --with FILE.wasm`."),
        false => String::new(),
    };
    Diagnostic::error(RELOAD_REFUSED, message)
        .help(format!("If that is meant, write `reload {name} anyway`.{more}"))
}

/// What came of the trial, in words.
fn outcome(trial: &Trial) -> String {
    let summary = &trial.summary;
    let (tried, all) = (summary.replayed, summary.replayed + summary.impossible);
    let turns = |count: u64| if count == 1 { "turn".to_owned() } else { "turns".to_owned() };
    if all == 0 {
        return "there was no turn to try it on".to_owned();
    }
    let mut text = match summary.diverged {
        0 => format!("nothing differs in {tried} recorded {}", turns(tried)),
        1 => format!("1 of {tried} recorded {} does something else on it", turns(tried)),
        differ => format!("{differ} of {tried} recorded turns do something else on it"),
    };
    if summary.impossible > 0 {
        text += &format!("; {} could not be tried", summary.impossible);
    }
    text
}
