//! `verify`: the unchanged archive passes, and whatever is changed in it is named, in its class.

mod archive;
mod bases;
mod choice;
mod fields;
mod home;
mod mail;
mod settings;

use self::bases::{Base, Tree};

/// One change to a good archive, and what must be said of it.
pub struct Mutation {
    pub name: &'static str,
    /// Every class that is named, and no other.
    pub classes: &'static [&'static str],
    /// Stands in a difference of the first class.
    pub says: &'static str,
    pub apply: fn(&Tree),
}

/// Changes a copy of the archive for each, and looks at what is said of it.
fn check(base: &Base, mutations: impl IntoIterator<Item = &'static Mutation>) {
    let mut wrong = Vec::new();
    for Mutation { name, classes, says, apply } in mutations {
        let tree = base.copy();
        apply(&tree);
        let found = tree.verify();
        let mut named = classes.to_vec();
        named.sort_unstable();
        let said = found.of(classes[0]);
        let is_said = said.iter().any(|line| line.contains(says));
        if found.status != Some(1) || found.classes() != named || !is_said {
            wrong.push(format!("{name}: {:?}: {said:?}", found.classes()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All mutations, for the list of fields.
fn all() -> impl Iterator<Item = &'static Mutation> {
    mail::MUTATIONS
        .iter()
        .chain(settings::RICH)
        .chain(settings::SUSPENDED)
        .chain(archive::MUTATIONS)
}

#[test]
fn mutations_have_names_of_their_own() {
    let mut names: Vec<&str> = all().map(|mutation| mutation.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
