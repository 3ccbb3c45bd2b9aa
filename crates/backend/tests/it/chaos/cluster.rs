//! The programs: started, killed without warning, started again.

use pretty_backend::app::App;
use pretty_backend::settings::Database;
use pretty_backend::world::{Chance, Clock, World};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many programs of which mode. A cluster without workers works inside its replicas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) replicas: usize,
    pub(super) workers: usize,
}

/// Where the replicas are now, one after the other.
pub(super) type Addresses = Arc<Mutex<Vec<String>>>;

pub(super) struct Cluster {
    shape: Shape,
    config: PathBuf,
    data: PathBuf,
    dice: World,
    addresses: Addresses,
    /// Replicas, then workers.
    running: Vec<Child>,
}

impl Cluster {
    /// Programs on the database, folder and stand-ins of this app.
    pub(super) async fn start(app: &App, database: &Database, shape: Shape, seed: u64) -> Self {
        println!("chance is seeded with {seed}");
        let data = PathBuf::from(&app.settings.server.data);
        let config = data.join("chaos.toml");
        std::fs::write(&config, settings(app, database, shape)).unwrap();
        let addresses = Arc::new(Mutex::new(vec![String::new(); shape.replicas]));
        let dice = World::new(Clock::system(), Chance::seeded(seed));
        let mut cluster = Self { shape, config, data, dice, addresses, running: Vec::new() };
        cluster.start_all().await;
        cluster
    }

    pub(super) fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    pub(super) async fn start_all(&mut self) {
        for number in 0..self.shape.replicas + self.shape.workers {
            let child = self.start_one(number).await;
            self.running.push(child);
        }
    }

    async fn start_one(&self, number: usize) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pretty-backend"));
        command.arg("--config").arg(&self.config).arg("--data").arg(&self.data).stderr(Stdio::null());
        if number >= self.shape.replicas {
            return command.arg("worker").stdout(Stdio::null()).spawn().unwrap();
        }
        let mut child = command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            line
        });
        let line = line.await.unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("replica {number}: {line:?}"));
        address.clone_into(&mut self.addresses.lock().unwrap()[number]);
        child
    }

    /// Kills one of them every now and then and starts it again; how often.
    pub(super) async fn kill_until(&mut self, until: Instant) -> usize {
        let mut kills = 0;
        while Instant::now() < until {
            let pause = 300 + 8 * u64::from(self.dice.die().unwrap());
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let number = usize::from(self.dice.die().unwrap()) % self.running.len();
            kill(&mut self.running[number]);
            self.running[number] = self.start_one(number).await;
            kills += 1;
        }
        kills
    }

    pub(super) fn kill_all(&mut self) {
        self.running.drain(..).for_each(|mut child| kill(&mut child));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// On Unix this is `kill -9`.
fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn settings(app: &App, database: &Database, shape: Shape) -> String {
    let (replicate, anthropic, objects) = (&app.settings.replicate, &app.settings.anthropic, &app.settings.objects);
    format!(
        "[database]\nurl = {:?}\nsqlite_synchronous = \"normal\"\n\
         [worker]\nembedded = {}\npoll_milliseconds = 100\n\
         [replicate]\nbase_url = {:?}\ndelivery_url = {:?}\ntoken = {:?}\nwebhook_secret = {:?}\npoll_milliseconds = 200\nadopt_seconds = 3\n\
         [anthropic]\nbase_url = {:?}\nkey = {:?}\n\
         [objects]\nbucket = {:?}\nendpoint = {:?}\nregion = {:?}\naccess_key = {:?}\nsecret_key = {:?}\n",
        database.url.reveal(),
        shape.workers == 0,
        replicate.base_url,
        replicate.delivery_url,
        replicate.token.reveal(),
        replicate.webhook_secret.reveal(),
        anthropic.base_url,
        anthropic.key.reveal(),
        objects.bucket,
        objects.endpoint,
        objects.region,
        objects.access_key.reveal(),
        objects.secret_key.reveal(),
    )
}
