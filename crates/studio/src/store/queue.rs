//! Photos that wait to be enhanced on this machine, so that a batch goes on where it was after the program was ended, however it ended.

use std::path::{Path, PathBuf};

use pretty_contract::export::Export;
use pretty_contract::recipe::Recipe;

use super::{Store, StoreError};

/// A photo that waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaitingPhoto {
    pub(crate) path: PathBuf,
    /// What the person chose; nothing when it was left to Auto.
    pub(crate) recipe: Option<Recipe>,
    pub(crate) export: Export,
}

impl Store {
    /// Puts photos at the end; those that wait stay where they are.
    pub(crate) fn queue_photos(&self, photos: &[WaitingPhoto]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let tx = connection.transaction()?;
        for photo in photos {
            // A path that is no text cannot be kept: such a photo is enhanced, and only forgotten when the program is ended before.
            let Some(path) = photo.path.to_str() else { continue };
            let recipe = photo.recipe.as_ref().and_then(|recipe| serde_json::to_string(recipe).ok());
            let export = serde_json::to_string(&photo.export).unwrap_or_default();
            tx.execute(
                "INSERT INTO queue (path, recipe, export) VALUES (?1, ?2, ?3)
                 ON CONFLICT (path) DO UPDATE SET recipe = ?2, export = ?3",
                (path, recipe, export),
            )?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Takes a photo out: it is done, or was taken back.
    pub(crate) fn unqueue_photo(&self, path: &Path) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM queue WHERE path = ?1", [path.to_str()])?;
        Ok(())
    }

    /// All that wait, in order.
    pub(crate) fn queued_photos(&self) -> Result<Vec<WaitingPhoto>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT path, recipe, export FROM queue ORDER BY place")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, String>(2)?))
        })?;
        let mut photos = Vec::new();
        for row in rows {
            let (path, recipe, export) = row?;
            photos.push(WaitingPhoto {
                path: PathBuf::from(path),
                recipe: recipe.and_then(|text| serde_json::from_str(&text).ok()),
                export: serde_json::from_str(&export).unwrap_or_default(),
            });
        }
        Ok(photos)
    }
}
