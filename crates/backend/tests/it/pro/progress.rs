//! How far a job is: told while it runs, and only then.

use crate::support::Lab;
use pretty_backend::changes::{self, Missed};
use pretty_backend::jobs::{self, Sign};
use pretty_sandbox::{Fault, FaultRule, PredictionScript, Service};
use serde_json::{Value, json};
use std::time::Duration;

impl Lab {
    /// What the app sees of a job, each time it is told of a change, until `until` says that it is enough.
    pub(super) async fn seen(&self, id: &str, token: &str, until: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut seen: Vec<Value> = Vec::new();
        for _ in 0..4000 {
            let job = self.api("GET", &format!("/v1/jobs/{id}"), Some(token), None).await.json();
            if seen.last() != Some(&job) {
                seen.push(job);
            }
            if seen.last().is_some_and(&until) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it did not come to that: {seen:?}");
    }
}

fn progress(job: &Value) -> f64 {
    job["progress"].as_f64().unwrap_or(-1.0)
}

on_both! {
    async fn an_enhancement_says_how_far_it_is(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        // The model says in its log that it is at 40 percent, and stays there.
        lab.replicate().script(PredictionScript::Report { logs: "Loading\n 12%|#  | 1/9\r 40%|####  | 4/9".into() });
        let id = lab.enhancement(&mara).await;
        let waiting = lab.look(&mara, &id).await;
        assert!(waiting.get("progress").is_none(), "it has not begun: {waiting}");
        let before = changes::head(&lab.store, mara.id).await.unwrap();
        let watching = async {
            let seen = lab.seen(&id, &mara.token, |job| progress(job) > 0.45).await;
            let steps: Vec<f64> = seen.iter().map(progress).filter(|step| *step >= 0.0).collect();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "it never goes back: {steps:?}");
            // A quarter before the model runs, and then of its time 40 percent.
            assert!((steps.last().unwrap() - 0.49).abs() < 0.001, "{steps:?}");
            assert_eq!(seen.last().unwrap()["state"], "running");
            let prediction = lab.replicate().predictions()[0]["id"].as_str().unwrap().to_owned();
            lab.replicate().end(&prediction, "failed", Value::Null).unwrap();
        };
        tokio::join!(lab.work(), watching);
        let ended = lab.look(&mara, &id).await;
        assert!(ended.get("progress").is_none() && ended["state"] == "failed", "{ended}");
        // The app need not ask: it is told at each step, sent, asked for, begun, 40 percent.
        let Missed::Changes(told) = changes::since(&lab.store, mara.id, before, 100).await.unwrap() else { panic!("too much") };
        let of_job = told.iter().filter(|change| change.kind == "job").count();
        assert!((6..=9).contains(&of_job), "{told:?}");
    }
}

on_both! {
    async fn a_comparison_is_half_way_after_the_first_answer(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let photos = [lab.photo(&mara, 120, 80).await, lab.photo(&mara, 90, 80).await];
        let slow = Fault::Delay { milliseconds: 300 };
        lab.control().fault(FaultRule::next(Service::Anthropic, "/v1/messages", slow).times(2));
        let id = lab.job(&mara, json!({"kind": "compare", "variant": "standard", "photos": photos, "price": 3})).await;
        let watching = lab.seen(&id, &mara.token, |job| job.get("ended_at").is_some());
        let (_, seen) = tokio::join!(lab.work(), watching);
        let steps: Vec<f64> = seen.iter().map(progress).filter(|step| *step >= 0.0).collect();
        assert!(steps.iter().any(|step| (*step - 0.1).abs() < 0.001) && steps.iter().any(|step| (*step - 0.55).abs() < 0.001), "{steps:?}");
        assert_eq!(seen.last().unwrap()["state"], "succeeded");
        assert!(seen.last().unwrap().get("progress").is_none());
    }
}

on_both! {
    async fn what_is_said_twice_is_told_once_and_a_dead_worker_says_nothing(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 20).await;
        let id = lab.critique(&mara).await;
        let minute = Duration::from_secs(60);
        let lease = jobs::claim(&lab.store, &lab.world, "Anthropic", minute * 30).await.unwrap().unwrap();
        let head = async || changes::head(&lab.store, mara.id).await.unwrap();
        let say = async |part: f32| jobs::heartbeat(&lab.store, &lab.world, &lease, Sign { progress: Some(part), ..Sign::default() }).await;
        let before = head().await;
        for part in [0.25, 0.25, 0.2501, 0.5, 7.0] {
            say(part).await.unwrap();
        }
        assert_eq!(head().await - before, 3, "a quarter, a half, the whole");
        assert_eq!(progress(&lab.look(&mara, &id).await), 1.0);
        jobs::heartbeat(&lab.store, &lab.world, &lease, Sign::default()).await.unwrap();
        assert_eq!(head().await - before, 3, "a sign of life is no news");
        lab.database.clock.advance(minute * 2);
        jobs::sweep(&lab.store, &lab.world, 10).await.unwrap();
        assert!(say(0.9).await.is_err());
        assert!(lab.look(&mara, &id).await.get("progress").is_none(), "it waits again");
    }
}
