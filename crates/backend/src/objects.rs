//! Photos and results as files: a folder or S3-compatible storage, behind one small type.
//!
//! Keys are made here from our own ids, never from a file's name, and begin with the person, so that everything of a person can be found and
//! deleted. What something is (size, type, checksum) is kept in the database. An object without a row would stay for ever, so a key is written
//! down as doomed before its object is, and taken off that list in the transaction that refers to it.

mod compared;
mod doomed;

pub use compared::{Compared, Missing, compare, mend};
pub use doomed::{Reserved, doom, forget_person, keep, reserve, sweep, sweep_now};

use crate::outbound::is_loopback;
use crate::settings;
use axum::body::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use std::ops::Range;
use std::sync::Arc;
use tokio_stream::StreamExt as _;
use uuid::Uuid;

/// What the storage refuses or fails at.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("the object is not there")]
    Missing,
    /// The storage answered with an error or not at all.
    #[error("the object store failed: {0}")]
    Store(object_store::Error),
    /// The folder cannot be made.
    #[error("the folder {path} cannot be used: {fault}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        fault: std::io::Error,
    },
}

impl From<object_store::Error> for ObjectError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) { Self::Missing } else { Self::Store(error) }
    }
}

/// What an object is; a part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A part of an upload.
    Part,
    /// A photo.
    Photo,
    /// What came of a job.
    Result,
}

impl ObjectKind {
    fn word(self) -> &'static str {
        match self {
            Self::Part => "parts",
            Self::Photo => "photos",
            Self::Result => "results",
        }
    }
}

/// Where everything of a person is.
fn prefix(user: Uuid) -> Path {
    Path::from(format!("people/{}", user.simple()))
}

/// The object store.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// Opens the configured storage; a folder is `objects` in `data`.
    ///
    /// # Errors
    /// When the folder cannot be made or the settings do not fit together.
    pub fn open(settings: &settings::Objects, data: &std::path::Path) -> Result<Self, ObjectError> {
        if settings.bucket.is_empty() {
            let folder = data.join("objects");
            let fault = |fault| ObjectError::Folder { path: folder.display().to_string(), fault };
            std::fs::create_dir_all(&folder).map_err(fault)?;
            let local = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true).with_automatic_cleanup(true);
            return Ok(Self { store: Arc::new(local) });
        }
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(settings.access_key.reveal())
            .with_secret_access_key(settings.secret_key.reveal());
        if !settings.endpoint.is_empty() {
            let loopback = url::Url::parse(&settings.endpoint).is_ok_and(|url| is_loopback(&url));
            builder = builder.with_endpoint(&settings.endpoint).with_allow_http(loopback);
        }
        Ok(Self { store: Arc::new(builder.build()?) })
    }

    /// A new key.
    fn new_key(user: Uuid, kind: ObjectKind, id: Uuid) -> String {
        format!("{}/{}/{}", prefix(user), kind.word(), id.simple())
    }

    /// Writes an object, whole or not at all.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn put(&self, key: &Reserved, bytes: Bytes) -> Result<(), ObjectError> {
        self.store.put(&Path::from(key.as_str()), bytes.into()).await?;
        Ok(())
    }

    /// A whole object.
    ///
    /// # Errors
    /// [`ObjectError::Missing`], or when the storage fails.
    pub async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        Ok(self.store.get(&Path::from(key)).await?.bytes().await?)
    }

    /// A part of an object as a body that is read as it is sent.
    ///
    /// # Errors
    /// [`ObjectError::Missing`], or when the storage fails at once.
    pub async fn stream(&self, key: &str, range: Range<u64>) -> Result<axum::body::Body, ObjectError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.store.get_opts(&Path::from(key), options).await?;
        Ok(axum::body::Body::from_stream(found.into_stream()))
    }

    /// Deletes an object; one that is gone already is fine.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        match self.store.delete(&Path::from(key)).await.map_err(ObjectError::from) {
            Err(ObjectError::Missing) => Ok(()),
            other => other,
        }
    }

    /// The keys of everything that a person has.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn of_person(&self, user: Uuid) -> Result<Vec<String>, ObjectError> {
        let mut listed = self.store.list(Some(&prefix(user)));
        let mut keys = Vec::new();
        while let Some(object) = listed.next().await {
            keys.push(object?.location.to_string());
        }
        Ok(keys)
    }

    /// The keys of everything there is, a page at a time.
    fn everything(&self) -> impl tokio_stream::Stream<Item = Result<String, ObjectError>> {
        self.store.list(Some(&Path::from("people"))).map(|object| Ok(object?.location.to_string()))
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn is_there(&self, key: &str) -> Result<bool, ObjectError> {
        match self.store.head(&Path::from(key)).await.map_err(ObjectError::from) {
            Ok(_) => Ok(true),
            Err(ObjectError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes everything that a person has; says how many objects.
    ///
    /// # Errors
    /// When the storage fails; what is gone stays gone.
    pub async fn delete_person(&self, user: Uuid) -> Result<usize, ObjectError> {
        let keys = self.of_person(user).await?;
        for key in &keys {
            self.delete(key).await?;
        }
        Ok(keys.len())
    }
}
