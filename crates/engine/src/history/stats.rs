//! What follows from many records. Pure arithmetic.

use super::Record;
use serde::Serialize;
use std::collections::BTreeMap;

/// Over the last releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Number of releases.
    pub releases: usize,
    /// Of these, successful ones.
    pub succeeded: usize,
    /// Successful ones among all, from 0 to 1; none without any.
    pub success_rate: Option<f64>,
    /// What stopped releases as a whole, with how often.
    pub blocked: BTreeMap<String, usize>,
    /// Each target.
    pub targets: Vec<TargetStatistics>,
}

/// A target over the last releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TargetStatistics {
    /// `linux/arm64`.
    pub target: String,
    /// Releases that had it.
    pub releases: usize,
    /// Of these, those in which nothing stopped it.
    pub clean: usize,
    /// What stopped it, with how often.
    pub blocked: BTreeMap<String, usize>,
    /// Times that it was blocked and later clean again.
    pub recoveries: usize,
    /// Mean seconds from the first of such blocks to the next release in which it was clean.
    pub mean_seconds_to_clean: Option<f64>,
    /// Since when it is blocked, Unix seconds, if it was in the last release that had it.
    pub blocked_since: Option<u64>,
}

/// Counts; records are oldest first.
pub fn statistics(records: &[Record]) -> Statistics {
    let mut out = Statistics { releases: records.len(), ..Statistics::default() };
    let mut targets: BTreeMap<&str, (TargetStatistics, u64)> = BTreeMap::new();
    for r in records {
        out.succeeded += usize::from(r.ok);
        for what in &r.blocked {
            *out.blocked.entry(what.clone()).or_default() += 1;
        }
        for t in &r.targets {
            let (s, sum) = targets.entry(&t.target).or_default();
            s.target.clone_from(&t.target);
            s.releases += 1;
            for what in &t.blocked {
                *s.blocked.entry(what.clone()).or_default() += 1;
            }
            if !t.blocked.is_empty() {
                s.blocked_since.get_or_insert(r.time);
                continue;
            }
            // Built and verified whole; a release that was stopped before it got there says nothing of it.
            if t.verified < t.planned {
                continue;
            }
            s.clean += 1;
            if let Some(since) = s.blocked_since.take() {
                s.recoveries += 1;
                *sum += r.time.saturating_sub(since);
            }
        }
    }
    if out.releases > 0 {
        out.success_rate = Some(out.succeeded as f64 / out.releases as f64);
    }
    let mean = |(mut s, sum): (TargetStatistics, u64)| {
        s.mean_seconds_to_clean = (s.recoveries > 0).then(|| sum as f64 / s.recoveries as f64);
        s
    };
    out.targets = targets.into_values().map(mean).collect();
    out
}
