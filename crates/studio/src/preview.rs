//! Previews of what is on screen: one worker makes the wanted tiles in the order in which they are wanted, and drops what is no longer wanted.
//!
//! Level 0 is the result itself, pixel for pixel. Smaller levels run the recipe on the reduced photo, without enlarging: quick stand-ins.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use pretty_contract::event::Event;
use pretty_contract::photo::PhotoId;
use pretty_contract::preview::{PreviewTile, TileAt, View};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::Cancel;
use pretty_photo::DecodedPhoto;

use crate::address::{Address, Place};
use crate::core::Core;
use crate::lru::ByteLru;
use crate::opened::{self, Key};
use crate::problems::{bad_request, from_panic};
use crate::serve::{self, Served};
use crate::workshop::Render;
use crate::{devices, keys};

/// Room for encoded tiles.
const BUDGET: u64 = 96 << 20;
/// Tiles that one view may want: more than any screen holds.
const MOST_TILES: usize = 1024;

/// What is wanted, and what has been made.
pub(crate) struct Previews {
    wanted: Mutex<Option<Wanted>>,
    changed: Condvar,
    made: Mutex<ByteLru<Address, Arc<Served>>>,
}

struct Wanted {
    subject: Subject,
    tiles: VecDeque<TileAt>,
    /// The tile in work and what stops it.
    in_work: Option<(TileAt, Cancel)>,
    ended: bool,
}

/// What tiles are tiles of.
#[derive(Clone, PartialEq)]
struct Subject {
    photo: PhotoId,
    recipe: Recipe,
    key: String,
    level: u32,
}

impl Default for Previews {
    fn default() -> Self {
        Self { wanted: Mutex::default(), changed: Condvar::new(), made: Mutex::new(ByteLru::new(BUDGET)) }
    }
}

impl Subject {
    fn address(&self, at: TileAt) -> Address {
        Address::Preview(self.photo, self.key.clone(), Place { level: self.level, at })
    }

    fn event(&self, at: TileAt) -> Event {
        Event::PreviewTile(PreviewTile {
            photo: self.photo,
            recipe_key: self.key.clone(),
            level: self.level,
            at,
            address: self.address(at).text(),
            is_final: self.level == 0,
        })
    }

    /// What is run: smaller levels leave enlarging out, for no screen could show it.
    fn recipe(&self) -> Recipe {
        let mut recipe = self.recipe.clone();
        if self.level > 0 {
            recipe.steps.retain(|step| !matches!(step, Step::Upscale { .. }));
        }
        recipe
    }
}

/// Replaces what is on screen; gives back the key of its tiles. Tiles that were made before are told at once.
pub(crate) fn set_view(core: &Core, view: View) -> Result<String, Problem> {
    if view.tiles.len() > MOST_TILES || !view.tiles.iter().all(|&at| Place { level: view.level, at }.is_possible()) {
        return Err(bad_request("This view cannot be shown: its tiles are out of range."));
    }
    if let Some(workshop) = core.workshop.ready() {
        workshop.plan(&view.recipe)?;
    }
    {
        let mut state = core.lock();
        if state.photos.get(view.photo).is_none() {
            return Err(bad_request("This photo is not on the list any more."));
        }
        state.viewed = Some(view.photo);
        core.wake();
    }
    let key = keys::of_recipe(&view.recipe);
    let subject = Subject { photo: view.photo, recipe: view.recipe, key: key.clone(), level: view.level };
    core.previews.want(core, subject, view.tiles);
    Ok(key)
}

impl Previews {
    fn want(&self, core: &Core, subject: Subject, tiles: Vec<TileAt>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut in_work = None;
        if let Some(before) = wanted.take()
            && let Some((at, cancel)) = before.in_work
        {
            if before.subject == subject && tiles.contains(&at) {
                in_work = Some((at, cancel));
            } else {
                cancel.cancel();
            }
        }
        let under_way = in_work.as_ref().map(|(at, _)| *at);
        let mut todo = VecDeque::new();
        for at in tiles {
            if self.tile(&subject.address(at)).is_some() {
                core.say(subject.event(at));
            } else if Some(at) != under_way && !todo.contains(&at) {
                todo.push_back(at);
            }
        }
        *wanted = Some(Wanted { subject, tiles: todo, in_work, ended: false });
        self.changed.notify_all();
    }

    /// Nothing is wanted any more.
    pub(crate) fn clear(&self) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cancel)) = wanted.take().and_then(|before| before.in_work) {
            cancel.cancel();
        }
        self.changed.notify_all();
    }

    /// Lets the worker end.
    pub(crate) fn end(&self) {
        self.clear();
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = Subject { photo: PhotoId(0), recipe: Recipe::new(Vec::new()), key: String::new(), level: 0 };
        *wanted = Some(Wanted { subject, tiles: VecDeque::new(), in_work: None, ended: true });
        self.changed.notify_all();
    }

    /// Drops the tiles of a photo that is gone.
    pub(crate) fn forget(&self, photo: PhotoId) {
        let is_of = |wanted: &Wanted| wanted.subject.photo == photo;
        if self.wanted.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(is_of) {
            self.clear();
        }
        let keep = |address: &Address| !matches!(address, Address::Preview(of, ..) if *of == photo);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).retain(keep);
    }

    /// A tile that has been made.
    pub(crate) fn tile(&self, address: &Address) -> Option<Served> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).get(address).map(|tile| (*tile).clone())
    }

    /// Waits for the next tile to make; `None` once the studio ends.
    fn next(&self) -> Option<(Subject, TileAt, Cancel)> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(view) = wanted.as_mut() {
                if view.ended {
                    return None;
                }
                if let Some(at) = view.tiles.pop_front() {
                    let cancel = Cancel::default();
                    view.in_work = Some((at, cancel.clone()));
                    return Some((view.subject.clone(), at, cancel));
                }
            }
            wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes how a tile ended. A failure takes the rest of its view with it: they would fail the same way.
    fn ended(&self, core: &Core, subject: &Subject, at: TileAt, outcome: Result<Served, Problem>) {
        if let Ok(tile) = &outcome {
            let bytes = tile.bytes.len() as u64;
            self.made.lock().unwrap_or_else(PoisonError::into_inner).put(
                subject.address(at),
                Arc::new(tile.clone()),
                bytes,
            );
        }
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(view) = wanted.as_mut().filter(|view| !view.ended && view.subject == *subject) else { return };
        if view.in_work.as_ref().is_some_and(|(in_work, _)| *in_work == at) {
            view.in_work = None;
        }
        match outcome {
            Ok(_) => core.say(subject.event(at)),
            Err(problem) if problem.code == Code::Cancelled => {}
            Err(problem) => {
                view.tiles.clear();
                core.say(Event::PreviewFailed { photo: subject.photo, problem });
            }
        }
    }
}

/// The worker's work.
pub(crate) fn work(core: &Core) {
    let mut easel = None;
    while let Some((subject, at, cancel)) = core.previews.next() {
        let make = std::panic::AssertUnwindSafe(|| make(core, &mut easel, &subject, at, &cancel));
        let outcome = std::panic::catch_unwind(make).unwrap_or_else(|payload| Err(from_panic(payload.as_ref())));
        if outcome.as_ref().is_err_and(|problem| problem.code != Code::Cancelled) {
            easel = None;
        }
        core.previews.ended(core, &subject, at, outcome);
    }
}

/// What the worker keeps between two tiles of the same subject.
struct Easel {
    subject: Subject,
    device: Option<String>,
    photo: Arc<DecodedPhoto>,
    renderer: Box<dyn Render>,
}

fn make(
    core: &Core,
    easel: &mut Option<Easel>,
    subject: &Subject,
    at: TileAt,
    cancel: &Cancel,
) -> Result<Served, Problem> {
    let workshop = core.workshop.wait()?;
    let device = devices::chosen(workshop.as_ref(), &core.lock().settings);
    if easel.as_ref().is_none_or(|easel| easel.subject != *subject || easel.device != device) {
        // Freed before the next one is made: both hold sessions.
        *easel = None;
        let path =
            core.lock().path(subject.photo).ok_or_else(|| bad_request("This photo is not on the list any more."))?;
        let photo = core.opened.open(&Key::Photo(subject.photo), &path, &core.limits)?.level(subject.level);
        let renderer = workshop.renderer(photo.clone(), &subject.recipe(), device.as_deref())?;
        *easel = Some(Easel { subject: subject.clone(), device, photo, renderer });
    }
    let Some(easel) = easel.as_mut() else { return Err(crate::problems::internal("no renderer")) };
    let region =
        opened::region_of(&easel.photo.picture, at).ok_or_else(|| bad_request("This tile lies outside the photo."))?;
    let picture = easel.renderer.render(region, cancel)?;
    serve::encode(&picture, easel.photo.metadata.icc.as_deref())
}
