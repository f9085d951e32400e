//! Which versions to require: those that mend what is reachable, and of these the fewest that bring all the others.
//!
//! Owns: the choice. Must not: select versions itself; the go command does, and is asked what it selected.

use super::report::{Reachable, Upgrade};
use super::{Work, changelog, go_says};
use goferry_report::Diagnostic;
use goferry_scan::STDLIB;
use goferry_scan::version::compare;
use goferry_toolchain::go::ListedModule;
use goferry_toolchain::gomod::{GoMod, Replacement};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A version that is wanted at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    from: String,
    to: String,
    /// The left side of the replace line that holds it.
    replaces: Option<String>,
    /// Whether only other modules require it.
    indirect: bool,
    ids: BTreeSet<String>,
}

/// By module path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) list: BTreeMap<String, Wish>,
}

impl Wish {
    /// What mends these, where a version does: the standard library and the module itself are others' business.
    pub(super) fn sort_out(reachable: &[Reachable], modules: &[ListedModule], go_mod: &GoMod) -> Wishes {
        let mut list: BTreeMap<String, Wish> = BTreeMap::new();
        for r in reachable.iter().filter(|r| r.module != STDLIB && !r.fixed.is_empty()) {
            let selected = modules.iter().find(|m| m.path == r.module && !m.main && m.replace.is_none());
            let held = || go_mod.replace.iter().find(|l| is_with(&l.with, &r.module));
            let replaces = match (selected, held()) {
                (None, None) => continue,
                (Some(_), _) => None,
                (None, Some(line)) => Some(match &line.version {
                    Some(version) => format!("{}@{version}", line.path),
                    None => line.path.clone(),
                }),
            };
            let wish = list.entry(r.module.clone()).or_insert_with(|| Wish {
                from: r.version.clone(),
                to: r.fixed.clone(),
                replaces,
                indirect: selected.is_some_and(|m| m.indirect),
                ids: BTreeSet::new(),
            });
            if compare(&r.fixed, &wish.to) == Ordering::Greater {
                wish.to.clone_from(&r.fixed);
            }
            wish.ids.insert(r.id.clone());
        }
        Wishes { list }
    }
}

fn is_with(with: &Replacement, module: &str) -> bool {
    matches!(with, Replacement::Module(m) if m.path == module)
}

impl Wishes {
    /// Takes in what a first choice has brought; whether that asks for another one.
    pub(super) fn raise(&mut self, more: Wishes) -> bool {
        let mut changed = false;
        for (module, wish) in more.list {
            match self.list.get_mut(&module) {
                None => {
                    changed = true;
                    self.list.insert(module, wish);
                }
                Some(known) => {
                    known.ids.extend(wish.ids);
                    if compare(&wish.to, &known.to) == Ordering::Greater {
                        known.to = wish.to;
                        changed = true;
                    }
                }
            }
        }
        changed
    }

    /// Whether a selection has all of them. A module that is no longer there cannot be reached.
    fn are_met(&self, selected: &[ListedModule]) -> bool {
        self.list.iter().filter(|(_, w)| w.replaces.is_none()).all(|(path, wish)| {
            let version = selected.iter().find(|m| m.path == *path).map(|m| m.version.as_str());
            version.is_none_or(|v| compare(v, &wish.to) != Ordering::Less)
        })
    }
}

impl Work<'_> {
    /// The fewest of the wishes that bring the others; the copy is left with them.
    pub(super) fn smallest(&self, wishes: &Wishes, tidy: bool) -> Result<Vec<Upgrade>, Box<Diagnostic>> {
        let mut kept: Vec<&String> = wishes.list.keys().collect();
        // What others require is the likeliest to come with them.
        kept.sort_by_key(|p| !wishes.list[*p].indirect);
        let mut at = 0;
        while kept.len() > 1 && at < kept.len() {
            let dropped = kept.remove(at);
            let is_replace = wishes.list[dropped].replaces.is_some();
            if is_replace || !self.try_versions(wishes, &kept, false).is_ok_and(|met| met) {
                kept.insert(at, dropped);
                at += 1;
            }
        }
        self.try_versions(wishes, &kept, tidy)?;
        let upgrade = |path: &String| {
            let wish = &wishes.list[path];
            Upgrade {
                module: path.clone(),
                from: wish.from.clone(),
                to: wish.to.clone(),
                replaces: wish.replaces.clone(),
                ids: self.cleared_by(wishes, &kept, path),
                changelog: changelog::link(path, &wish.from, &wish.to),
            }
        };
        let mut out: Vec<Upgrade> = kept.iter().map(|p| upgrade(p)).collect();
        out.sort_by(|a, b| a.module.cmp(&b.module));
        Ok(out)
    }

    /// What an upgrade is there for: its own, and if it is the only one also what it brings.
    #[expect(clippy::unused_self, reason = "reads as a part of the choice")]
    fn cleared_by(&self, wishes: &Wishes, kept: &[&String], path: &str) -> BTreeSet<String> {
        let others = wishes.list.iter().filter(|(p, _)| !kept.contains(p) && kept.len() == 1);
        let own = wishes.list.get(path).into_iter();
        own.chain(others.map(|(_, w)| w)).flat_map(|w| w.ids.iter().cloned()).collect()
    }

    /// Requires these from the original state on; whether all wishes are met then.
    fn try_versions(&self, wishes: &Wishes, paths: &[&String], tidy: bool) -> Result<bool, Box<Diagnostic>> {
        self.scratch.reset()?;
        let mut queries = vec![];
        for path in paths {
            let wish = &wishes.list[*path];
            match &wish.replaces {
                None => queries.push(format!("{path}@{}", wish.to)),
                Some(left) => {
                    let word = format!("-replace={left}={path}@{}", wish.to);
                    self.edit(&["edit", &word])?;
                }
            }
        }
        if !queries.is_empty() {
            self.go.get(self.host(), self.folder(), &queries).map_err(|e| go_says(&e))?;
        }
        if tidy {
            self.edit(&["tidy"])?;
        }
        Ok(wishes.are_met(&self.modules()?))
    }

    pub(super) fn edit(&self, words: &[&str]) -> Result<String, Box<Diagnostic>> {
        self.go.edit_module(self.host(), self.folder(), words).map_err(|e| go_says(&e))
    }

    /// Whether the module is tidy as it is: then it is to be tidy afterwards too. Go before 1.23 cannot tell.
    pub(super) fn was_tidy(&self) -> Result<bool, Box<Diagnostic>> {
        self.scratch.reset()?;
        let tidy = self.edit(&["tidy", "-diff"]).is_ok();
        self.scratch.reset()?;
        Ok(tidy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::report::reachable;

    fn listed(path: &str, version: &str) -> ListedModule {
        ListedModule { path: path.to_owned(), version: version.to_owned(), ..ListedModule::default() }
    }

    #[test]
    fn the_highest_of_the_fixes_of_each_module() {
        let found = [
            reachable("1", "a", "v1.2.0"),
            reachable("2", "a", "v1.10.0"),
            reachable("3", "a", "v1.3.0"),
            reachable("4", "b", ""),
            reachable("5", STDLIB, "v1.26.9"),
            reachable("6", "fork", "v2.0.0"),
            reachable("7", "gone", "v2.0.0"),
        ];
        let go_mod =
            GoMod::parse("module m\n\nreplace (\n\tc v1.1.0 => fork v1.0.0\n\td => ../d\n)\n").unwrap();
        let modules = [listed("m", ""), listed("a", "v1.0.0"), listed("b", "v1.0.0"), listed("c", "v1.1.0")];
        let wishes = Wish::sort_out(&found, &modules, &go_mod);
        let list: Vec<_> =
            wishes.list.iter().map(|(p, w)| (p.as_str(), w.to.as_str(), w.replaces.as_deref())).collect();
        assert_eq!(list, [("a", "v1.10.0", None), ("fork", "v2.0.0", Some("c@v1.1.0"))]);
        assert_eq!(wishes.list["a"].ids.len(), 3);
        assert!(!wishes.are_met(&modules));
        assert!(wishes.are_met(&[listed("a", "v1.10.1")]) && wishes.are_met(&[]));
    }

    #[test]
    fn a_second_round_only_raises() {
        let sorted = |fixed: &str| {
            let go_mod = GoMod::parse("module m\n").unwrap();
            Wish::sort_out(&[reachable("1", "a", fixed)], &[listed("a", "v1.0.0")], &go_mod)
        };
        let mut wishes = sorted("v1.2.0");
        assert!(!wishes.raise(sorted("v1.1.0")) && !wishes.raise(Wishes::default()));
        assert!(wishes.raise(sorted("v1.3.0")));
        assert_eq!(wishes.list["a"].to, "v1.3.0");
    }
}
