//! A wire between the window and the service, on loopback: remembers every byte that the window sends, and misbehaves when told to.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What is wrong with the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody is there: connections are closed at once.
    Down,
    /// Connections are taken and nothing ever comes back.
    Silent,
    /// All that comes back is slow, a little at a time.
    Slow,
    /// Every answer breaks off after so many bytes.
    Cut(usize),
    /// Somebody else answers, always the same: status and reason, type, body.
    Answers(&'static str, &'static str, &'static str),
}

impl Fault {
    /// The page of a hotel's network that wants to be signed in to first.
    pub const CAPTIVE_PORTAL: Self = Self::Answers(
        "200 OK",
        "text/html",
        "<!doctype html><title>Welcome to our hotel</title><p>Please accept our terms.",
    );
    /// The service is there and cannot.
    pub const OUT_OF_ORDER: Self = Self::Answers("503 Service Unavailable", "text/plain", "upstream connect error");
    /// JSON that no service of ours would write.
    pub const NONSENSE: Self = Self::Answers("200 OK", "application/json", "{\"wat\": [1, 2");
}

/// The wire; it ends with this.
pub struct Wire {
    /// Where the window is to look for the service.
    pub address: String,
    inner: Arc<Inner>,
}

struct Inner {
    service: String,
    ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    open: Vec<TcpStream>,
    connections: usize,
    sent: Vec<u8>,
}

impl Wire {
    /// A sound wire to the service at this address (`http://127.0.0.1:port`).
    #[must_use]
    pub fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let service = service.trim_start_matches("http://").to_owned();
        let inner = Arc::new(Inner { service, ended: AtomicBool::new(false), state: Mutex::default() });
        thread::spawn({
            let inner = Arc::clone(&inner);
            move || {
                for stream in listener.incoming().flatten() {
                    if inner.ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let inner = Arc::clone(&inner);
                    thread::spawn(move || inner.serve(stream));
                }
            }
        });
        Self { address, inner }
    }

    /// From now on; what is open is broken off.
    pub fn set(&self, fault: Fault) {
        let mut state = self.inner.locked();
        state.fault = Some(fault);
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// All bytes that the window sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        self.inner.locked().sent.clone()
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.locked().connections
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::SeqCst);
        self.set(Fault::Down);
        // Wakes the one who waits for connections.
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

impl Inner {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, window: TcpStream) {
        let fault = {
            let mut state = self.locked();
            state.connections += 1;
            let fault = state.fault.unwrap_or(Fault::None);
            if fault != Fault::Down {
                state.open.extend(window.try_clone());
            }
            fault
        };
        match fault {
            Fault::Down => {}
            Fault::Silent => self.swallow(window, |_| false),
            Fault::Answers(status, kind, body) => self.answer(window, (status, kind, body)),
            Fault::None | Fault::Slow | Fault::Cut(_) => self.pass(&window, fault),
        }
    }

    /// Takes what the window sends until `enough`.
    fn swallow(&self, mut window: TcpStream, enough: impl Fn(&[u8]) -> bool) {
        let (mut buffer, mut all) = ([0; 16 << 10], Vec::new());
        while let Some(length) = receive(&mut window, &mut buffer) {
            all.extend_from_slice(&buffer[..length]);
            self.locked().sent.extend_from_slice(&buffer[..length]);
            if enough(&all) {
                return;
            }
        }
    }

    fn answer(&self, window: TcpStream, (status, kind, body): (&str, &str, &str)) {
        let Ok(mut back) = window.try_clone() else { return };
        self.swallow(window, |all| all.windows(4).any(|part| part == b"\r\n\r\n"));
        let length = body.len();
        let _ = write!(
            back,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let _ = back.shutdown(Shutdown::Write);
        // A client that still sends is let finish, so that it reads the answer and not a reset.
        self.swallow(back, |_| false);
    }

    fn pass(&self, window: &TcpStream, fault: Fault) {
        let Ok(service) = TcpStream::connect(&self.service) else { return };
        self.locked().open.extend(service.try_clone());
        thread::scope(|scope| {
            scope.spawn(|| {
                let record = |part: &[u8]| self.locked().sent.extend_from_slice(part);
                pump((window, &service), usize::MAX, Duration::ZERO, record);
            });
            let (most, pause) = match fault {
                Fault::Cut(most) => (most, Duration::ZERO),
                Fault::Slow => (usize::MAX, Duration::from_millis(15)),
                _ => (usize::MAX, Duration::ZERO),
            };
            pump((&service, window), most, pause, |_| ());
        });
    }
}

/// Hands on what comes, so many bytes at most, until one end is closed; then both are.
fn pump((mut from, mut to): (&TcpStream, &TcpStream), most: usize, pause: Duration, record: impl Fn(&[u8])) {
    let mut buffer = vec![0; if pause.is_zero() { 64 << 10 } else { 2 << 10 }];
    let mut left = most;
    while let Some(length) = receive(&mut from, &mut buffer) {
        let part = &buffer[..length.min(left)];
        record(part);
        left -= part.len();
        if to.write_all(part).is_err() || left == 0 {
            break;
        }
        thread::sleep(pause);
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// How many bytes came; nothing when no more will. A signal in the meantime is no end.
fn receive(from: &mut impl Read, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match from.read(buffer) {
            Ok(length) => return Some(length).filter(|length| *length > 0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
