//! Previews of what is on screen: one worker makes the wanted tiles in the order in which they are wanted, and drops what is no longer wanted.
//!
//! Level 0 is the result itself, pixel for pixel. Smaller levels run the recipe on the reduced photo, without enlarging: quick stand-ins. Where quick models
//! can enlarge, level 0 is made twice: all tiles by them first, then each as it will be in the result.

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
    todo: VecDeque<Task>,
    /// What is in work and what stops it.
    in_work: Option<(Task, Cancel)>,
    ended: bool,
}

/// What tiles are tiles of.
#[derive(Clone, PartialEq)]
struct Subject {
    photo: PhotoId,
    recipe: Recipe,
    key: String,
    level: u32,
    /// What makes a quick look of it, and the key of that.
    quicker: Option<(Recipe, String)>,
}

/// One tile, made one way.
#[derive(Clone, Copy, PartialEq)]
struct Task {
    at: TileAt,
    pass: Pass,
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Quick,
    /// The last that comes for a view of this level.
    Last,
}

impl Default for Previews {
    fn default() -> Self {
        Self { wanted: Mutex::default(), changed: Condvar::new(), made: Mutex::new(ByteLru::new(BUDGET)) }
    }
}

impl Subject {
    fn new(core: &Core, photo: PhotoId, recipe: Recipe, level: u32) -> Self {
        let quicker = core.workshop.ready().filter(|_| level == 0).and_then(|workshop| workshop.quicker(&recipe));
        let quicker = quicker.map(|recipe| (keys::of_recipe(&recipe), recipe)).map(|(key, recipe)| (recipe, key));
        Self { photo, key: keys::of_recipe(&recipe), recipe, level, quicker }
    }

    /// An address always gives the same bytes: a quick look has its own.
    fn address(&self, task: Task) -> Address {
        let key = match (task.pass, &self.quicker) {
            (Pass::Quick, Some((_, key))) => key,
            _ => &self.key,
        };
        Address::Preview(self.photo, key.clone(), Place { level: self.level, at: task.at })
    }

    fn event(&self, task: Task) -> Event {
        Event::PreviewTile(PreviewTile {
            photo: self.photo,
            recipe_key: self.key.clone(),
            level: self.level,
            at: task.at,
            address: self.address(task).text(),
            is_final: self.level == 0 && task.pass == Pass::Last,
        })
    }

    /// What is run on the framed photo: smaller levels leave enlarging out, for no screen could show it.
    fn recipe(&self, pass: Pass) -> Recipe {
        if let (Pass::Quick, Some((recipe, _))) = (pass, &self.quicker) {
            return recipe.with_crop(None);
        }
        let mut recipe = self.recipe.with_crop(None);
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
    let subject = Subject::new(core, view.photo, view.recipe, view.level);
    let key = subject.key.clone();
    core.previews.want(core, subject, view.tiles);
    Ok(key)
}

impl Previews {
    fn want(&self, core: &Core, subject: Subject, tiles: Vec<TileAt>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let passes: &[Pass] = if subject.quicker.is_some() { &[Pass::Quick, Pass::Last] } else { &[Pass::Last] };
        let mut todo = VecDeque::new();
        for &pass in passes {
            for &at in &tiles {
                let task = Task { at, pass };
                let has_better =
                    pass == Pass::Quick && self.tile(&subject.address(Task { at, pass: Pass::Last })).is_some();
                if has_better || todo.contains(&task) {
                    continue;
                }
                if self.tile(&subject.address(task)).is_some() {
                    core.say(subject.event(task));
                } else {
                    todo.push_back(task);
                }
            }
        }
        let mut in_work = None;
        if let Some(before) = wanted.take()
            && let Some((task, cancel)) = before.in_work
        {
            if before.subject == subject && todo.contains(&task) {
                todo.retain(|other| *other != task);
                in_work = Some((task, cancel));
            } else {
                cancel.cancel();
            }
        }
        *wanted = Some(Wanted { subject, todo, in_work, ended: false });
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
        let recipe = Recipe::new(Vec::new());
        let subject = Subject { photo: PhotoId(0), recipe, key: String::new(), level: 0, quicker: None };
        *wanted = Some(Wanted { subject, todo: VecDeque::new(), in_work: None, ended: true });
        self.changed.notify_all();
    }

    /// Drops the tiles of a photo that is gone.
    pub(crate) fn forget(&self, photo: PhotoId) {
        let is_of = |wanted: &Wanted| wanted.subject.photo == photo;
        if self.wanted.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(is_of) {
            self.clear();
        }
        let keep = |address: &Address, _: &Arc<Served>| !matches!(address, Address::Preview(of, ..) if *of == photo);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).retain(keep);
    }

    /// A tile that has been made.
    pub(crate) fn tile(&self, address: &Address) -> Option<Served> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).get(address).map(|tile| (*tile).clone())
    }

    /// Waits for the next tile to make; `None` once the studio ends.
    fn next(&self) -> Option<(Subject, Task, Cancel)> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(view) = wanted.as_mut() {
                if view.ended {
                    return None;
                }
                if let Some(task) = view.todo.pop_front() {
                    let cancel = Cancel::default();
                    view.in_work = Some((task, cancel.clone()));
                    return Some((view.subject.clone(), task, cancel));
                }
            }
            wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes how a tile ended. A failure takes the rest of its view with it: they would fail the same way.
    fn ended(&self, core: &Core, subject: &Subject, task: Task, outcome: Result<Served, Problem>) {
        if let Ok(tile) = &outcome {
            let bytes = tile.bytes.len() as u64;
            self.made.lock().unwrap_or_else(PoisonError::into_inner).put(
                subject.address(task),
                Arc::new(tile.clone()),
                bytes,
            );
        }
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(view) = wanted.as_mut().filter(|view| !view.ended && view.subject == *subject) else { return };
        if view.in_work.as_ref().is_some_and(|(in_work, _)| *in_work == task) {
            view.in_work = None;
        }
        match outcome {
            Ok(_) => core.say(subject.event(task)),
            Err(problem) if problem.code == Code::Cancelled => {}
            Err(problem) => {
                view.todo.clear();
                core.say(Event::PreviewFailed { photo: subject.photo, problem });
            }
        }
    }
}

/// The worker's work.
pub(crate) fn work(core: &Core) {
    let mut easel = None;
    while let Some((subject, task, cancel)) = core.previews.next() {
        let make = std::panic::AssertUnwindSafe(|| make(core, &mut easel, &subject, task, &cancel));
        let outcome = std::panic::catch_unwind(make).unwrap_or_else(|payload| Err(from_panic(payload.as_ref())));
        if outcome.as_ref().is_err_and(|problem| problem.code != Code::Cancelled) {
            easel = None;
        }
        core.previews.ended(core, &subject, task, outcome);
    }
}

/// What the worker keeps between two tiles that are made the same way.
struct Easel {
    subject: Subject,
    pass: Pass,
    device: Option<String>,
    photo: Arc<DecodedPhoto>,
    renderer: Box<dyn Render>,
}

fn make(
    core: &Core,
    easel: &mut Option<Easel>,
    subject: &Subject,
    Task { at, pass }: Task,
    cancel: &Cancel,
) -> Result<Served, Problem> {
    let workshop = core.workshop.wait()?;
    let device = devices::chosen(workshop.as_ref(), &core.lock().settings);
    let same = |easel: &Easel| easel.subject == *subject && easel.pass == pass && easel.device == device;
    if !easel.as_ref().is_some_and(same) {
        // Freed before the next one is made: both hold sessions.
        *easel = None;
        workshop.plan(&subject.recipe)?;
        let path =
            core.lock().path(subject.photo).ok_or_else(|| bad_request("This photo is not on the list any more."))?;
        let key = Key::framed(subject.photo, pretty_engine::framing(&subject.recipe));
        let photo = core.opened.open(&key, &path, &core.limits)?.level(subject.level);
        let renderer = workshop.renderer(photo.clone(), &subject.recipe(pass), device.as_deref())?;
        *easel = Some(Easel { subject: subject.clone(), pass, device, photo, renderer });
    }
    let Some(easel) = easel.as_mut() else { return Err(crate::problems::internal("no renderer")) };
    let region =
        opened::region_of(&easel.photo.picture, at).ok_or_else(|| bad_request("This tile lies outside the photo."))?;
    let picture = easel.renderer.render(region, cancel)?;
    serve::encode(&picture, easel.photo.metadata.icc.as_deref())
}
