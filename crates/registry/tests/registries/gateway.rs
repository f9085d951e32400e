//! Stands before a registry and spoils what it is told to: answers for it, cuts connections, loses answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Of its body, in bytes, as they went on to the registry.
    pub(crate) sent: u64,
    /// Whether it said who asks.
    pub(crate) authorized: bool,
}

/// What is done with a request.
pub(crate) enum Do {
    Forward,
    /// An answer of the gateway's own: status line and headers, and a body.
    Answer(String, String),
    /// So much of the body goes on, then both connections end.
    CutAfter(u64),
    /// The registry does it, and nobody hears of it.
    LoseAnswer,
}

/// What a gateway does with a request by method and path.
type Rule = dyn FnMut(&str, &str) -> Do + Send;

/// One that runs.
pub(crate) struct Gateway {
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Gateway {
    pub(crate) fn before(registry: &str, rule: impl FnMut(&str, &str) -> Do + Send + 'static) -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(vec![]));
        let (registry, seen) = (registry.to_owned(), Arc::clone(&asked));
        let rule: Arc<Mutex<Box<Rule>>> = Arc::new(Mutex::new(Box::new(rule)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (registry, seen, rule) = (registry.clone(), Arc::clone(&seen), Arc::clone(&rule));
                // A connection that breaks is what this is for.
                std::thread::spawn(move || drop(serve(&stream.unwrap(), &registry, &seen, &rule)));
            }
        });
        Gateway { host, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests with this method had this in their path.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        self.asked().iter().filter(|a| a.method == method && a.path.contains(part)).count()
    }
}

/// One request and its answer; then the connection ends.
fn serve(
    client: &TcpStream,
    registry: &str,
    seen: &Mutex<Vec<Asked>>,
    rule: &Mutex<Box<Rule>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0_u64);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line;
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let what = (*rule.lock().unwrap())(&method, &path);
    let authorized = head.to_lowercase().contains("\nauthorization:");
    let note = |sent| {
        seen.lock().unwrap().push(Asked { method: method.clone(), path: path.clone(), sent, authorized })
    };
    let mut client = client;
    if let Do::Answer(front, body) = &what {
        note(std::io::copy(&mut reader.take(length), &mut std::io::sink())?);
        write!(client, "HTTP/1.1 {front}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len())?;
        return client.write_all(body.as_bytes());
    }
    let mut upstream = TcpStream::connect(registry)?;
    write!(upstream, "{head}connection: close\r\n\r\n")?;
    let most = if let Do::CutAfter(n) = what { length.min(n) } else { length };
    note(most);
    std::io::copy(&mut reader.take(most), &mut upstream)?;
    if most < length {
        upstream.shutdown(Shutdown::Both)?;
        return client.shutdown(Shutdown::Both);
    }
    let mut answer = vec![];
    upstream.read_to_end(&mut answer)?;
    if matches!(what, Do::LoseAnswer) {
        return client.shutdown(Shutdown::Both);
    }
    client.write_all(&answer)
}
