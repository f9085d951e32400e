//! Runs the steps of a plan, each after those it needs, several at once.
//!
//! Owns: order, parallelism, what happens after a failure. Must not: know what a step does.

use goferry_plan::graph::{Plan, Step, StepId};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its value is there.
    Done,
    /// It failed; whoever needs it is dropped.
    Failed,
    /// It was dropped.
    Dropped,
}

struct State {
    ends: HashMap<StepId, End>,
    taken: Vec<bool>,
    stop: bool,
}

/// Runs every step. `run` is called from `jobs` threads and says whether it succeeded;
/// `dropped` is told of steps that never ran. After a failure the steps that do not need it go on, unless `fail_fast`.
pub(crate) fn run(
    plan: &Plan,
    jobs: usize,
    fail_fast: bool,
    run: &(dyn Fn(&Step) -> bool + Sync),
    dropped: &(dyn Fn(&Step) + Sync),
) -> HashMap<StepId, End> {
    let state = Mutex::new(State { ends: HashMap::new(), taken: vec![false; plan.steps.len()], stop: false });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                let mut guard = lock(&state);
                while let Some(next) = pick(plan, &guard) {
                    match next {
                        Pick::Wait => guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
                        Pick::Drop(i) => {
                            guard.taken[i] = true;
                            dropped(&plan.steps[i]);
                            guard.ends.insert(plan.steps[i].id.clone(), End::Dropped);
                            changed.notify_all();
                        }
                        Pick::Run(i) => {
                            guard.taken[i] = true;
                            drop(guard);
                            let ok = run(&plan.steps[i]);
                            guard = lock(&state);
                            guard
                                .ends
                                .insert(plan.steps[i].id.clone(), if ok { End::Done } else { End::Failed });
                            guard.stop |= fail_fast && !ok;
                            changed.notify_all();
                        }
                    }
                }
            });
        }
    });
    state.into_inner().unwrap_or_else(PoisonError::into_inner).ends
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Pick {
    Run(usize),
    Drop(usize),
    Wait,
}

/// The first step of the plan that can go; none when all are taken.
fn pick(plan: &Plan, state: &State) -> Option<Pick> {
    let mut open = false;
    for (i, step) in plan.steps.iter().enumerate() {
        if state.taken[i] {
            continue;
        }
        open = true;
        let ends: Vec<Option<&End>> = step.needs.iter().map(|n| state.ends.get(n)).collect();
        if state.stop || ends.iter().any(|e| matches!(e, Some(End::Failed | End::Dropped))) {
            return Some(Pick::Drop(i));
        }
        if ends.iter().all(|e| matches!(e, Some(End::Done))) {
            return Some(Pick::Run(i));
        }
    }
    open.then_some(Pick::Wait)
}

/// How many steps may run at once: cores, but not more than free memory allows.
///
/// A Go compile and link of a large program was seen to take up to 6 GB, a usual one well under 1 GB; 1.5 GB for each
/// keeps small machines alive, and a build that is killed all the same is tried again alone.
pub(crate) fn jobs(asked: Option<usize>, cores: usize, free_bytes: Option<u64>) -> usize {
    const EACH: u64 = 3 << 29;
    if let Some(n) = asked {
        return n.max(1);
    }
    let by_memory = free_bytes.map_or(usize::MAX, |b| usize::try_from(b / EACH).unwrap_or(usize::MAX));
    cores.min(by_memory).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_plan::facts::{Clock, SourceKind, Vcs};
    use goferry_plan::graph::{Action, HookSpec, Project, Stage};

    fn step(id: &str, needs: &[&str]) -> Step {
        Step {
            id: StepId(id.to_owned()),
            stage: Stage::Hook,
            target: None,
            needs: needs.iter().map(|n| StepId((*n).to_owned())).collect(),
            action: Action::Hook(HookSpec {
                argv: vec![],
                dir: String::new(),
                env: vec![],
                output: false,
                line: String::new(),
            }),
            outputs: vec![],
            cacheable: false,
        }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        Plan {
            project: Project {
                name: String::new(),
                version: String::new(),
                snapshot: true,
                module_path: None,
                source: SourceKind::Checkout,
                build_from: SourceKind::Checkout,
                vcs: Vcs::default(),
                clock: Clock { unix: 0, source: String::new() },
                dist: "dist".to_owned(),
                metadata_unix: None,
                report_sizes: false,
            },
            steps,
            notes: vec![],
        }
    }

    #[test]
    fn order_failure_and_the_rest() {
        let p = plan(vec![
            step("a", &[]),
            step("b", &[]),
            step("av", &["a"]),
            step("bv", &["b"]),
            step("sum", &["av", "bv"]),
        ]);
        for jobs in [1, 2, 8] {
            let order = Mutex::new(vec![]);
            let ends = run(
                &p,
                jobs,
                false,
                &|s| {
                    order.lock().unwrap().push(s.id.0.clone());
                    s.id.0 != "a"
                },
                &|_| {},
            );
            let end = |id: &str| ends[&StepId(id.to_owned())];
            assert_eq!(
                (end("a"), end("av"), end("bv"), end("sum")),
                (End::Failed, End::Dropped, End::Done, End::Dropped)
            );
            let order = order.into_inner().unwrap();
            let at = |id: &str| order.iter().position(|o| o == id).unwrap();
            assert!(at("b") < at("bv"));
        }
    }

    #[test]
    fn fail_fast_drops_everything_else() {
        let p = plan(vec![step("a", &[]), step("b", &["a"]), step("c", &[]), step("d", &["c"])]);
        let ends = run(&p, 1, true, &|s| s.id.0 != "a", &|_| {});
        assert_eq!(ends.values().filter(|e| **e == End::Dropped).count(), 3);
    }

    #[test]
    fn memory_bounds_parallelism() {
        assert_eq!(jobs(None, 8, Some(4 << 30)), 2);
        assert_eq!(jobs(None, 8, Some(1 << 20)), 1);
        assert_eq!(jobs(None, 2, None), 2);
        assert_eq!(jobs(Some(0), 8, None), 1);
        assert_eq!(jobs(Some(5), 2, Some(1)), 5);
    }
}
