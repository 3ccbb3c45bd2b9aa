//! People who send jobs as the app does: with a key, again and again until there is an answer, to whichever replica lives.

use super::cluster::Addresses;
use crate::support::{Lab, Member};
use pretty_backend::photos::pixels::checksum;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub(super) struct Crowd {
    people: Vec<Person>,
    http: reqwest::Client,
}

struct Person {
    member: Member,
    photo: String,
}

/// Jobs by the key that each was asked for with.
pub(super) type Sent = BTreeMap<String, Uuid>;

impl Crowd {
    /// People with a photo and more credits than they can use.
    pub(super) async fn gather(lab: &Lab, size: usize) -> Self {
        let mut people = Vec::new();
        for number in 0..size {
            let member = lab.member(&format!("p{number}@example.org"), 1_000_000).await;
            let photo = lab.photo(&member, 240, 160).await;
            people.push(Person { member, photo });
        }
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { people, http }
    }

    pub(super) async fn send_until(&self, until: Instant, addresses: Addresses) -> Sent {
        let each = self.people.iter().enumerate().map(|(number, person)| {
            let addresses = Addresses::clone(&addresses);
            async move {
                let mut sent = Sent::new();
                let mut turn = number;
                while Instant::now() < until {
                    let key = format!("{number}-{turn}");
                    let id = self.ask(person, &key, turn, &addresses).await;
                    sent.insert(key, id);
                    turn += 1;
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
                sent
            }
        });
        side_by_side(each).await
    }

    /// Asks until there is an answer, and then once more somewhere else; every seventh job is also to be stopped.
    async fn ask(&self, person: &Person, key: &str, turn: usize, addresses: &Addresses) -> Uuid {
        let body = if turn.is_multiple_of(2) {
            json!({"kind": "enhance", "variant": "upscale_2x", "photos": [person.photo], "price": 4})
        } else {
            json!({"kind": "critique", "variant": "standard", "photos": [person.photo], "price": 2})
        };
        let first = self.post(person, key, "/v1/jobs", &body, turn, addresses).await;
        let again = self.post(person, key, "/v1/jobs", &body, turn + 1, addresses).await;
        assert_eq!(first["id"], again["id"], "one key is one job");
        let id = first["id"].as_str().unwrap();
        if turn.is_multiple_of(7) {
            self.post(person, key, &format!("/v1/jobs/{id}/cancel"), &Value::Null, turn, addresses).await;
        }
        id.parse().unwrap()
    }

    /// A replica that is dead, dies or is not ready is asked again, or the next one is; any other refusal fails the test.
    async fn post(
        &self,
        person: &Person,
        key: &str,
        path: &str,
        body: &Value,
        turn: usize,
        addresses: &Addresses,
    ) -> Value {
        let mut last = String::new();
        for attempt in 0..600 {
            let address = {
                let all = addresses.lock().unwrap();
                all[(turn + attempt) % all.len()].clone()
            };
            let request = self.http.post(format!("{address}{path}")).bearer_auth(&person.member.token);
            match request.header("idempotency-key", key).json(body).send().await {
                Ok(answer) if answer.status().is_success() => match answer.json().await {
                    Ok(job) => return job,
                    Err(cut_off) => last = cut_off.to_string(),
                },
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    last = answer.text().await.unwrap_or_default();
                    // A job that has ended by now cannot be stopped any more.
                    if status == 409 && path.ends_with("/cancel") {
                        return Value::Null;
                    }
                    assert!(matches!(status, 429 | 503), "{path}: {status} {last}");
                }
                Err(unreachable) => last = unreachable.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nobody answered {path}: {last}")
    }

    /// Every result that was paid for is there, as it was described.
    pub(super) async fn fetch_results(&self, lab: &Lab, jobs: impl Iterator<Item = Uuid>) {
        for id in jobs {
            let mut found = false;
            for person in &self.people {
                let token = &person.member.token;
                let job = lab.app.api("GET", &format!("/v1/jobs/{id}"), Some(token), None).await;
                if job.status == 200 {
                    let (status, file) = lab.app.fetch(&format!("/v1/jobs/{id}/result"), token, None).await;
                    assert_eq!(
                        (status.as_u16(), checksum(&file).as_str()),
                        (200, job.json()["result"]["sha256"].as_str().unwrap())
                    );
                    found = true;
                }
            }
            assert!(found, "{id} is nobody's");
        }
    }
}

/// All of them side by side; what each brought, together.
async fn side_by_side<'a>(each: impl Iterator<Item = impl Future<Output = Sent> + 'a>) -> Sent {
    let mut all = Sent::new();
    let mut waiting: Vec<_> = each.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(sent) => {
                all.extend(sent);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    all
}
