//! Server-sent events, as they come in pieces.

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Its type; empty for an ordinary one.
    pub(super) kind: String,
    pub(super) id: Option<String>,
    pub(super) data: String,
}

/// What has come and is not a whole message yet.
#[derive(Default)]
pub(super) struct Messages {
    rest: Vec<u8>,
}

/// The most bytes of one message: ours are a line.
const MOST: usize = 64 << 10;

impl Messages {
    /// Takes a piece and gives out the messages that are whole now. Comments (`:`) keep the connection alive and are nothing.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<Message> {
        self.rest.extend(piece.iter().filter(|byte| **byte != b'\r'));
        let mut whole = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let text: Vec<u8> = self.rest.drain(..end + 2).collect();
            whole.extend(message(&String::from_utf8_lossy(&text)));
        }
        if self.rest.len() > MOST {
            self.rest.clear();
        }
        whole
    }
}

fn message(text: &str) -> Option<Message> {
    let mut message = Message::default();
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => message.kind = value.to_owned(),
            "id" => message.id = Some(value.to_owned()),
            "data" if message.data.is_empty() => message.data = value.to_owned(),
            "data" => {
                message.data.push('\n');
                message.data.push_str(value);
            }
            _ => {}
        }
    }
    (message != Message::default()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_the_pieces_fall_the_messages_are_the_same() {
        let text = ": hello\n\nid: 7\ndata: {\"a\":1}\n\nevent: reset\r\ndata:\r\n\r\n:\n\nid:8\ndata:x\ndata: y\n\n";
        let whole = Messages::default().push(text.as_bytes());
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0], Message { kind: String::new(), id: Some("7".into()), data: "{\"a\":1}".into() });
        assert_eq!(whole[1].kind, "reset");
        assert_eq!(whole[2].data, "x\ny");
        for size in 1..9 {
            let mut messages = Messages::default();
            let all: Vec<Message> = text.as_bytes().chunks(size).flat_map(|piece| messages.push(piece)).collect();
            assert_eq!(all, whole, "pieces of {size}");
        }
    }

    #[test]
    fn what_never_ends_is_dropped() {
        let mut messages = Messages::default();
        for _ in 0..100 {
            assert!(messages.push(&[b'a'; 4096]).is_empty());
        }
        assert!(messages.rest.len() <= MOST);
    }
}
