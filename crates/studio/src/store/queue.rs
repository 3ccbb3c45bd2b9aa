//! Photos that wait to be enhanced on this machine, so that a batch goes on where it was after the program was ended, however it ended.

use std::path::{Path, PathBuf};

use pretty_contract::export::Export;
use pretty_contract::recipe::{Recipe, Step};
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

/// A photo that waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaitingPhoto {
    pub(crate) path: PathBuf,
    pub(crate) wanted: Wanted,
    pub(crate) export: Export,
}

/// What is to be done to a photo that waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// What the person chose.
    Recipe(Recipe),
    /// What Auto will choose, on what the person wants to keep of the photo.
    Auto { crop: Option<Step> },
}

impl Store {
    /// Puts photos at the end; those that wait stay where they are.
    pub(crate) fn queue_photos(&self, photos: &[WaitingPhoto]) -> Result<(), StoreError> {
        let mut connection = self.writing()?;
        let tx = connection.transaction()?;
        for photo in photos {
            // A path that is no text cannot be kept: such a photo is enhanced, and only forgotten when the program is ended before.
            let Some(path) = photo.path.to_str() else { continue };
            let (recipe, crop) = match &photo.wanted {
                Wanted::Recipe(recipe) => (serde_json::to_string(recipe).ok(), None),
                Wanted::Auto { crop } => (None, crop.as_ref().and_then(|crop| serde_json::to_string(crop).ok())),
            };
            let export = serde_json::to_string(&photo.export).unwrap_or_default();
            tx.execute(
                "INSERT INTO queue (path, recipe, crop, export) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (path) DO UPDATE SET recipe = ?2, crop = ?3, export = ?4",
                (path, recipe, crop, export),
            )?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Takes a photo out: it is done, or was taken back.
    pub(crate) fn unqueue_photo(&self, path: &Path) -> Result<(), StoreError> {
        self.writing()?.execute("DELETE FROM queue WHERE path = ?1", [path.to_str()])?;
        Ok(())
    }

    /// All that wait, in order.
    pub(crate) fn queued_photos(&self) -> Result<Vec<WaitingPhoto>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT path, recipe, crop, export FROM queue ORDER BY place")?;
        let rows = statement.query_map([], |row| {
            let text = |index| row.get::<_, Option<String>>(index);
            Ok((row.get::<_, String>(0)?, text(1)?, text(2)?, row.get::<_, String>(3)?))
        })?;
        let mut photos = Vec::new();
        for row in rows {
            let (path, recipe, crop, export) = row?;
            let wanted = match read(recipe) {
                Some(recipe) => Wanted::Recipe(recipe),
                None => Wanted::Auto { crop: read(crop) },
            };
            photos.push(WaitingPhoto {
                path: PathBuf::from(path),
                wanted,
                export: serde_json::from_str(&export).unwrap_or_default(),
            });
        }
        Ok(photos)
    }
}

fn read<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    serde_json::from_str(&text?).ok()
}
