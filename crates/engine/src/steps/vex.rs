//! The VEX step: what the scans of all binaries say together.

use super::{Execution, Scan, StepResult, StepValue, lock};
use goferry_plan::graph::VexSpec;
use goferry_report::StepState;
use goferry_scan::Report;
use goferry_supply::sbom::Written;
use goferry_supply::vex::{Vex, VexFormat, statements};

impl Execution<'_> {
    /// Nothing is said of a release of which a binary was not scanned: it might have what the others have not.
    pub(crate) fn vex(&self, spec: &VexSpec) -> StepResult {
        let files = lock(&self.scans)
            .values()
            .filter_map(|s| match s {
                Scan::Scanned(s) => Some((s.name.rsplit('/').next()?.to_owned(), s.sha256.clone()?)),
                Scan::NotScanned { .. } => None,
            })
            .collect();
        let reports: Option<Vec<Report>> = lock(&self.scans)
            .values()
            .map(|s| match s {
                Scan::Scanned(s) => Some(s.report.clone()),
                Scan::NotScanned { .. } => None,
            })
            .collect();
        let Some(reports) = reports.filter(|r| !r.is_empty()) else {
            return Ok((StepValue::Done, StepState::Waived));
        };
        let vex = Vex {
            path: self.root_path(),
            version: self.root_version(),
            files,
            statements: statements(&reports),
            database: reports.first().map(|r| r.database.date.clone()).unwrap_or_default(),
        };
        let written = Written { goferry: &self.session.version, unix: self.plan.project.clock.unix };
        self.write_document(&spec.openvex, &vex.render(VexFormat::OpenVex, &written))?;
        self.write_document(&spec.cyclonedx, &vex.render(VexFormat::CycloneDx, &written))?;
        Ok((StepValue::Done, StepState::Done))
    }
}
