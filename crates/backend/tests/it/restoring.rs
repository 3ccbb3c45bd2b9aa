//! After a backup was restored: what was deleted since is deleted again (PR4), and database and object store agree.

use crate::support::{Lab, pictures};
use axum::http::StatusCode;
use pretty_backend::objects::{self, ObjectKind};
use pretty_backend::privacy::{self, stones};
use pretty_backend::store::entity::{job, job_result, photo};
use pretty_backend::store::sql;
use pretty_contract::export::Format;
use sea_orm::{ActiveModelTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

/// What a backup holds of one photo and one job.
struct Backup {
    photo: photo::Model,
    job: job::Model,
    result: job_result::Model,
}

impl Lab {
    async fn back_up(&self, photo: &str, job: &str) -> Backup {
        let (reader, photo, job) = (self.store.reader(), photo.parse::<Uuid>().unwrap(), job.parse::<Uuid>().unwrap());
        Backup {
            photo: photo::Entity::find_by_id(photo).one(reader).await.unwrap().unwrap(),
            job: job::Entity::find_by_id(job).one(reader).await.unwrap().unwrap(),
            result: job_result::Entity::find_by_id(job).one(reader).await.unwrap().unwrap(),
        }
    }

    async fn restore(&self, backup: &Backup) {
        let tx = self.store.write_transaction().await.unwrap();
        tx.execute_raw(sql(&*tx, "DELETE FROM jobs WHERE id = $1", [backup.job.id.into()])).await.unwrap();
        // A restored database knows nothing of what was deleted after it was backed up.
        tx.execute_unprepared("DELETE FROM tombstones").await.unwrap();
        backup.photo.clone().into_active_model().reset_all().insert(&*tx).await.unwrap();
        backup.job.clone().into_active_model().reset_all().insert(&*tx).await.unwrap();
        backup.result.clone().into_active_model().reset_all().insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
    }
}

on_both! {
    async fn pr4_a_photo_and_a_job_that_were_deleted_are_deleted_again(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let (one, other) = (lab.photo(&mara, 120, 80).await, lab.photo(&mara, 120, 80).await);
        let enhance = |photo: &str| json!({"kind": "enhance", "variant": "upscale_2x", "photos": [photo], "price": 4});
        let (first, second) = (lab.job(&mara, enhance(&one)).await, lab.job(&mara, enhance(&other)).await);
        lab.work().await;
        let backups = [lab.back_up(&one, &first).await, lab.back_up(&other, &second).await];
        // One way by the photo, the other by the job.
        for path in [format!("/v1/photos/{one}"), format!("/v1/jobs/{second}")] {
            assert_eq!(lab.api("DELETE", &path, Some(&mara.token), None).await.status, StatusCode::NO_CONTENT);
        }
        let kept = stones::all(&lab.app.app).await.unwrap();
        assert_eq!(kept.len(), 4);
        for text in kept.iter().map(String::as_str) {
            assert!([&one, &other, &first, &second].iter().all(|id| !text.contains(&id.replace('-', ""))), "{text}");
        }
        for backup in &backups {
            lab.restore(backup).await;
        }
        let shown = async || {
            let list = async |path: &str| lab.api("GET", path, Some(&mara.token), None).await.json().as_array().unwrap().len();
            (list("/v1/photos").await, list("/v1/jobs").await)
        };
        assert_eq!(shown().await, (2, 2), "a restored backup brings them back");
        let again = stones::replay(&lab.app.app, &kept).await.unwrap();
        assert_eq!((again.accounts, again.jobs), (0, 2), "and the photos with them: {again:?}");
        assert_eq!(shown().await, (0, 0));
        assert_eq!(stones::replay(&lab.app.app, &kept).await.unwrap(), stones::Replayed::default());
        // As long as a backup may hold them, and no longer.
        assert_eq!(stones::all(&lab.app.app).await.unwrap().len(), 4);
        lab.database.clock.advance(DAY * 61);
        privacy::sweep(&lab.app.app).await.unwrap();
        assert!(stones::all(&lab.app.app).await.unwrap().is_empty());
    }
}

on_both! {
    async fn rows_without_objects_and_objects_without_rows_are_found_and_mended(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let (whole, lost) = (lab.photo(&mara, 120, 80).await, lab.photo(&mara, 100, 80).await);
        let ask = |kind: &str, price: i64| json!({"kind": kind, "variant": if kind == "enhance" { "upscale_2x" } else { "standard" }, "photos": [lost], "price": price});
        let (critique, enhanced) = (lab.job(&mara, ask("critique", 2)).await, lab.job(&mara, ask("enhance", 4)).await);
        lab.work().await;
        // An upload on its way up is neither.
        let half = pictures::plain(64, 48, Format::Png);
        let upload = lab.announce(&mara, "half", &half, "image/png").await.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(lab.part(&mara, &upload, 0, &half[..50]).await.status, StatusCode::OK);
        objects::sweep(&lab.app.app, 100).await.unwrap();
        let compare = async || objects::compare(&lab.app.app).await.unwrap();
        assert!(compare().await.is_clean());

        // The object store is of before, or the database is.
        let backup = lab.back_up(&lost, &enhanced).await;
        for key in [&backup.photo.object_key, &backup.result.object_key] {
            lab.objects.delete(key).await.unwrap();
        }
        let stray = objects::reserve(&lab.app.app, mara.id, ObjectKind::Photo).await.unwrap();
        lab.objects.put(&stray, half.clone().into()).await.unwrap();
        assert!(compare().await.without_row.is_empty(), "one that is being written is none");
        let tx = lab.store.write_transaction().await.unwrap();
        objects::keep(&tx, &stray).await.unwrap();
        tx.commit().await.unwrap();
        let found = compare().await;
        let lines: Vec<String> = found.without_object.iter().map(ToString::to_string).collect();
        assert_eq!(lines, [format!("photos {lost}"), format!("job_results {enhanced}")]);
        assert_eq!(found.without_row, [stray.as_str()]);
        // Meanwhile nothing breaks: what cannot be fetched is not there.
        for path in [format!("/v1/photos/{lost}/content"), format!("/v1/jobs/{enhanced}/result")] {
            assert_eq!(lab.api("GET", &path, Some(&mara.token), None).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        objects::mend(&lab.app.app, &found).await.unwrap();
        assert!(compare().await.is_clean());
        let photos = lab.api("GET", "/v1/photos", Some(&mara.token), None).await.json();
        assert_eq!(photos.as_array().unwrap().iter().map(|photo| &photo["id"]).collect::<Vec<_>>(), [&json!(whole)]);
        assert_eq!(lab.state(&mara, &critique).await, "succeeded", "what was said stays");
        assert_eq!(lab.part(&mara, &upload, 50, &half[50..]).await.status, StatusCode::OK, "and the upload goes on");
        assert!(!lab.objects.is_there(stray.as_str()).await.unwrap());
    }
}
