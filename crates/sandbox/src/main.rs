//! Runs every stand-in by hand and prints where it is reached.

use clap::Parser;
use pretty_sandbox::{Sandbox, SandboxConfig};

/// Stand-ins for Stripe, Replicate, Anthropic, Google and a mail server, on 127.0.0.1. Nothing here is real.
#[derive(Debug, Parser)]
#[command(name = "pretty-sandbox")]
struct Arguments {
    /// Where ids and keys come from; drawn when it is not given.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let sandbox = Sandbox::start(SandboxConfig { seed: arguments.seed, ..SandboxConfig::default() }).await?;
    println!("{}", serde_json::to_string_pretty(sandbox.endpoints())?);
    tokio::signal::ctrl_c().await?;
    Ok(())
}
