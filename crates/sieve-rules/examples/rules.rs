//! The rules of a Sieve script, one after the other.
//!
//!     cargo run -p sieve-rules --example rules -- ~/.dovecot.sieve

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/roundcube.sieve");
    let path = std::env::args_os().nth(1).unwrap_or_else(|| default.into());
    let bytes = std::fs::read(path)?;
    let script = sieve_rules::parse(&bytes)?;
    let mut out = std::io::stdout().lock();
    for (index, rule) in script.rules.iter().enumerate() {
        let name = rule.name.clone().unwrap_or("(no name)".into());
        let state = if rule.enabled { "" } else { ", switched off" };
        writeln!(out, "{name:?}{state}")?;
        for requirement in script.requirements(index) {
            let word = if requirement.holds { "if" } else { "unless" };
            writeln!(out, "    {word} {:?}", requirement.condition)?;
        }
        for action in &rule.actions {
            writeln!(out, "    do {action:?}")?;
        }
    }
    for piece in &script.unsupported {
        writeln!(out, "not understood: {:?}: {}", piece.text, piece.reason)?;
    }
    Ok(())
}
