//! The list of photos: plain data. Who reads, looks at and enhances them is elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use pretty_contract::photo::{Assessment, Facts, Photo, PhotoId, PhotoState};
use pretty_contract::problem::Problem;
use pretty_contract::recipe::Recipe;
use pretty_photo::PhotoFacts;
use pretty_photo::save::Kept;

/// Photos in the order in which they were added: ids only ever grow.
pub(crate) struct Photos {
    entries: BTreeMap<PhotoId, Entry>,
    by_canonical: HashMap<PathBuf, PhotoId>,
    next: u32,
}

impl Default for Photos {
    /// Numbers begin anywhere: addresses with a photo's number in them are cached by web views, perhaps for longer than a run.
    fn default() -> Self {
        let anywhere = RandomState::new().build_hasher().finish();
        Self { entries: BTreeMap::new(), by_canonical: HashMap::new(), next: (anywhere >> 34) as u32 }
    }
}

/// A photo and what the window need not know of it.
pub(crate) struct Entry {
    pub(crate) photo: Photo,
    /// As it was given.
    pub(crate) path: PathBuf,
    canonical: PathBuf,
    /// Whether Auto has tried to look at it; once is enough.
    pub(crate) looked_at: bool,
    /// The key in its thumbnail's address and file name.
    pub(crate) thumbnail: Option<String>,
}

/// A file on its way to the list.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) canonical: PathBuf,
    pub(crate) facts: Result<Facts, Problem>,
}

impl Photos {
    /// Adds a photo; `None` when it is on the list already.
    pub(crate) fn add(&mut self, found: Found) -> Option<&Photo> {
        if self.by_canonical.contains_key(&found.canonical) {
            return None;
        }
        let id = PhotoId(self.next);
        self.next += 1;
        let (facts, state) = match found.facts {
            Ok(facts) => (Some(facts), PhotoState::Ready),
            Err(problem) => (None, PhotoState::Failed { problem }),
        };
        let photo = Photo {
            id,
            name: file_name(&found.path),
            folder: found.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default(),
            facts,
            state,
            recipe: Recipe::new(Vec::new()),
            auto: true,
            assessment: None,
            thumbnail: None,
        };
        self.by_canonical.insert(found.canonical.clone(), id);
        let entry = Entry { photo, path: found.path, canonical: found.canonical, looked_at: false, thumbnail: None };
        Some(&self.entries.entry(id).or_insert(entry).photo)
    }

    pub(crate) fn knows(&self, canonical: &Path) -> bool {
        self.by_canonical.contains_key(canonical)
    }

    pub(crate) fn remove(&mut self, id: PhotoId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.by_canonical.remove(&entry.canonical);
        Some(entry)
    }

    pub(crate) fn get(&self, id: PhotoId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: PhotoId) -> Option<&mut Entry> {
        self.entries.get_mut(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// What the result of the photo of this path must not replace: the other photos, and what was made of them.
    pub(crate) fn kept_beside(&self, photo: &Path) -> Kept {
        let others = self.iter().filter(|entry| entry.path != photo);
        Kept::of(others.flat_map(|entry| {
            let result = match &entry.photo.state {
                PhotoState::Done { result } => Some(PathBuf::from(&result.path)),
                _ => None,
            };
            std::iter::once(entry.path.clone()).chain(result)
        }))
    }

    pub(crate) fn all(&self) -> Vec<Photo> {
        self.iter().map(|entry| entry.photo.clone()).collect()
    }
}

impl Entry {
    /// Whether Auto should look at it, now or later.
    pub(crate) fn wants_a_look(&self) -> bool {
        !self.looked_at && self.photo.facts.is_some()
    }

    pub(crate) fn assessed(&mut self, assessment: Assessment) {
        self.looked_at = true;
        if self.photo.auto {
            self.photo.recipe = assessment.recipe.with_crop(self.photo.recipe.crop());
        }
        self.photo.assessment = Some(assessment);
    }

    /// What its recipe keeps of it, in pixels of a million.
    pub(crate) fn megapixels(&self) -> Option<f64> {
        self.megapixels_by(&self.photo.recipe)
    }

    /// What a recipe keeps of it.
    pub(crate) fn megapixels_by(&self, recipe: &Recipe) -> Option<f64> {
        let facts = self.photo.facts.as_ref()?;
        let (width, height) = pretty_engine::framing(recipe).size(facts.width, facts.height);
        Some(f64::from(width) * f64::from(height) / 1e6)
    }
}

/// The file's name, for people.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// What the window is told of a header.
pub(crate) fn facts(read: &PhotoFacts) -> Facts {
    Facts {
        width: read.width,
        height: read.height,
        format: read.source.name().to_owned(),
        writes: read.writes,
        bits: read.bits,
        profile: read.profile.clone(),
        bytes: read.bytes,
    }
}
