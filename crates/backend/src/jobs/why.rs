//! Why a job came to nothing: a word that is kept and programs branch on, and a sentence for the person.
//!
//! Fixed sentences only: what a provider said may hold anything and goes to the log at most.

use pretty_contract::service::jobs::JobFault;

/// Why a job came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The person stopped it.
    Stopped,
    /// Its time was over.
    TookTooLong,
    /// Every attempt broke off.
    GaveUp,
    /// A photo was deleted before its turn came.
    PhotoGone,
    /// The outside service did not answer, or had too much to do.
    Busy,
    /// The outside service does not do this for us at present.
    NotOffered,
    /// The outside service does not want to look at the photo.
    Declined,
    /// What was said of the photo does not hold.
    BadAnswer,
    /// The picture that came back is not what it should be.
    BadResult,
    /// The model failed on this photo.
    ModelFailed,
    /// A fault of ours.
    Internal,
}

impl Why {
    const ALL: [Self; 11] = [
        Self::Stopped,
        Self::TookTooLong,
        Self::GaveUp,
        Self::PhotoGone,
        Self::Busy,
        Self::NotOffered,
        Self::Declined,
        Self::BadAnswer,
        Self::BadResult,
        Self::ModelFailed,
        Self::Internal,
    ];

    /// The word that is kept.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::TookTooLong => "took_too_long",
            Self::GaveUp => "gave_up",
            Self::PhotoGone => "photo_gone",
            Self::Busy => "busy",
            Self::NotOffered => "not_offered",
            Self::Declined => "declined",
            Self::BadAnswer => "bad_answer",
            Self::BadResult => "bad_result",
            Self::ModelFailed => "model_failed",
            Self::Internal => "internal",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Stopped => "You stopped it.",
            Self::TookTooLong => "It took too long and was stopped.",
            Self::GaveUp => "It did not work out after several attempts.",
            Self::PhotoGone => "The photo was deleted before its turn came.",
            Self::Busy => "The service that does this is too busy at the moment. Try again later.",
            Self::NotOffered => "This is not offered at the moment. We have been told and will see to it.",
            Self::Declined => "The service that looks at photos declined this one.",
            Self::BadAnswer => "What was said of the photo made no sense, so it was thrown away.",
            Self::BadResult => "The picture that came back was not what it should be, so it was thrown away.",
            Self::ModelFailed => "The model failed on this photo.",
            Self::Internal => "Something went wrong on our side. It has been logged.",
        }
    }

    /// What the person gets for a kept word.
    pub fn fault(word: &str) -> JobFault {
        let why = Self::ALL.into_iter().find(|why| why.word() == word).unwrap_or(Self::Internal);
        JobFault { code: why.word().to_owned(), message: why.sentence().to_owned() }
    }
}
