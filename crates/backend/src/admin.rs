//! What an operator does by hand.

mod data;

use clap::Subcommand;
use pretty_backend::accounts::email::Email;
use pretty_backend::app::App;
use pretty_backend::billing;
use pretty_backend::changes::{self, ChangeKind};
use pretty_backend::ledger::{self, Cause, Grant, Ledger, Source};
use pretty_backend::settings::Settings;
use pretty_backend::store::entity::{job, order, refund_request, user};
use pretty_backend::store::{Store, migration, mode};
use pretty_backend::world::World;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Give credits to a person.
    Grant {
        /// The account's address.
        #[arg(long)]
        email: String,
        /// How many.
        #[arg(long)]
        credits: i64,
        /// Days until the rest is gone; never when left out.
        #[arg(long)]
        days: Option<u32>,
        /// The same key gives once, however often the command runs.
        #[arg(long)]
        key: String,
    },
    /// Show a person's credits and movements.
    Ledger {
        /// The account's address.
        #[arg(long)]
        email: String,
    },
    /// Show a job: where it stands, not what is in the photo.
    Job {
        /// The job's id.
        id: uuid::Uuid,
    },
    /// Show an order: where it stands and why.
    Order {
        /// The order's id.
        id: uuid::Uuid,
    },
    /// Give back what an order cost, or a part of it; its credits go with the money.
    Refund {
        /// The order's id.
        #[arg(long)]
        order: uuid::Uuid,
        /// In the currency's smallest unit; everything that is left when it is not given.
        #[arg(long)]
        amount: Option<i64>,
    },
    /// List Stripe's events that could not be worked off, or let one have its attempts again.
    Events {
        /// The event to try again.
        #[arg(long, value_name = "EVENT")]
        retry: Option<String>,
    },
    /// Look after people's data.
    #[command(flatten)]
    Data(data::Task),
    /// Compare every balance with its postings; fails when one differs. Nothing is sold while the last comparison found a difference.
    Audit,
}

pub(crate) async fn run(task: Task, settings: &Settings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let store = Store::open(&settings.database, Path::new(&settings.server.data)).await?;
    if !migration::is_current(&store).await? {
        return Err("the database is not up to date: run `pretty-backend migrate`".into());
    }
    // Without a key of either kind there is nothing that could be mixed: an operator looks after a sandbox, too.
    if settings.has_outside() {
        mode::refuse_other(&store, settings.mode()).await?;
    }
    let world = World::system();
    let done = match task {
        Task::Order { .. } | Task::Refund { .. } | Task::Events { .. } => {
            let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            money(task, &App::new(settings.clone(), store.clone(), world, address)?).await
        }
        Task::Data(task) => {
            let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            Box::pin(data::perform(task, &App::new(settings.clone(), store.clone(), world, address)?)).await
        }
        task => perform(task, &store, &world).await,
    };
    store.close().await;
    done
}

/// What is about orders and payments.
async fn money(task: Task, app: &App) -> Result<(), Box<dyn Error + Send + Sync>> {
    match task {
        Task::Order { id } => {
            let order = order::Entity::find_by_id(id).one(app.store.reader()).await?.ok_or("there is no such order")?;
            super::say(&format!(
                "{} {} {}, {} credits, {}, asked {}, paid {:?}, withdrawn {:?}, session {:?}, subscription {:?}, fault {:?}",
                order.id,
                order.product,
                billing::money::shown(order.amount, &order.currency),
                order.credits,
                order.state.word(),
                order.created_at.to_utc(),
                order.paid_at.map(|at| at.to_utc()),
                order.withdrawn_at.map(|at| at.to_utc()),
                order.stripe_session,
                order.stripe_subscription,
                order.fault
            ));
        }
        Task::Refund { order, amount } => {
            let id = billing::refunds::by_operator(app, order, amount).await?;
            super::say(&format!("refund {id}: the credits are taken"));
            billing::refunds::perform_due(app).await?;
            let sent = refund_request::Entity::find_by_id(id).one(app.store.reader()).await?;
            let sent = sent.ok_or("the refund vanished")?;
            super::say(&format!(
                "refund {id}: {}{}",
                sent.state,
                sent.fault.map_or_else(String::new, |why| format!(", {why}"))
            ));
        }
        Task::Events { retry: Some(id) } => {
            if !billing::inbox::unpark(app, &id).await? {
                return Err("there is no such event that waits for you".into());
            }
            super::say("it will be tried again");
        }
        Task::Events { retry: None } => {
            for (id, kind, fault) in billing::inbox::parked(app).await? {
                super::say(&format!("{id} {kind}: {fault}"));
            }
        }
        Task::Grant { .. } | Task::Ledger { .. } | Task::Job { .. } | Task::Data(_) | Task::Audit => {}
    }
    Ok(())
}

async fn perform(task: Task, store: &Store, world: &World) -> Result<(), Box<dyn Error + Send + Sync>> {
    match task {
        Task::Grant { email, credits, days, key } => {
            let user = find(store, &email).await?;
            let expires_at = days.map(|days| world.now().plus(Duration::from_secs(24 * 3600) * days));
            let cause = Cause::new("admin", &key);
            let grant = Grant {
                source: Source::Promo,
                credits,
                expires_at,
                order_ref: None,
                key: format!("admin:{key}"),
                cause,
            };
            let tx = store.write_transaction().await?;
            let outcome = Ledger::new(&tx, world).grant(user.owner_ref, grant).await?;
            changes::note(&tx, world, user.id, ChangeKind::Credits, None).await?;
            tx.commit().await?;
            super::say(&format!("{outcome:?}: {:?}", ledger::balance(store, user.owner_ref, world.now()).await?));
        }
        Task::Ledger { email } => {
            let user = find(store, &email).await?;
            super::say(&format!("{:?}", ledger::balance(store, user.owner_ref, world.now()).await?));
            for entry in ledger::statement(store, user.owner_ref, None, 1000).await? {
                let when = entry.at.to_utc();
                super::say(&format!(
                    "{when} {:<8} available {:+} held {:+} frozen {:+} debt {:+} ({} {})",
                    entry.kind, entry.available, entry.held, entry.frozen, entry.debt, entry.cause_type, entry.cause_id
                ));
            }
        }
        Task::Job { id } => {
            let job = job::Entity::find_by_id(id).one(store.reader()).await?.ok_or("there is no such job")?;
            super::say(&format!(
                "{} {} {:?}, {} credits, attempt {} of {}, asked {}, deadline {}, ended {:?}, lease until {:?}, fault {:?}",
                job.id,
                job.kind,
                job.state,
                job.price,
                job.attempt,
                job.most_attempts,
                job.created_at.to_utc(),
                job.deadline.to_utc(),
                job.ended_at.map(|at| at.to_utc()),
                job.lease_until.map(|at| at.to_utc()),
                job.fault
            ));
        }
        Task::Order { .. } | Task::Refund { .. } | Task::Events { .. } | Task::Data(_) => {}
        Task::Audit => {
            let audit = ledger::compare(store, world).await?;
            super::say(&format!("{audit:?}"));
            if !audit.is_clean() {
                return Err("the ledger does not add up: look at the differences above. Nothing is sold until this command finds none".into());
            }
        }
    }
    Ok(())
}

async fn find(store: &Store, email: &str) -> Result<user::Model, Box<dyn Error + Send + Sync>> {
    let email = Email::parse(email)?;
    let user = user::Entity::find().filter(user::Column::EmailKey.eq(email.key())).one(store.reader()).await?;
    user.ok_or_else(|| "nobody has this address".into())
}
