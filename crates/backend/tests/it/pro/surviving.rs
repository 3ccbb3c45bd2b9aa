//! Workers that die, stop and stand side by side: no job is lost, none is done or paid twice (RE9).

use crate::support::{Lab, crash_after};
use pretty_backend::jobs::LEASE;
use pretty_backend::work;
use pretty_sandbox::PredictionScript;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

impl Lab {
    /// Works while time passes.
    async fn work_as_time_passes(&self) {
        let time = async {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.database.clock.advance(Duration::from_secs(1));
            }
        };
        tokio::select! {
            _ = self.work() => {}
            () = time => {}
        }
    }
}

on_both! {
    async fn re9_a_worker_dies_at_any_step(database) {
        let lab = Lab::with(database, |settings| {
            settings.replicate.adopt_seconds = 40;
            settings.replicate.life_seconds = 3600;
            settings.anthropic.life_seconds = 3600;
        }).await;
        let mara = lab.member("mara@example.org", 1000).await;
        let mut finished_before = false;
        let mut paid = 0;
        for (round, steps) in (0..600).step_by(3).enumerate() {
            let enhances = round % 4 != 0;
            let id = if enhances { lab.enhancement(&mara).await } else { lab.critique(&mara).await };
            let before = lab.replicate().predictions().len();
            finished_before = crash_after(steps, lab.work()).await.is_some();
            for _ in 0..20 {
                if lab.look(&mara, &id).await.get("ended_at").is_some() {
                    break;
                }
                lab.database.clock.advance(LEASE + Duration::from_secs(1));
                lab.work_as_time_passes().await;
            }
            assert_eq!(lab.state(&mara, &id).await, "succeeded", "died after {steps} steps");
            let predictions = lab.replicate().predictions().len() - before;
            assert_eq!(predictions, usize::from(enhances), "died after {steps} steps");
            paid += if enhances { 4 } else { 2 };
            if finished_before && enhances {
                break;
            }
        }
        assert!(finished_before, "the last one did not die at all");
        assert_eq!(lab.credits(&mara).await, (1000 - paid, 0), "each was paid once");
    }
}

on_both! {
    async fn re9_a_worker_that_stops_hands_its_jobs_back(database) {
        let lab = Lab::with(database, |settings| settings.server.shutdown_seconds = 1).await;
        let mara = lab.member("mara@example.org", 20).await;
        lab.replicate().script(PredictionScript::Slow { milliseconds: 2500 });
        let id = lab.enhancement(&mara).await;
        let stop = CancellationToken::new();
        let worker = tokio::spawn(work::run(lab.app.app.clone(), stop.clone()));
        while lab.replicate().predictions().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(lab.state(&mara, &id).await, "queued");
        assert_eq!(lab.credits(&mara).await, (16, 4));
        assert_eq!(lab.replicate().files_kept(), 1, "what the next one needs is still there");
        assert_eq!(lab.work().await, 1, "at once");
        assert_eq!((lab.state(&mara, &id).await.as_str(), lab.replicate().predictions().len()), ("succeeded", 1));
        assert_eq!(lab.credits(&mara).await, (16, 0));
    }
}

on_both! {
    async fn three_workers_do_each_job_once(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 100).await;
        let stop = CancellationToken::new();
        let workers: Vec<_> = (0..3).map(|_| tokio::spawn(work::run(lab.app.app.clone(), stop.clone()))).collect();
        let mut ids = Vec::new();
        for number in 0..12 {
            ids.push(if number % 2 == 0 { lab.enhancement(&mara).await } else { lab.critique(&mara).await });
        }
        for id in &ids {
            for _ in 0..3000 {
                if lab.look(&mara, id).await.get("ended_at").is_some() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(lab.state(&mara, id).await, "succeeded");
        }
        stop.cancel();
        for worker in workers {
            worker.await.unwrap();
        }
        assert_eq!((lab.credits(&mara).await, lab.replicate().predictions().len()), ((64, 0), 6));
    }
}
