//! Reads a mail as far as tests and people need: headers, and the text and HTML bodies, decoded.
//!
//! Not a mail client: attachments stay in the raw text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The readable parts of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
}

pub(crate) fn read(raw: &str) -> Parts {
    let (headers, body) = split(raw);
    let mut parts = Parts {
        headers: headers.iter().map(|(name, value)| (name.clone(), decoded_words(value))).collect(),
        ..Parts::default()
    };
    collect(&headers, body, &mut parts, 0);
    parts
}

fn split(raw: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = raw.split_once("\r\n\r\n").or_else(|| raw.split_once("\n\n")).unwrap_or((raw, ""));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (headers, body)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
}

fn collect(headers: &[(String, String)], body: &str, parts: &mut Parts, depth: usize) {
    let kind = header(headers, "content-type");
    let lower = kind.to_ascii_lowercase();
    if lower.starts_with("multipart/") && depth < 5 {
        let Some(boundary) = boundary(kind) else { return };
        for piece in body.split(&format!("--{boundary}")).skip(1) {
            if piece.starts_with("--") {
                break;
            }
            let (inner, content) = split(piece.trim_start_matches(['\r', '\n']));
            collect(&inner, content, parts, depth + 1);
        }
        return;
    }
    let content = decoded(header(headers, "content-transfer-encoding"), body);
    if lower.starts_with("text/html") {
        parts.html.get_or_insert(content);
    } else if lower.is_empty() || lower.starts_with("text/plain") {
        parts.text.get_or_insert(content);
    }
}

fn boundary(kind: &str) -> Option<String> {
    let at = kind.to_ascii_lowercase().find("boundary=")?;
    let value = &kind[at + "boundary=".len()..];
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().map(str::to_owned),
        None => value.split(';').next().map(|value| value.trim().to_owned()),
    }
}

fn decoded(encoding: &str, body: &str) -> String {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap_or_default(),
        "quoted-printable" => quoted_printable(body, false),
        _ => return body.to_owned(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quoted_printable(text: &str, in_header: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'=' if bytes[at + 1..].starts_with(b"\r\n") => at += 2,
            b'=' if bytes[at + 1..].starts_with(b"\n") => at += 1,
            b'=' => match bytes
                .get(at + 1..at + 3)
                .and_then(|hex| std::str::from_utf8(hex).ok())
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            {
                Some(byte) => {
                    out.push(byte);
                    at += 2;
                }
                None => out.push(b'='),
            },
            b'_' if in_header => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    out
}

/// RFC 2047 words such as `=?utf-8?b?…?=`.
fn decoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let mut fields = word[2..].splitn(4, '?');
        let (Some(_charset), Some(encoding), Some(text), Some(tail)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            break;
        };
        let Some(tail) = tail.strip_prefix('=') else { break };
        let bytes = match encoding {
            "b" | "B" => STANDARD.decode(text).unwrap_or_default(),
            _ => quoted_printable(text, true),
        };
        // Blanks between two encoded words are not part of the text.
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&String::from_utf8_lossy(&bytes));
        rest = tail;
        after_word = true;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bodies_and_encoded_headers_are_read() {
        let mail = "Subject: =?utf-8?b?R3LDvMOf?= =?utf-8?q?e_an_Zo=C3=AB?=\r\nTo: a@example.com,\r\n b@example.com\r\n\
                    Content-Type: multipart/alternative; boundary=\"x y\"\r\n\r\n--x y\r\nContent-Type: text/plain; charset=utf-8\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nhttps://example.com/?a=3D1&b=\r\n=3D2 =C3=BC\r\n--x y\r\n\
                    Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8\r\nL2I+\r\n--x y--\r\n";
        let parts = read(mail);
        assert_eq!(header(&parts.headers, "subject"), "Grüße an Zoë");
        assert_eq!(header(&parts.headers, "to"), "a@example.com, b@example.com");
        assert_eq!(parts.text.as_deref(), Some("https://example.com/?a=1&b=2 ü\r\n"));
        assert_eq!(parts.html.as_deref(), Some("<b>hi</b>"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(raw in "(?s).{0,300}") {
            read(&raw);
            read(&format!("Content-Type: multipart/mixed; boundary=a\r\nSubject: =?{raw}\r\n\r\n--a\r\n{raw}\r\n--a--"));
        }
    }
}
