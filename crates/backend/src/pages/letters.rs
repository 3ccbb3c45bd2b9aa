//! The letters a sandbox would have sent, for whoever tries it: newest first, as plain text, their links to follow.

use super::Visitor;
use super::view::{self, Frame};
use crate::app::App;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pretty_sandbox::Mail;

struct Letter {
    to: String,
    subject: String,
    pieces: Vec<Piece>,
}

enum Piece {
    Words(String),
    Link(String),
}

#[derive(Template)]
#[template(path = "pages/letters.html")]
struct Letters {
    frame: Frame,
    letters: Vec<Letter>,
}

/// The page.
pub fn letters(State(app): State<App>, visitor: Visitor, mails: Vec<Mail>) -> Response {
    let letters = mails.iter().rev().map(|mail| Letter {
        to: mail.to.join(", "),
        subject: mail.subject().to_owned(),
        pieces: pieces(mail.text.as_deref().unwrap_or_default(), &app.base_url),
    });
    let page = Letters { frame: Frame::new(&app, &visitor), letters: letters.collect() };
    view::page(&app, &visitor, StatusCode::OK, &page)
}

/// Links to our own pages can be followed; everything else is words.
fn pieces(text: &str, base_url: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(base_url) {
        let after = &rest[at..];
        let end = after.find(|c: char| c.is_whitespace()).unwrap_or(after.len());
        pieces.push(Piece::Words(rest[..at].to_owned()));
        pieces.push(Piece::Link(after[..end].to_owned()));
        rest = &after[end..];
    }
    pieces.push(Piece::Words(rest.to_owned()));
    pieces
}
