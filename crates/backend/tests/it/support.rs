//! What tests stand on: databases, a clock that is moved by hand, crashes, the whole service with a browser.

#[macro_use]
mod database;
mod app;
mod crash;
mod lab;
mod member;
pub(crate) mod pictures;
mod postgres;
mod sending;
mod shop;
mod storage;

pub(crate) use app::{Answer, Browser, PASSWORD, TestApp, settings};
pub(crate) use crash::crash_after;
pub(crate) use database::{START, TestDatabase};
pub(crate) use lab::Lab;
pub(crate) use member::Member;
pub(crate) use shop::{Order, Shop};
