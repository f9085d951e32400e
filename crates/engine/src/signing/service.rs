//! Requests of signatures over the session's connections.

use crate::session::Session;
use goferry_net::{NetError, Request};
use goferry_supply::{Answer, Call, Transport};
use std::time::Duration;

/// A certificate or an entry has some ten kilobytes.
const LIMIT: u64 = 4 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The session as a transport.
pub(super) struct Services<'a>(pub(super) &'a Session);

impl Transport for Services<'_> {
    fn send(&self, call: &Call<'_>) -> Result<Answer, String> {
        let mut request = match &call.body {
            Some(body) => Request::post(call.url, call.content_type, body.clone()),
            None => Request::get(call.url),
        };
        if let Some(token) = call.bearer {
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        request = request.limit(LIMIT).timeout(TIMEOUT).attempts(if call.repeatable { 3 } else { 1 });
        match self.0.send(&request) {
            Ok(answer) => Ok(Answer {
                status: answer.status,
                location: answer.header("location").map(str::to_owned),
                body: answer.body,
            }),
            // The address is said by whoever asks.
            Err(NetError::Unreachable { reason, .. }) => Err(format!("it does not answer: {reason}")),
            Err(e) => Err(e.to_string()),
        }
    }
}
