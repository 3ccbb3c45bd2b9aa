//! The address on this computer to which the browser returns: one path, one right answer, on a port of the system's choice.
//!
//! Whoever else calls (a preconnecting browser, another program that guesses) is refused and changes nothing. `Host` must be the address by
//! number, so that no page from elsewhere reaches it by a name of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, atomic::AtomicBool, atomic::Ordering};
use std::time::{Duration, Instant};

use url::Url;

/// The one path.
pub(crate) const PATH: &str = "/callback";
/// The most bytes of a request.
const MOST_REQUEST: usize = 8 << 10;
/// How long a caller may take to say what it wants.
const CALLER_PATIENCE: Duration = Duration::from_secs(3);
/// How often to look whether somebody called.
const TICK: Duration = Duration::from_millis(25);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// A code to exchange.
    Code(String),
    /// The person said no, or the service did, with its word for why.
    Refused(String),
    /// Nobody came in time.
    TooLate,
    /// The person stopped waiting.
    Stopped,
}

/// A bound address.
pub(crate) struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
}

impl Loopback {
    pub(crate) fn bind() -> std::io::Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_else(|_| TcpListener::bind((Ipv6Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where the browser is to return to.
    pub(crate) fn redirect(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Waits for the browser, then closes the port.
    pub(crate) fn wait(self, state: &str, limit: Duration, stop: &AtomicBool) -> Returned {
        let (sender, receiver) = channel();
        let caller = Arc::new(Caller {
            host: self.address.to_string(),
            state: state.to_owned(),
            answered: AtomicBool::new(false),
        });
        let began = Instant::now();
        loop {
            if stop.load(Ordering::SeqCst) {
                return Returned::Stopped;
            }
            if began.elapsed() >= limit {
                return Returned::TooLate;
            }
            if let Ok((stream, _)) = self.listener.accept() {
                caller.clone().hear(stream, sender.clone());
            }
            if let Ok(returned) = receiver.recv_timeout(TICK) {
                return returned;
            }
        }
    }
}

struct Caller {
    host: String,
    state: String,
    answered: AtomicBool,
}

impl Caller {
    /// On a thread of its own: a browser that opens a connection and says nothing must not keep the next one waiting.
    fn hear(self: Arc<Self>, stream: TcpStream, sender: Sender<Returned>) {
        let heard = std::thread::Builder::new().name("sign-in".into()).spawn(move || {
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_read_timeout(Some(CALLER_PATIENCE));
            let _ = stream.set_write_timeout(Some(CALLER_PATIENCE));
            if let Some(head) = read_head(&stream) {
                let (status, page, returned) = self.judge(&head);
                answer(&stream, status, page);
                if let Some(returned) = returned {
                    // The first right one counts; nobody waits for a second.
                    let _ = sender.send(returned);
                }
            }
        });
        if let Err(error) = heard {
            tracing::warn!(%error, "a caller could not be heard");
        }
    }

    fn judge(&self, head: &str) -> (&'static str, &'static str, Option<Returned>) {
        let mut lines = head.split("\r\n");
        let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words[..] else { return ("400 Bad Request", NOT_HERE, None) };
        let hosts: Vec<&str> = lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map(|(_, value)| value.trim())
            .collect();
        if hosts != [self.host.as_str()] {
            return ("421 Misdirected Request", NOT_HERE, None);
        }
        if method != "GET" {
            return ("405 Method Not Allowed", NOT_HERE, None);
        }
        let Ok(url) = Url::parse(&format!("http://{}{target}", self.host)) else {
            return ("400 Bad Request", NOT_HERE, None);
        };
        if url.path() != PATH || !target.starts_with(PATH) {
            return ("404 Not Found", NOT_HERE, None);
        }
        let value = |name: &str| {
            let mut found = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            // Twice the same is nonsense.
            found.next().filter(|value| !value.is_empty() && found.next().is_none())
        };
        if !value("state").is_some_and(|state| same(&state, &self.state)) {
            return ("400 Bad Request", NOT_HERE, None);
        }
        let returned = match (value("code"), value("error")) {
            (Some(code), None) => Returned::Code(code),
            (None, Some(error)) => Returned::Refused(error),
            _ => return ("400 Bad Request", NOT_HERE, None),
        };
        if self.answered.swap(true, Ordering::SeqCst) {
            return ("410 Gone", NOT_HERE, None);
        }
        let page = if matches!(returned, Returned::Code(_)) { SIGNED_IN } else { NOT_SIGNED_IN };
        ("200 OK", page, Some(returned))
    }
}

/// Takes as long whatever the difference is.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn read_head(mut stream: &TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    let began = Instant::now();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => head.extend_from_slice(&piece[..read]),
            // A signal came while it waited; the browser's request is still to come.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return None,
        }
        if head.len() > MOST_REQUEST || began.elapsed() > CALLER_PATIENCE {
            return None;
        }
    }
    let end = head.windows(4).position(|four| four == b"\r\n\r\n")?;
    String::from_utf8(head[..end].to_vec()).ok()
}

fn answer(mut stream: &TcpStream, status: &str, page: &str) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n",
        page.len()
    );
    // The browser may have gone; what it brought counts all the same.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(page.as_bytes()))
        .and_then(|()| stream.flush());
}

const SIGNED_IN: &str = include_str!("pages/signed_in.html");
const NOT_SIGNED_IN: &str = include_str!("pages/not_signed_in.html");
const NOT_HERE: &str = include_str!("pages/not_here.html");

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "right-state";

    /// Sends text to a waiting address, and says what came back and what the waiting gave when one was right.
    fn call(requests: &[String]) -> (Vec<String>, Returned) {
        let loopback = Loopback::bind().unwrap();
        let address = loopback.address;
        let stop = Arc::new(AtomicBool::new(false));
        let waiting = std::thread::spawn({
            let stop = stop.clone();
            move || loopback.wait(STATE, Duration::from_secs(20), &stop)
        });
        let mut answers = Vec::new();
        for request in requests {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.replace("HOST", &address.to_string()).as_bytes()).unwrap();
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text);
            answers.push(text.split("\r\n").next().unwrap_or_default().to_owned());
        }
        stop.store(true, Ordering::SeqCst);
        (answers, waiting.join().unwrap())
    }

    fn get(target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: HOST\r\n\r\n")
    }

    #[test]
    fn au1_au5_only_the_right_caller_counts() {
        let wrong = [
            ("GET /callback?code=c&state=wrong HTTP/1.1\r\nHost: HOST\r\n\r\n", "400"),
            ("GET /callback?code=c HTTP/1.1\r\nHost: HOST\r\n\r\n", "400"),
            ("GET /callback?state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "400"),
            ("GET /callback?code=c&code=d&state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "400"),
            ("GET /callback?code=c&error=e&state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "400"),
            ("GET /other?code=c&state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "404"),
            ("GET /callback/?code=c&state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "404"),
            ("GET /favicon.ico HTTP/1.1\r\nHost: HOST\r\n\r\n", "404"),
            ("POST /callback?code=c&state=right-state HTTP/1.1\r\nHost: HOST\r\n\r\n", "405"),
            ("GET /callback?code=c&state=right-state HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
            ("GET /callback?code=c&state=right-state HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", "421"),
            ("GET /callback?code=c&state=right-state HTTP/1.1\r\n\r\n", "421"),
            ("nonsense\r\n\r\n", "400"),
        ];
        let mut requests: Vec<String> = wrong.iter().map(|(request, _)| (*request).to_owned()).collect();
        requests.push(get("/callback?code=good&state=right-state"));
        let (answers, returned) = call(&requests);
        for ((request, status), answer) in wrong.iter().zip(&answers) {
            assert!(answer.contains(status), "{request}: {answer}");
        }
        assert!(answers.last().unwrap().contains("200"));
        assert_eq!(returned, Returned::Code("good".into()));
    }

    #[test]
    fn a_no_is_a_no_and_waiting_ends() {
        let (answers, returned) = call(&[get("/callback?error=access_denied&state=right-state")]);
        assert!(answers[0].contains("200"));
        assert_eq!(returned, Returned::Refused("access_denied".into()));
        assert_eq!(call(&[]).1, Returned::Stopped);
        let late = Loopback::bind().unwrap().wait(STATE, Duration::from_millis(30), &AtomicBool::new(false));
        assert_eq!(late, Returned::TooLate);
    }

    #[test]
    fn a_silent_connection_keeps_nobody_waiting() {
        let loopback = Loopback::bind().unwrap();
        let address = loopback.address;
        let waiting =
            std::thread::spawn(move || loopback.wait(STATE, Duration::from_secs(20), &AtomicBool::new(false)));
        let _silent = TcpStream::connect(address).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(get("/callback?code=c&state=right-state").replace("HOST", &address.to_string()).as_bytes())
            .unwrap();
        assert_eq!(waiting.join().unwrap(), Returned::Code("c".into()));
    }
}
