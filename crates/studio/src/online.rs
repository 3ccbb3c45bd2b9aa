//! The commands that need the service or are about it. Those that must be answered ask the service themselves; hosts call them where waiting is
//! allowed. Sign-in and data are elsewhere: here is what each command checks and starts.

mod account;
mod jobs;
mod policy;
mod privacy;

pub(crate) use account::*;
pub(crate) use jobs::*;
pub(crate) use policy::*;
pub(crate) use privacy::*;

use pretty_contract::problem::Problem;

type Answer<T> = Result<T, Problem>;
