//! Packs the sample as an export of the whole server: `cargo run --example sample_backup [FILE]`.

use std::env;
use std::path::PathBuf;

use plesk_fixture::{Spec, pack_tar};

fn main() -> anyhow::Result<()> {
    let default = || env::temp_dir().join("backup_2401151030.tar");
    let out = env::args_os().nth(1).map_or_else(default, PathBuf::from);
    pack_tar(&Spec::sample(), &out)?;
    #[expect(clippy::print_stdout, reason = "examples talk to people")]
    {
        println!("{}", out.display());
    }
    Ok(())
}
