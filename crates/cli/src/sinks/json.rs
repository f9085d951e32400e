//! One JSON object a line on standard output.

use crate::output;
use goferry_report::{Event, Sink};

pub(super) struct Json;

impl Sink for Json {
    fn event(&self, event: &Event) {
        // One write for each line, so that threads do not mix theirs.
        if let Ok(line) = serde_json::to_string(event) {
            output::data(&(line + "\n"));
        }
    }
}
