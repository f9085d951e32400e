//! One JSON object a line on standard output.

use crate::output;
use goferry_report::{Event, Sink};

pub(super) struct Json;

impl Sink for Json {
    fn event(&self, event: &Event) {
        output::json_line(event);
    }
}
