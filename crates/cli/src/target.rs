//! What `--out` means: a folder, or the result's own name when there is one photo.

use std::fs;
use std::path::{Path, PathBuf};

use pretty_contract::export::Format;
use pretty_contract::problem::{Code, Problem};
use pretty_engine::Place;

/// What the name given with `--out` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Results go beside their photos.
    Beside,
    /// Results go into this folder.
    Folder(PathBuf),
    /// The one result gets this name.
    File(PathBuf),
}

/// Reads `--out`. An existing folder is a folder; a name with the ending of a picture is a file; anything else becomes a folder.
pub(crate) fn meaning(out: Option<&Path>) -> Result<Meaning, String> {
    let Some(out) = out else { return Ok(Meaning::Beside) };
    let path = std::path::absolute(out).map_err(|error| format!("--out {} is not a path ({error}).", out.display()))?;
    if path.is_dir() {
        return Ok(Meaning::Folder(path));
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        ending if format_of(ending).is_some() => Ok(Meaning::File(path)),
        "avif" | "bmp" | "gif" | "heic" | "heif" | "jxl" | "dng" => {
            Err(format!("Results cannot be written as .{ending} ({}). Use .jpg, .png, .webp or .tif.", out.display()))
        }
        _ if path.exists() => {
            Err(format!("--out {} is a file and no picture. Name a folder, or a picture's name.", out.display()))
        }
        _ => Ok(Meaning::Folder(path)),
    }
}

/// The format that a name's ending announces.
fn format_of(ending: &str) -> Option<Format> {
    match ending {
        "jpg" | "jpeg" => Some(Format::Jpeg),
        "png" => Some(Format::Png),
        "webp" => Some(Format::Webp),
        "tif" | "tiff" => Some(Format::Tiff),
        _ => None,
    }
}

/// Where results go, with the folder made when it is not there. An error when a single name is to hold several results.
pub(crate) fn place(meaning: Meaning, photos: usize) -> Result<Place, Problem> {
    match meaning {
        Meaning::Beside => Ok(Place::Beside),
        Meaning::Folder(folder) => {
            make(&folder)?;
            Ok(Place::Folder(folder))
        }
        Meaning::File(path) if photos > 1 => Err(Problem {
            code: Code::BadRequest,
            message: format!("--out {} names one file, and there are {photos} photos. Name a folder.", path.display()),
            retryable: false,
            detail: None,
        }),
        Meaning::File(path) => {
            if let Some(folder) = path.parent() {
                make(folder)?;
            }
            Ok(Place::File(path))
        }
    }
}

fn make(folder: &Path) -> Result<(), Problem> {
    fs::create_dir_all(folder).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Code::TargetReadOnly,
            std::io::ErrorKind::StorageFull => Code::DiskFull,
            _ => Code::TargetFailed,
        };
        let message =
            format!("The folder {} cannot be made ({error}). Choose another folder for results.", folder.display());
        Problem { code, message, retryable: false, detail: None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("there.jpg")).unwrap();
        fs::write(at("note"), b"x").unwrap();
        assert_eq!(meaning(None).unwrap(), Meaning::Beside);
        assert_eq!(meaning(Some(&at("there.jpg"))).unwrap(), Meaning::Folder(at("there.jpg")));
        assert_eq!(meaning(Some(&at("new"))).unwrap(), Meaning::Folder(at("new")));
        assert_eq!(meaning(Some(&at("v1.2"))).unwrap(), Meaning::Folder(at("v1.2")));
        assert_eq!(meaning(Some(&at("new.PNG"))).unwrap(), Meaning::File(at("new.PNG")));
        assert!(meaning(Some(&at("new.gif"))).unwrap_err().contains(".gif"));
        assert!(meaning(Some(&at("note"))).unwrap_err().contains("is a file"));
    }

    #[test]
    fn one_name_for_several_results_is_refused_and_folders_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.png");
        assert_eq!(place(Meaning::File(file.clone()), 2).unwrap_err().code, Code::BadRequest);
        assert!(matches!(place(Meaning::File(file), 1), Ok(Place::File(_))));
        assert!(folder.path().join("a").is_dir());
        fs::write(folder.path().join("taken"), b"x").unwrap();
        let problem = place(Meaning::Folder(folder.path().join("taken/below")), 1).unwrap_err();
        assert!(problem.message.contains("taken") && problem.code == Code::TargetFailed, "{problem:?}");
    }
}
