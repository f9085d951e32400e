//! Counts, as `strace -c` has them.

use super::events::Event;
use serde::Serialize;
use std::collections::BTreeMap;

/// How often one call was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Its name.
    pub call: String,
    /// How often.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// With which errors, and how often.
    pub errors: BTreeMap<String, u64>,
}

/// Counts calls by name, the most frequent first.
pub fn summary(events: &[Event]) -> Vec<Count> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for call in events.iter().filter_map(Event::call) {
        let count = counts.entry(&call.name).or_insert_with(|| Count {
            call: call.name.clone(),
            calls: 0,
            failed: 0,
            errors: BTreeMap::new(),
        });
        count.calls += 1;
        if let Some(error) = call.error() {
            count.failed += 1;
            *count.errors.entry(error.to_owned()).or_default() += 1;
        }
    }
    let mut out: Vec<Count> = counts.into_values().collect();
    // Those that are equally frequent stay in the alphabet's order.
    out.sort_by_key(|c| std::cmp::Reverse(c.calls));
    out
}
