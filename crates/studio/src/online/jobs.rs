//! Quotes, Pro jobs and critiques.

use std::sync::Arc;

use pretty_contract::account::ServiceId;
use pretty_contract::cloud::*;
use pretty_contract::command::Nothing;
use pretty_contract::photo::PhotoId;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::jobs::{JobKind, PhotoSize, Quote, QuoteRequest};
use reqwest::Method;

use super::Answer;
use super::account::{absolute, id};
use crate::clock::now_micros;
use crate::cloud::outbox::{OutPhoto, Outgoing, Step};
use crate::cloud::{self, critiques, deleting, document, showing};
use crate::core::{Core, State};
use crate::link::{change_in, kept};
use crate::problems::bad_request;
use crate::service::Call;
use crate::sync::WHY;
use crate::usage::{self, Used};

/// The most photos sent at once.
const MOST: usize = 500;

pub(crate) fn quote(core: &Arc<Core>, request: AskQuote) -> Answer<ShownQuote> {
    check_count(request.kind, request.photos.len())?;
    let photos = {
        let state = core.lock();
        request.photos.iter().map(|id| size(&state, *id)).collect::<Answer<Vec<PhotoSize>>>()?
    };
    let body = QuoteRequest { kind: request.kind, variant: request.variant, photos: photos.clone() };
    let quote: Quote =
        core.link.send(Call::new(Method::POST, "/v1/quotes", WHY).json(&body)).map_err(|fault| fault.problem())?;
    let bytes = photos.iter().map(|size| about(*size, quote.sends.long_edge)).sum();
    let state = core.lock();
    let spending = &state.linked.online.spending;
    let consent_needed = !spending.consents.contains(&quote.sends.to);
    let over_cap = spending.monthly_cap.is_some_and(|cap| spending.this_month + quote.price > cap);
    let must_ask = consent_needed || over_cap || quote.price > spending.unasked_up_to;
    let Quote { price, each, available, sends } = quote;
    Ok(ShownQuote { price, each, available, sends, bytes, consent_needed, over_cap, must_ask })
}

fn size(state: &State, id: PhotoId) -> Answer<PhotoSize> {
    let entry = state.photos.get(id).ok_or_else(|| bad_request("A photo is not on the list any more."))?;
    let facts = entry.photo.facts.as_ref().ok_or_else(|| Problem {
        code: Code::NotAPhoto,
        message: format!("\u{201c}{}\u{201d} could not be read, so it cannot be sent.", entry.photo.name),
        retryable: false,
        detail: None,
    })?;
    Ok(PhotoSize { width: facts.width, height: facts.height })
}

/// Bytes of a JPEG of a photo at most so long, about.
fn about(size: PhotoSize, long_edge: u32) -> u64 {
    let longest = size.width.max(size.height).max(1);
    let scale = (f64::from(long_edge) / f64::from(longest)).min(1.0);
    (f64::from(size.width) * scale * f64::from(size.height) * scale * 0.3) as u64
}

fn check_count(kind: JobKind, count: usize) -> Answer<()> {
    match kind {
        JobKind::Unknown => Err(bad_request("There is no such kind of job.")),
        JobKind::Compare if count != 2 => Err(bad_request("Choose two photos to compare.")),
        _ if count == 0 => Err(bad_request("Choose photos first.")),
        _ if count > MOST => Err(bad_request(format!("Choose at most {MOST} photos at once."))),
        _ => Ok(()),
    }
}

pub(crate) fn submit_pro_jobs(core: &Arc<Core>, request: SubmitProJobs) -> Answer<MadeProJobs> {
    check_count(request.kind, request.photos.len())?;
    if request.each < 0 || request.sends.long_edge == 0 || request.sends.to.is_empty() {
        return Err(bad_request("This is no price that was shown."));
    }
    let groups: Vec<&[PhotoId]> = match request.kind {
        JobKind::Compare => vec![&request.photos],
        _ => request.photos.chunks(1).collect(),
    };
    let mut state = core.lock();
    let user = state.linked.user().ok_or_else(|| crate::service::Fault::SignedOut.problem())?.to_owned();
    let all = request.each.saturating_mul(i64::try_from(groups.len()).unwrap_or(i64::MAX));
    check_cap(core, &state, &user, all, None)?;
    if !request.agreed {
        check_consent(&state, &request.sends.to)?;
    }
    let export = state.settings.export.clone();
    let mut jobs = Vec::new();
    for group in groups {
        let photos = group.iter().map(|id| out_photo(&state, *id)).collect::<Answer<Vec<OutPhoto>>>()?;
        jobs.push(Outgoing {
            id: uuid::Uuid::now_v7().to_string(),
            user: user.clone(),
            made_at: now_micros(),
            kind: request.kind,
            variant: request.variant.clone(),
            options: request.options.clone(),
            price: request.each,
            sends: request.sends.clone(),
            photos,
            export: export.clone(),
            attempt: 1,
            may_exist: false,
            service_id: None,
            step: Step::Prepare,
            ended_at: None,
            dismissed: false,
            charged: false,
            agreed_at: None,
            off_service: false,
        });
    }
    // All or none: half of what was agreed to is not what was agreed to.
    core.link.store.put_pro_jobs(jobs.iter().map(|job| (job.id.as_str(), job.made_at, job)))?;
    let ids = jobs.iter().map(|job| job.id.clone()).collect();
    change_in(core, &mut state, |linked| {
        for job in jobs {
            linked.outbox.put(job);
        }
        let consents = &mut linked.online.spending.consents;
        if request.agreed && !consents.contains(&request.sends.to) {
            consents.push(request.sends.to.clone());
            let _ = core.link.store.keep(kept::CONSENTS, consents);
        }
    });
    let used = if request.kind == JobKind::Enhance { Used::CloudEnhanceAsked } else { Used::CritiqueAsked };
    usage::count(core, &state, used);
    cloud::tell_all(core, &state);
    core.wake();
    Ok(MadeProJobs { ids })
}

/// Whether so many credits more may be spent this month. `but` is a job that they are for: what it had set aside before is not counted twice.
fn check_cap(core: &Core, state: &State, user: &str, credits: i64, but: Option<&str>) -> Answer<()> {
    let Some(cap) = state.linked.online.spending.monthly_cap else { return Ok(()) };
    let spent = state.linked.outbox.spent_since(user, core.link.store.month_began()?, but);
    if spent.saturating_add(credits) <= cap {
        return Ok(());
    }
    let message = format!(
        "This would go over your cap of {cap} credits a month; {spent} are spent or set aside. Raise the cap on the Account page."
    );
    Err(Problem { code: Code::OverCap, message, retryable: false, detail: None })
}

/// Whether the person has agreed that copies go to a company.
fn check_consent(state: &State, to: &str) -> Answer<()> {
    if state.linked.online.spending.consents.iter().any(|provider| provider == to) {
        return Ok(());
    }
    let message = "Nothing was sent: you have not agreed that copies of your photos go to the company that does this.";
    Err(Problem { code: Code::ConsentNeeded, message: message.into(), retryable: false, detail: Some(to.to_owned()) })
}

fn out_photo(state: &State, id: PhotoId) -> Answer<OutPhoto> {
    size(state, id)?;
    let entry = state.photos.get(id).ok_or_else(|| bad_request("A photo is not on the list any more."))?;
    Ok(OutPhoto {
        path: entry.path.clone(),
        name: entry.photo.name.clone(),
        copy: None,
        upload: None,
        upload_attempt: 0,
        photo_id: None,
    })
}

/// Changes a job's record, if it is there and `change` agrees.
fn alter(core: &Core, id: &str, change: impl FnOnce(&State, &mut Outgoing) -> Answer<()>) -> Answer<Nothing> {
    let mut state = core.lock();
    let mut job =
        state.linked.outbox.get(id).cloned().ok_or_else(|| bad_request("This job is not in the queue any more."))?;
    change(&state, &mut job)?;
    core.link.store.put_pro_job(&job.id, job.made_at, &job)?;
    let live = state.linked.outbox.live(id);
    (live.not_before, live.tries, live.hindered) = (std::time::Duration::ZERO, 0, None);
    state.linked.outbox.put(job);
    change_in(core, &mut state, |_| {});
    cloud::tell(core, &state, id);
    core.wake();
    Ok(Nothing {})
}

pub(crate) fn accept_price(core: &Arc<Core>, request: AcceptPrice) -> Answer<Nothing> {
    alter(core, &request.id, |state, job| match job.step {
        Step::PriceChanged { price } if price == request.price => {
            check_cap(core, state, &job.user, price, Some(&job.id))?;
            job.price = price;
            job.agreed_at = Some(now_micros());
            job.attempt += 1;
            job.may_exist = false;
            job.step = Step::Submit;
            Ok(())
        }
        _ => Err(bad_request("This is not the price that is asked for.")),
    })
}

pub(crate) fn cancel_pro_job(core: &Arc<Core>, request: OneProJob) -> Answer<Nothing> {
    let idle = |job: &Outgoing| {
        !job.may_exist && job.service_id.is_none() && job.photos.iter().all(|photo| photo.photo_id.is_none())
    };
    alter(core, &request.id, |_, job| {
        if job.step.has_ended() {
            return Ok(());
        }
        // Nothing of it has left: there is nobody to tell.
        if job.step == Step::Prepare && idle(job) {
            job.step = Step::Cancelled;
            job.ended_at = Some(now_micros());
        } else {
            job.step = Step::Cancel;
        }
        Ok(())
    })
}

/// Stops the jobs of which a company has got nothing yet, because it may not get anything any more.
pub(crate) fn stop_unsent(core: &Arc<Core>, to: &str) -> Answer<()> {
    let is_unsent =
        |job: &Outgoing| job.sends.to == to && !job.step.has_ended() && !job.may_exist && job.service_id.is_none();
    let unsent: Vec<String> =
        core.lock().linked.outbox.jobs().filter(|job| is_unsent(job)).map(|job| job.id.clone()).collect();
    unsent.into_iter().try_for_each(|id| cancel_pro_job(core, OneProJob { id }).map(drop))
}

pub(crate) fn retry_pro_job(core: &Arc<Core>, request: OneProJob) -> Answer<Nothing> {
    alter(core, &request.id, |state, job| {
        let has_it = job.service_id.is_some();
        let next = match &job.step {
            // It is paid for, or may be: only fetched again, or asked after.
            Step::Failed { charge: Charge::Yes | Charge::Unknown, .. } if has_it => {
                Step::Wait { running: true, progress: None }
            }
            // With the same key: what it became, if it was taken, and no second one.
            Step::Failed { charge: Charge::Yes | Charge::Unknown, .. } => Step::Submit,
            Step::Failed { charge: Charge::No, .. } => {
                job.attempt += 1;
                (job.may_exist, job.service_id) = (false, None);
                Step::Prepare
            }
            Step::TooFewCredits { .. } => {
                job.attempt += 1;
                job.may_exist = false;
                Step::Submit
            }
            Step::PriceChanged { .. } | Step::Policy => Step::Submit,
            _ => return Err(bad_request("This job needs no other try.")),
        };
        if !matches!(next, Step::Wait { .. }) {
            // Photos leave, or credits are spent, from here on.
            check_consent(state, &job.sends.to)?;
            check_cap(core, state, &job.user, job.price, Some(&job.id))?;
            job.agreed_at = Some(now_micros());
        }
        job.step = next;
        job.ended_at = None;
        Ok(())
    })
}

pub(crate) fn dismiss_pro_job(core: &Arc<Core>, request: OneProJob) -> Answer<Nothing> {
    alter(core, &request.id, |_, job| {
        if !job.step.has_ended() {
            return Err(bad_request("This job has not ended. Stop it first."));
        }
        job.dismissed = true;
        Ok(())
    })?;
    let state = core.lock();
    cloud::tell_all(core, &state);
    Ok(Nothing {})
}

pub(crate) fn reveal_pro_result(core: &Arc<Core>, request: OneProJob) -> Answer<Nothing> {
    let step = core.lock().linked.outbox.get(&request.id).map(|job| job.step.clone());
    let Some(Step::Done { result: ProResult::Enhanced { file } }) = step else {
        return Err(bad_request("This job has no file."));
    };
    core.host.reveal(std::path::Path::new(&file.path)).map(|()| Nothing {})
}

pub(crate) fn open_pro_result(core: &Arc<Core>, request: OneProJob) -> Answer<ProPictures> {
    showing::open(core, &request.id)
}

pub(crate) fn delete_pro_result(core: &Arc<Core>, request: OneProJob) -> Answer<Nothing> {
    deleting::result(core, &request.id).map(|()| Nothing {})
}

pub(crate) fn copy_to_send(core: &Arc<Core>, request: AskCopy) -> Answer<ShownCopy> {
    showing::copy(core, &request)
}

pub(crate) fn critique(core: &Arc<Core>, request: ServiceId) -> Answer<CritiqueView> {
    critiques::view(core, &id(&request.id)?)
}

pub(crate) fn comparison(core: &Arc<Core>, request: ServiceId) -> Answer<ComparisonView> {
    critiques::comparison(core, &id(&request.id)?)
}

pub(crate) fn try_suggestion(core: &Arc<Core>, request: TrySuggestion) -> Answer<TriedSuggestion> {
    critiques::try_suggestion(core, &id(&request.id)?, request.suggestion as usize)
}

pub(crate) fn export_critique(core: &Arc<Core>, request: ExportCritique) -> Answer<Nothing> {
    document::export(core, &id(&request.id)?, request.format, &absolute(&request.path)?).map(|()| Nothing {})
}

pub(crate) fn delete_critique(core: &Arc<Core>, request: ServiceId) -> Answer<Nothing> {
    deleting::critique(core, &id(&request.id)?).map(|()| Nothing {})
}
