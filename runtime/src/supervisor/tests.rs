//! The cases of OTP's `supervisor_SUITE` that apply, under the names that they have there.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::manifest::{ChildStart, RestartState, Shutdown, Spanned};
use Restart::{Permanent, Temporary, Transient};
use Strategy::{OneForAll, OneForOne, RestForOne};
use std::collections::{BTreeMap, BTreeSet};

/// Children that only exist on paper.
#[derive(Debug, Default)]
struct Paper {
    /// What was asked, in order: `+a` for a start, `-a` for a stop.
    log: Vec<String>,
    incarnations: BTreeMap<String, u32>,
    /// Those whose next starts fail, and how often.
    failing: BTreeMap<String, u32>,
    living: BTreeSet<String>,
}

impl Family for Paper {
    async fn start(&mut self, child: &str) -> Result<u32, String> {
        if let Some(times) = self.failing.get_mut(child).filter(|times| **times > 0) {
            *times -= 1;
            self.log.push(format!("!{child}"));
            return Err("it does not want to".to_owned());
        }
        assert!(self.living.insert(child.to_owned()), "{child} lives already");
        self.log.push(format!("+{child}"));
        let incarnation = self.incarnations.entry(child.to_owned()).or_default();
        *incarnation += 1;
        Ok(*incarnation)
    }

    async fn stop(&mut self, child: &str) {
        assert!(self.living.remove(child), "{child} does not live");
        self.log.push(format!("-{child}"));
    }

    fn forget(&mut self, child: &str) {
        assert!(!self.living.contains(child), "{child} lives");
        self.log.push(format!("x{child}"));
    }
}

/// A supervisor on paper, and its clock.
struct Scene {
    supervisor: Supervisor<Paper>,
    now: Duration,
}

/// Children by name and restart type.
type Children<'c> = &'c [(&'c str, Restart)];

impl Scene {
    /// With an intensity of 1 in 5 seconds, as OTP has it.
    async fn new(strategy: Strategy, children: Children<'_>) -> Self {
        let mut scene = Self::unstarted(strategy, 1, children);
        scene.supervisor.start(&[]).await.unwrap();
        scene.log();
        scene
    }

    fn unstarted(strategy: Strategy, intensity: u32, children: Children<'_>) -> Self {
        let child = |(name, restart): &(&str, Restart)| crate::manifest::Child {
            name: Spanned { value: (*name).to_owned(), span: 0..0 },
            manifest: Spanned { value: "".into(), span: 0..0 },
            restart: *restart,
            state: RestartState::Keep,
            shutdown: Shutdown::Infinity,
            start: ChildStart::WithSupervisor,
            init: None,
        };
        let supervision = Supervision {
            strategy,
            intensity,
            period: Duration::from_secs(5),
            backoff: None,
            children: children.iter().map(child).collect(),
        };
        let supervisor = Supervisor::new(Paper::default(), &supervision, Vec::new());
        Self { supervisor, now: Duration::from_secs(100) }
    }

    /// What was asked since the last time.
    fn log(&mut self) -> String {
        std::mem::take(&mut self.supervisor.family.log).join(" ")
    }

    /// The present incarnation of a child exits.
    async fn exit(&mut self, child: &str, reason: ExitReason) -> After {
        let family = &mut self.supervisor.family;
        assert!(family.living.remove(child), "{child} does not live");
        let incarnation = family.incarnations[child];
        self.supervisor.exited(child, incarnation, reason, self.now).await
    }

    async fn try_again(&mut self, child: &str) -> After {
        self.supervisor.try_again(child, self.now).await
    }

    fn fail(&mut self, child: &str, times: u32) {
        self.supervisor.family.failing.insert(child.to_owned(), times);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Those that live.
    fn living(&self) -> String {
        let living = &self.supervisor.family.living;
        living.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn gave_up(child: &str, restarts: u32) -> After {
    After::GaveUp(GaveUp { child: child.to_owned(), restarts })
}

fn again(child: &str) -> After {
    After::TryAgain(child.to_owned())
}

const ORDERLY: [ExitReason; 2] = [ExitReason::Normal, ExitReason::Shutdown];
const ABNORMAL: [ExitReason; 4] =
    [ExitReason::Trap, ExitReason::Limit, ExitReason::Killed, ExitReason::NoSuchActor];
const STRATEGIES: [Strategy; 3] = [OneForOne, OneForAll, RestForOne];
const TWO: Children<'static> = &[("a", Permanent), ("b", Permanent)];
const THREE: Children<'static> = &[("a", Permanent), ("b", Permanent), ("c", Permanent)];

#[tokio::test]
async fn sup_start_normal() {
    let mut scene = Scene::unstarted(OneForOne, 1, THREE);
    assert_eq!(scene.supervisor.start(&[]).await, Ok(()));
    assert_eq!(scene.log(), "+a +b +c");
}

#[tokio::test]
async fn sup_start_error_return() {
    let mut scene = Scene::unstarted(OneForOne, 1, THREE);
    scene.fail("c", 1);
    let failed = scene.supervisor.start(&[]).await.unwrap_err();
    assert_eq!((failed.child.as_str(), failed.reason.as_str()), ("c", "it does not want to"));
    assert_eq!(scene.log(), "+a +b !c -b -a");
}

#[tokio::test]
async fn sup_stop_infinity() {
    let mut scene = Scene::new(OneForOne, THREE).await;
    scene.supervisor.stop().await;
    assert_eq!(scene.log(), "-c -b -a");
}

/// `permanent_normal`, `permanent_shutdown`, `permanent_abnormal`.
#[tokio::test]
async fn permanent() {
    for strategy in STRATEGIES {
        for reason in ORDERLY.into_iter().chain(ABNORMAL) {
            let mut scene = Scene::new(strategy, &[("a", Permanent)]).await;
            assert_eq!(scene.exit("a", reason).await, After::Settled);
            assert_eq!(scene.log(), "+a", "{strategy:?} {reason:?}");
        }
    }
}

/// `transient_normal`, `transient_shutdown`, `transient_abnormal`.
#[tokio::test]
async fn transient() {
    for strategy in STRATEGIES {
        for (reasons, log) in [(&ORDERLY[..], ""), (&ABNORMAL[..], "+a")] {
            for reason in reasons {
                let mut scene = Scene::new(strategy, &[("a", Transient)]).await;
                assert_eq!(scene.exit("a", *reason).await, After::Settled);
                assert_eq!(scene.log(), log, "{strategy:?} {reason:?}");
            }
        }
    }
}

/// `temporary_normal`, `temporary_shutdown`, `temporary_abnormal`.
#[tokio::test]
async fn temporary() {
    for strategy in STRATEGIES {
        for reason in ORDERLY.into_iter().chain(ABNORMAL) {
            let mut scene = Scene::new(strategy, &[("a", Temporary), ("b", Permanent)]).await;
            assert_eq!(scene.exit("a", reason).await, After::Settled);
            assert_eq!(scene.log(), "", "{strategy:?} {reason:?}");
            assert_eq!(scene.supervisor.names(), ["b"], "it is forgotten");
        }
    }
}

/// What follows from each exit of each kind of child: it is started again, rests, or is forgotten.
const FATES: [(ExitReason, [&str; 3]); 6] = [
    (ExitReason::Normal, ["again", "rests", "gone"]),
    (ExitReason::Shutdown, ["again", "rests", "gone"]),
    (ExitReason::Trap, ["again", "again", "gone"]),
    (ExitReason::Limit, ["again", "again", "gone"]),
    (ExitReason::Killed, ["again", "again", "gone"]),
    (ExitReason::NoSuchActor, ["again", "again", "gone"]),
];

/// `permanent_*`, `transient_*` and `temporary_*` of every strategy, among siblings.
#[tokio::test]
async fn every_exit_of_every_child_under_every_strategy() {
    let again = [(OneForOne, "+b"), (OneForAll, "-c -a +a +b +c"), (RestForOne, "-c +b +c")];
    for (strategy, restarted) in again {
        for (reason, fates) in FATES {
            for (restart, fate) in [Permanent, Transient, Temporary].into_iter().zip(fates) {
                let cell = format!("{strategy:?} {restart:?} {reason:?}");
                let children = [("a", Permanent), ("b", restart), ("c", Permanent)];
                let mut scene = Scene::new(strategy, &children).await;
                assert_eq!(scene.exit("b", reason).await, After::Settled, "{cell}");
                let (log, living, known) = match fate {
                    "again" => (restarted, "a b c", "a b c"),
                    "rests" => ("", "a c", "a b c"),
                    _ => ("", "a c", "a c"),
                };
                assert_eq!(scene.log(), log, "{cell}");
                assert_eq!(scene.living(), living, "{cell}");
                assert_eq!(scene.supervisor.names().join(" "), known, "{cell}");
            }
        }
    }
}

/// An exit that is followed by no restart counts for nothing, however often it happens.
#[tokio::test]
async fn exits_in_order_do_not_count() {
    let mut scene = Scene::unstarted(OneForOne, 0, &[("a", Transient), ("b", Permanent)]);
    scene.supervisor.start(&[]).await.unwrap();
    for _ in 0..5 {
        assert_eq!(scene.exit("a", ExitReason::Normal).await, After::Settled);
        assert_eq!(scene.supervisor.restart_child("a").await, Ok(()));
    }
    assert_eq!(scene.living(), "a b");
}

/// The first one that does not start: nobody is there to be stopped.
#[tokio::test]
async fn sup_start_fail() {
    let mut scene = Scene::unstarted(OneForOne, 1, TWO);
    scene.fail("a", 1);
    assert_eq!(scene.supervisor.start(&[]).await.unwrap_err().child, "a");
    assert_eq!(scene.log(), "!a", "and nobody after it is started");
}

/// Temporary children that are stopped because of another one are not started again.
#[tokio::test]
async fn temporary_bystander() {
    for strategy in [OneForAll, RestForOne] {
        let mut scene = Scene::new(strategy, &[("a", Permanent), ("b", Temporary)]).await;
        assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
        assert_eq!(scene.log(), "-b +a", "{strategy:?}");
        assert_eq!(scene.supervisor.names(), ["a"]);
    }
}

#[tokio::test]
async fn one_for_one() {
    let mut scene = Scene::new(OneForOne, TWO).await;
    assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "+a");
}

#[tokio::test]
async fn one_for_one_escalation() {
    let mut scene = Scene::new(OneForOne, TWO).await;
    scene.exit("a", ExitReason::Trap).await;
    scene.log();
    assert_eq!(scene.exit("a", ExitReason::Trap).await, gave_up("a", 2));
    assert_eq!(scene.log(), "-b");
}

#[tokio::test]
async fn one_for_all() {
    let mut scene = Scene::new(OneForAll, THREE).await;
    assert_eq!(scene.exit("b", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "-c -a +a +b +c");
}

#[tokio::test]
async fn one_for_all_escalation() {
    let mut scene = Scene::new(OneForAll, TWO).await;
    scene.exit("a", ExitReason::Trap).await;
    scene.log();
    assert_eq!(scene.exit("b", ExitReason::Trap).await, gave_up("b", 2));
    assert_eq!(scene.log(), "-a");
}

#[tokio::test]
async fn one_for_all_other_child_fails_restart() {
    let mut scene = Scene::unstarted(OneForAll, 3, TWO);
    scene.supervisor.start(&[]).await.unwrap();
    scene.log();
    scene.fail("b", 1);
    assert_eq!(scene.exit("a", ExitReason::Trap).await, again("b"));
    assert_eq!(scene.log(), "-b +a !b");
    assert_eq!(scene.try_again("b").await, After::Settled);
    assert_eq!(scene.log(), "-a +a +b");
}

#[tokio::test]
async fn rest_for_one() {
    for (child, log) in [("a", "-c -b +a +b +c"), ("b", "-c +b +c"), ("c", "+c")] {
        let mut scene = Scene::new(RestForOne, THREE).await;
        assert_eq!(scene.exit(child, ExitReason::Trap).await, After::Settled);
        assert_eq!(scene.log(), log);
    }
}

#[tokio::test]
async fn rest_for_one_escalation() {
    let mut scene = Scene::new(RestForOne, TWO).await;
    scene.exit("a", ExitReason::Trap).await;
    scene.log();
    assert_eq!(scene.exit("a", ExitReason::Trap).await, gave_up("a", 2));
    assert_eq!(scene.log(), "-b");
}

#[tokio::test]
async fn rest_for_one_other_child_fails_restart() {
    let mut scene = Scene::unstarted(RestForOne, 3, THREE);
    scene.supervisor.start(&[]).await.unwrap();
    scene.log();
    scene.fail("b", 1);
    assert_eq!(scene.exit("a", ExitReason::Trap).await, again("b"));
    assert_eq!(scene.log(), "-c -b +a !b");
    assert_eq!(scene.try_again("b").await, After::Settled);
    assert_eq!(scene.log(), "+b +c", "those before it go on");
}

/// Other news are heard between the tries, and each try counts.
#[tokio::test]
async fn hanging_restart_loop() {
    for strategy in STRATEGIES {
        let mut scene = Scene::unstarted(strategy, 4, &[("a", Permanent)]);
        scene.supervisor.start(&[]).await.unwrap();
        scene.fail("a", 100);
        assert_eq!(scene.exit("a", ExitReason::Trap).await, again("a"));
        for _ in 0..3 {
            assert_eq!(scene.try_again("a").await, again("a"));
        }
        assert_eq!(scene.try_again("a").await, gave_up("a", 5));
    }
}

/// A child that is stopped between two tries is left alone.
#[tokio::test]
async fn try_again_after_stop() {
    let mut scene = Scene::unstarted(OneForOne, 4, TWO);
    scene.supervisor.start(&[]).await.unwrap();
    scene.fail("a", 1);
    assert_eq!(scene.exit("a", ExitReason::Trap).await, again("a"));
    scene.supervisor.stop().await;
    scene.log();
    assert_eq!(scene.try_again("a").await, After::Settled);
    assert_eq!(scene.log(), "");
}

/// `terminate_child`, `restart_child`.
#[tokio::test]
async fn child_adm() {
    let mut scene = Scene::new(OneForOne, TWO).await;
    scene.supervisor.stop_child("a").await;
    assert_eq!(scene.log(), "-a");
    assert_eq!(scene.supervisor.restart_child("a").await, Ok(()));
    assert_eq!(scene.log(), "+a");
    assert_eq!(scene.supervisor.restart_child("a").await, Ok(()));
    assert_eq!(scene.log(), "-a +a", "one that runs is stopped first");
    assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled, "that was no restart");
}

/// `terminate_child` of a temporary child takes its specification away; `restart_child` does not find it then.
#[tokio::test]
async fn do_not_save_child_specs_for_temporary_children() {
    let mut scene = Scene::new(OneForAll, &[("a", Permanent), ("b", Temporary)]).await;
    scene.supervisor.stop_child("b").await;
    assert_eq!(scene.log(), "-b");
    let failed = scene.supervisor.restart_child("b").await.unwrap_err();
    assert_eq!(failed.reason, "`b` is no child any more");
    assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "+a", "nor does a restart of all");
}

/// `restart_child` of one that does not start: it is told, rests, and is not tried again.
#[tokio::test]
async fn restart_child_returns_error() {
    let mut scene = Scene::new(OneForOne, TWO).await;
    scene.supervisor.stop_child("a").await;
    scene.fail("a", 1);
    assert_eq!(scene.supervisor.restart_child("a").await.unwrap_err().child, "a");
    assert_eq!(scene.try_again("a").await, After::Settled);
    assert_eq!(scene.log(), "-a !a");
    assert_eq!(scene.supervisor.restart_child("a").await, Ok(()));
    assert_eq!(scene.living(), "a b");
}

/// `terminate_child` of one that is to be started again: it rests until somebody starts it.
#[tokio::test]
async fn terminate_child_in_restart_loop() {
    for strategy in STRATEGIES {
        let mut scene = Scene::unstarted(strategy, 4, &[("a", Permanent)]);
        scene.supervisor.start(&[]).await.unwrap();
        scene.fail("a", 1);
        assert_eq!(scene.exit("a", ExitReason::Trap).await, again("a"));
        scene.supervisor.stop_child("a").await;
        scene.log();
        assert_eq!(scene.try_again("a").await, After::Settled);
        assert_eq!(scene.log(), "", "{strategy:?}");
        assert_eq!(scene.supervisor.restart_child("a").await, Ok(()));
        assert_eq!(scene.log(), "+a", "{strategy:?}");
    }
}

/// One that was stopped by hand is started with the others when all of them are.
#[tokio::test]
async fn one_for_all_starts_stopped_child() {
    let mut scene = Scene::new(OneForAll, THREE).await;
    scene.supervisor.stop_child("b").await;
    scene.log();
    assert_eq!(scene.exit("c", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "-a +a +b +c");
}

/// A restart of the rest leaves out what is gone, and takes no notice of what stands before.
#[tokio::test]
async fn rest_for_one_temporary_bystander() {
    let children = [("a", Temporary), ("b", Permanent), ("c", Temporary), ("d", Transient)];
    let mut scene = Scene::new(RestForOne, &children).await;
    assert_eq!(scene.exit("b", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "-d -c +b +d");
    assert_eq!(scene.supervisor.names(), ["a", "b", "d"]);
}

/// With a back-off nothing is started before its time has come, and nothing is counted.
#[tokio::test]
async fn backoff() {
    let mut scene = Scene::unstarted(OneForAll, 1, TWO);
    scene.supervisor.waits = true;
    scene.supervisor.start(&[]).await.unwrap();
    scene.log();
    assert_eq!(scene.exit("a", ExitReason::Trap).await, again("a"));
    assert_eq!(scene.log(), "");
    scene.wait(6);
    assert_eq!(scene.try_again("a").await, After::Settled);
    assert_eq!(scene.log(), "-b +a +b");
}

/// What had ended before the node did stays so.
#[tokio::test]
async fn ended_stay_ended() {
    let children = &[("a", Transient), ("b", Temporary), ("c", Permanent)];
    let mut scene = Scene::unstarted(OneForOne, 1, children);
    scene.supervisor.start(&["a".to_owned(), "b".to_owned()]).await.unwrap();
    assert_eq!(scene.log(), "+c");
    assert_eq!(scene.supervisor.names(), ["a", "c"]);
}

/// One that ended in order is started again with the others, because its specification stays.
#[tokio::test]
async fn one_for_all_starts_ended_transient() {
    let mut scene = Scene::new(OneForAll, &[("a", Transient), ("b", Permanent)]).await;
    assert_eq!(scene.exit("a", ExitReason::Normal).await, After::Settled);
    assert_eq!(scene.exit("b", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.log(), "+a +b");
}

/// What an exit says of an incarnation before the present one is old.
#[tokio::test]
async fn late_exit_is_ignored() {
    let mut scene = Scene::new(OneForAll, TWO).await;
    scene.exit("a", ExitReason::Trap).await;
    scene.log();
    let late = scene.supervisor.exited("b", 1, ExitReason::Trap, scene.now).await;
    assert_eq!((late, scene.log().as_str()), (After::Settled, ""));
    let stranger = scene.supervisor.exited("z", 1, ExitReason::Trap, scene.now).await;
    assert_eq!(stranger, After::Settled);
}

#[tokio::test]
async fn intensity_zero() {
    let mut scene = Scene::unstarted(OneForOne, 0, TWO);
    scene.supervisor.start(&[]).await.unwrap();
    assert_eq!(scene.exit("a", ExitReason::Trap).await, gave_up("a", 1));
    assert_eq!(scene.living(), "");
}

/// Exactly a period ago still counts; longer ago does not.
#[tokio::test]
async fn intensity_within_period() {
    for (seconds, after) in [(5, gave_up("a", 2)), (6, After::Settled)] {
        let mut scene = Scene::new(OneForOne, TWO).await;
        assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
        scene.wait(seconds);
        assert_eq!(scene.exit("a", ExitReason::Trap).await, after);
    }
}

/// `multiple_restarts`: the period slides, so that a restart is forgotten one by one.
#[tokio::test]
async fn multiple_restarts() {
    let mut scene = Scene::unstarted(OneForOne, 2, TWO);
    scene.supervisor.start(&[]).await.unwrap();
    // Every 3 seconds: never more than 2 in 5 seconds.
    for _ in 0..10 {
        assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
        scene.wait(3);
    }
    assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.exit("a", ExitReason::Trap).await, gave_up("a", 3));
}

/// With every strategy one exit is one restart, however many children are started again.
#[tokio::test]
async fn intensity_counts_exits() {
    for strategy in STRATEGIES {
        let mut scene = Scene::unstarted(strategy, 1, THREE);
        scene.supervisor.start(&[]).await.unwrap();
        assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled, "{strategy:?}");
        scene.log();
        assert_eq!(scene.exit("b", ExitReason::Trap).await, gave_up("b", 2), "{strategy:?}");
        assert_eq!(scene.log(), "-c -a", "all that live are stopped, whatever the strategy");
        assert_eq!(scene.living(), "");
    }
}

/// The restarts of all children count together.
#[tokio::test]
async fn intensity_is_of_the_supervisor() {
    let mut scene = Scene::unstarted(OneForOne, 2, THREE);
    scene.supervisor.start(&[]).await.unwrap();
    for child in ["a", "b"] {
        assert_eq!(scene.exit(child, ExitReason::Trap).await, After::Settled);
    }
    assert_eq!(scene.exit("c", ExitReason::Trap).await, gave_up("c", 3));
}

/// `start_child` with a new specification, `terminate_child` and `delete_child`: here a child that was asked for is
/// forgotten with its end.
#[tokio::test]
async fn child_adm_on_request() {
    for (restart, strategy) in
        [(Permanent, OneForOne), (Transient, OneForAll), (Temporary, RestForOne)]
    {
        let mut scene = Scene::new(strategy, TWO).await;
        assert_eq!(scene.supervisor.add_child("c", restart).await, Ok(()));
        assert_eq!(scene.log(), "+c");
        scene.supervisor.stop_child("c").await;
        assert_eq!(scene.log(), "-c xc", "{strategy:?}");
        assert_eq!(scene.supervisor.restart_child("c").await.unwrap_err().child, "c");
        assert_eq!(scene.log(), "");
        assert_eq!(scene.supervisor.add_child("c", restart).await, Ok(()), "the name is free");
    }
}

/// `start_child` of one that does not start: the error is told, and no specification stays.
#[tokio::test]
async fn start_child_returns_error() {
    let mut scene = Scene::new(OneForOne, TWO).await;
    scene.fail("c", 1);
    assert_eq!(scene.supervisor.add_child("c", Permanent).await.unwrap_err().child, "c");
    assert_eq!(scene.log(), "!c xc");
    assert_eq!(scene.try_again("c").await, After::Settled);
    assert_eq!(scene.supervisor.add_child("c", Permanent).await, Ok(()));
    assert_eq!(scene.living(), "a b c");
}

/// `simple_one_for_one` with each restart type: who is not restarted is forgotten.
#[tokio::test]
async fn simple_one_for_one() {
    for (restart, reason, log) in [
        (Permanent, ExitReason::Normal, "+c"),
        (Permanent, ExitReason::Trap, "+c"),
        (Transient, ExitReason::Normal, "xc"),
        (Transient, ExitReason::Trap, "+c"),
        (Temporary, ExitReason::Normal, "xc"),
        (Temporary, ExitReason::Trap, "xc"),
    ] {
        let mut scene = Scene::new(OneForOne, &[]).await;
        scene.supervisor.add_child("c", restart).await.unwrap();
        scene.log();
        assert_eq!(scene.exit("c", reason).await, After::Settled);
        assert_eq!(scene.log(), log, "{restart} {reason}");
    }
}

/// Those on request take part in the restarts of the others, as the last ones. A temporary one does not come back.
#[tokio::test]
async fn children_on_request_in_a_group() {
    for strategy in [OneForAll, RestForOne] {
        let mut scene = Scene::new(strategy, &[("a", Permanent)]).await;
        scene.supervisor.add_child("b", Permanent).await.unwrap();
        scene.supervisor.add_child("c", Temporary).await.unwrap();
        scene.log();
        assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
        assert_eq!(scene.log(), "-c -b xc +a +b", "{strategy:?}");
    }
}

/// A supervisor that stops or gives up forgets nobody: its children on request come back with it.
#[tokio::test]
async fn simple_one_for_one_shutdown() {
    let mut scene = Scene::new(OneForOne, &[("a", Permanent)]).await;
    scene.supervisor.add_child("b", Temporary).await.unwrap();
    scene.supervisor.add_child("c", Permanent).await.unwrap();
    scene.log();
    assert_eq!(scene.exit("a", ExitReason::Trap).await, After::Settled);
    assert_eq!(scene.exit("a", ExitReason::Trap).await, gave_up("a", 2));
    assert_eq!(scene.log(), "+a -c -b");
}
