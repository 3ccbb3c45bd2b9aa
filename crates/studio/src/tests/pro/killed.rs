//! The program is killed before anything that it writes down in a Pro job's life; started again on what is on the disk, all goes on to the same end.

use super::*;
use crate::store::Store;

/// What a job's life is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Critique,
    Enhance,
    Compare,
    /// A critique that the person stops while the service works at it.
    Cancel,
}

impl Life {
    fn kind(self) -> &'static str {
        match self {
            Self::Critique | Self::Cancel => "critique",
            Self::Enhance => "enhance",
            Self::Compare => "compare",
        }
    }

    fn photos(self) -> usize {
        if self == Self::Compare { 2 } else { 1 }
    }
}

/// How a life ended, as far as it must be the same whatever happened.
#[derive(Debug, PartialEq)]
struct End {
    stage: &'static str,
    paid: Vec<i64>,
    available: i64,
    jobs_at_service: usize,
    jobs_here: usize,
    photos_sent: u32,
    copies_arrived: usize,
    this_month: i64,
    files: usize,
    history: usize,
}

struct Run {
    fake: Fake,
    chain: Chain,
    stage: Stage,
    store: Arc<Store>,
    request: Value,
    /// The person was told that the job is sent.
    is_sent: bool,
}

fn start(fake: &Fake, chain: &Chain, folder: tempfile::TempDir) -> (Stage, Arc<Store>) {
    let places = folders(&folder.path().join("app"));
    let link = Link::open_with(&places, &fake.address, Secrets::new(chain.clone(), &fake.address));
    let store = link.0.store.clone();
    (Stage::with_link(Scripted::default(), TestHost::default(), folder, link), store)
}

impl Run {
    /// Up to the moment in which the person sends the job.
    fn begin(life: Life) -> Self {
        let (fake, chain) = (Fake::start(), Chain::default());
        let (stage, store) = start(&fake, &chain, tempfile::tempdir().unwrap());
        fake.world().price = 3;
        let picture = enhanced_photo();
        match life {
            Life::Critique => {}
            Life::Enhance => fake.world().enhances_to(&picture, &sha256(&picture)),
            Life::Compare => {
                fake.world().outcome = json!({ "state": "succeeded", "result": { "kind": "compare", "comparison": {
                    "summary": "Both.", "stronger": 0, "reasons": [], "measured_by": "test" } } });
            }
            Life::Cancel => fake.world().outcome = json!({ "state": "running" }),
        }
        sign_in(&stage);
        let mut paths = vec![photo(&stage)];
        if life == Life::Compare {
            let other = stage.photos().join("other.jpg");
            image::RgbImage::from_pixel(80, 60, image::Rgb([9, 120, 40])).save(&other).unwrap();
            paths.push(other);
        }
        let ids: Vec<u32> = stage.add_all(&paths).iter().map(|id| id.0).collect();
        let quote = stage.ask("quote", json!({ "kind": life.kind(), "variant": "standard", "photos": ids }));
        let request = json!({ "kind": life.kind(), "variant": "standard", "photos": ids, "options": {}, "each": quote["each"],
            "sends": quote["sends"], "agreed": true });
        Self { fake, chain, stage, store, request, is_sent: false }
    }

    fn is_killed(&self) -> bool {
        self.store.has_lost()
    }

    /// Sends the job and, where it is to be stopped, stops it; until it has ended or the program is killed.
    fn live(&mut self, life: Life) {
        if self.stage.snapshot().pro_jobs.is_empty() {
            // Killed before the person was told that it is sent, they send it again.
            assert!(!self.is_sent, "a job that was sent is lost");
            self.is_sent = self.stage.studio.command("submit_pro_jobs", self.request.clone()).is_ok();
        }
        until("an end", || {
            if self.is_killed() {
                return Some(());
            }
            let job = self.stage.snapshot().pro_jobs.pop()?;
            let is_at_work = matches!(job.stage, ProStage::Queued | ProStage::Running { .. });
            if life == Life::Cancel && is_at_work {
                let _ = self.stage.studio.command("cancel_pro_job", json!({ "id": job.id }));
            }
            matches!(job.stage, ProStage::Done { .. } | ProStage::Failed { .. } | ProStage::Cancelled).then_some(())
        });
    }

    /// Starts the program again on what is on the disk.
    fn again(mut self) -> Self {
        let Stage { folder, studio, .. } = self.stage;
        drop(studio);
        (self.stage, self.store) = start(&self.fake, &self.chain, folder);
        wait_signed_in(&self.stage);
        // The list of photos is not kept: they are dropped again.
        let mut paths = vec![self.stage.photos().join("secret name.jpg")];
        paths.extend(Some(self.stage.photos().join("other.jpg")).filter(|path| path.exists()));
        let ids: Vec<u32> = self.stage.add_all(&paths).iter().map(|id| id.0).collect();
        self.request["photos"] = json!(ids);
        self
    }

    fn end(self, life: Life) -> End {
        if life != Life::Enhance && life != Life::Cancel {
            until("the history", || (!self.stage.snapshot().critiques.is_empty()).then_some(()));
        }
        let shown = self.stage.snapshot();
        let stage = match &shown.pro_jobs[0].stage {
            ProStage::Done { .. } => "done",
            ProStage::Cancelled => "cancelled",
            other => panic!("{other:?}"),
        };
        let world = self.fake.world();
        End {
            stage,
            paid: world.captured.clone(),
            available: world.available,
            jobs_at_service: world.jobs.len(),
            jobs_here: shown.pro_jobs.len(),
            photos_sent: shown.online.sent.photos,
            copies_arrived: world.photos.len(),
            this_month: shown.online.spending.this_month,
            files: std::fs::read_dir(self.stage.photos()).unwrap().count(),
            history: shown.critiques.len(),
        }
    }
}

/// Lives with a kill before the write of this number, if there are so many. Says how it ended and whether there was one.
fn live_through(life: Life, kill: Option<i64>) -> (End, bool) {
    let mut run = Run::begin(life);
    if let Some(kill) = kill {
        run.store.lose_after(kill);
    }
    run.live(life);
    let killed = run.is_killed();
    if killed {
        run = run.again();
        run.live(life);
    }
    (run.end(life), killed)
}

fn killed_before_every_write(life: Life) {
    let (whole, _) = live_through(life, None);
    let paid = if life == Life::Cancel { Vec::new() } else { vec![3] };
    assert_eq!((&whole.paid, whole.jobs_at_service, whole.photos_sent as usize), (&paid, 1, life.photos()), "{life:?}");
    let mut writes = 0;
    loop {
        let (end, killed) = live_through(life, Some(writes));
        assert_eq!(end, whole, "{life:?}, killed before write {}", writes + 1);
        if !killed {
            break;
        }
        writes += 1;
    }
    assert!(writes >= 8, "the record after each step, the ledger before each request: {writes}");
}

#[test]
fn a_critique_ends_the_same_and_is_paid_once() {
    killed_before_every_write(Life::Critique);
}

#[test]
fn an_enhancement_ends_the_same_and_is_paid_once() {
    killed_before_every_write(Life::Enhance);
}

#[test]
fn a_comparison_ends_the_same_and_is_paid_once() {
    killed_before_every_write(Life::Compare);
}

#[test]
fn a_stopped_job_ends_the_same_and_is_not_paid() {
    killed_before_every_write(Life::Cancel);
}
