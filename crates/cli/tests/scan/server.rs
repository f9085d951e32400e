//! A small HTTP server: files of a folder with ETags, and a place where messages are posted.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What was asked: `GET /index/db.json 304`, and what was posted with its headers.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) lines: Vec<String>,
    pub(crate) posts: Vec<(BTreeMap<String, String>, String)>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) heard: Arc<Mutex<Heard>>,
    /// The status that posts get.
    pub(crate) answer: Arc<Mutex<u16>>,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heard, answer) = (Arc::<Mutex<Heard>>::default(), Arc::new(Mutex::new(200)));
        let server = Server { url, heard: Arc::clone(&heard), answer: Arc::clone(&answer) };
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (folder, heard, answer) = (folder.clone(), Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &folder, &heard, &answer));
            }
        });
        server
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.heard.lock().unwrap().lines);
        lines.sort();
        lines
    }
}

fn serve(stream: &TcpStream, folder: &Path, heard: &Mutex<Heard>, answer: &Mutex<u16>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|n| *n > 0)?;
        let mut words = first.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (status, etag, content) = if method == "POST" {
            let text = String::from_utf8_lossy(&body).into_owned();
            heard.lock().unwrap().posts.push((headers, text));
            (*answer.lock().unwrap(), String::new(), vec![])
        } else {
            let path = path.split('?').next()?;
            file(&folder.join(path.trim_start_matches('/')), headers.get("if-none-match"))
        };
        heard.lock().unwrap().lines.push(format!("{method} {path} {status}"));
        let head =
            format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nETag: {etag}\r\n\r\n", content.len());
        let mut out = stream;
        out.write_all(head.as_bytes()).and_then(|()| out.write_all(&content)).ok()?;
    }
}

fn file(path: &Path, known: Option<&String>) -> (u16, String, Vec<u8>) {
    let Ok(content) = std::fs::read(path) else { return (404, String::new(), vec![]) };
    let mut crc = flate2::Crc::new();
    crc.update(&content);
    let etag = format!("\"{:x}\"", crc.sum());
    if known == Some(&etag) { (304, etag, vec![]) } else { (200, etag, content) }
}
