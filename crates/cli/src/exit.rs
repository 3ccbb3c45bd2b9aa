//! How the program ends, as scripts see it. Also told by `pretty --help`.

/// The program's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every photo has its result (or was skipped because the person said so).
    AllDone,
    /// Some photos failed; each was told.
    SomeFailed,
    /// What was typed cannot be done: an unknown option, a recipe that is not understood.
    Usage,
    /// Nothing can be enhanced here: no ONNX Runtime, no models, no such device.
    NothingRuns,
    /// Stopped by the person.
    Cancelled,
}

impl End {
    /// The exit status.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::AllDone => 0,
            Self::SomeFailed => 1,
            Self::Usage => 2,
            Self::NothingRuns => 3,
            Self::Cancelled => 130,
        }
    }
}

/// For `--help`.
pub(crate) const EXIT_STATUS: &str = "\
Exit status:
    0  every photo is done (or was skipped with --if-exists skip)
    1  some photos failed; each is named with the reason, the others are done
    2  what was typed cannot be done, for example an unknown option or a recipe that is not understood
    3  nothing can be enhanced here: ONNX Runtime, the models or the device cannot be used
    130  stopped with Ctrl-C; results finished before are there, nothing half-written is";
