mod emit; mod finding; mod input; mod output; mod resolve; mod verify;
pub use emit::{EmitOptions, FolderFiles, emit};
pub use finding::{Finding, NextUidReason, StateFileKind};
pub use input::{OldServer, RawFile, RawFolder, RawMailbox, Rules, ServerKind, StateFile};
pub use output::{Because, Certainty, Folder, FormatEvidence, FoundState, Mailbox, Message, ServerEvidence, UidEvidence, Uidl, UidlEvidence};
pub use resolve::resolve;
pub use verify::{Difference, verify_folder};
