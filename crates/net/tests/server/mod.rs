//! A server that answers as it is told.
#![allow(unreachable_pub, reason = "each test is a crate of its own")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Serves one answer for each connection, in turns; the last one again and again. Gives the address and what was asked.
pub fn serve(answers: &[&str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(vec![]));
    let (answers, seen): (Vec<String>, _) =
        (answers.iter().map(|a| (*a).to_owned()).collect(), asked.clone());
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let request = request(&stream);
            seen.lock().unwrap().push(request);
            let answer = &answers[n.min(answers.len() - 1)];
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

/// The head and the body of what a client sends.
fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut all, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            break;
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        all += &line;
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    // A client may give up in the middle.
    let _ = reader.read_exact(&mut body);
    all + &String::from_utf8_lossy(&body)
}

pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}
