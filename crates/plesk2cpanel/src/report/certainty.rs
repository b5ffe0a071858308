//! How sure a name is, as the report writes it.

use std::collections::BTreeMap;
use std::fmt;

use mail_model::identity::Certainty;
use serde::{Deserialize, Serialize};

/// How sure a UID, a UIDL or a UIDVALIDITY is: [`Certainty`] as a word of the report, the surest
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sureness {
    /// Stored state says it.
    Exact,
    /// It follows from stored state by a rule that nobody confirmed.
    Assumed,
    /// The old server would have given it next; nobody has seen it.
    Predicted,
    /// It is not known what the old server had. A client will take the message for a new one.
    Lost,
}

impl Sureness {
    /// All of them, the surest first.
    pub const ALL: [Sureness; 4] =
        [Sureness::Exact, Sureness::Assumed, Sureness::Predicted, Sureness::Lost];

    /// The name as it stands in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Sureness::Exact => "exact",
            Sureness::Assumed => "assumed",
            Sureness::Predicted => "predicted",
            Sureness::Lost => "lost",
        }
    }

    /// Counts one message into the sums by certainty.
    pub(crate) fn count(sums: &mut BTreeMap<Sureness, u64>, certainty: Certainty) {
        *sums.entry(certainty.into()).or_default() += 1;
    }
}

impl From<Certainty> for Sureness {
    fn from(certainty: Certainty) -> Sureness {
        match certainty {
            Certainty::Exact => Sureness::Exact,
            Certainty::Assumed => Sureness::Assumed,
            Certainty::Predicted => Sureness::Predicted,
            Certainty::Lost => Sureness::Lost,
        }
    }
}

impl fmt::Display for Sureness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
