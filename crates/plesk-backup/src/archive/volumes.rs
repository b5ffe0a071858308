//! Where in which volume of an archive an offset lies, and which volume is not there.

use std::fmt;

use super::{ArchiveDamage, DamageKind};

/// An offset in one volume of an archive that is cut into several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeOffset {
    /// Path of the volume in the tree.
    pub volume: String,
    /// Offset in it.
    pub offset: u64,
}

/// The volumes that are read, and why not all are.
#[derive(Debug, Default)]
pub(crate) struct VolumeMap {
    /// Path in the tree and bytes that are there.
    pub(crate) read: Vec<(String, u64)>,
    /// The first volume that cannot be read, or not to its end, while there are more.
    pub(crate) gap: Option<Gap>,
}

/// A volume that is missing or cut. What follows it cannot be read on its own: volumes are slices
/// of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// As the metadata call it.
    pub(crate) name: String,
    /// Its place among the volumes, from 1.
    pub(crate) number: usize,
    pub(crate) volumes: usize,
    /// Bytes that are there and that should be, when it is there in part.
    pub(crate) cut: Option<(u64, u64)>,
}

impl fmt::Display for Gap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`, volume {} of {}, ", self.name, self.number, self.volumes)?;
        match self.cut {
            None => write!(out, "is not in the backup")?,
            Some((there, size)) => write!(out, "is cut ({there} of {size} bytes)")?,
        }
        if self.number < self.volumes {
            write!(out, ", and the archive cannot be read beyond it")?;
        }
        Ok(())
    }
}

impl VolumeMap {
    /// Says of damage in which volume it is, and why the archive ends there.
    pub(super) fn locate(&self, damage: &mut ArchiveDamage) {
        if let Some(gap) = &self.gap
            && damage.what == DamageKind::Truncated
        {
            damage.detail.push_str(": ");
            damage.detail.push_str(&gap.to_string());
        }
        if self.read.len() < 2 && self.gap.is_none() {
            return;
        }
        let mut before = 0_u64;
        for (index, (volume, length)) in self.read.iter().enumerate() {
            let is_last = index + 1 == self.read.len();
            if damage.offset < before.saturating_add(*length) || is_last {
                let offset = damage.offset.saturating_sub(before);
                damage.volume = Some(VolumeOffset { volume: volume.clone(), offset });
                return;
            }
            before = before.saturating_add(*length);
        }
    }
}
