//! One element with all that is below it.

/// An element of a subscription.
#[derive(Debug, Default, Clone)]
pub(in crate::metadata) struct Element {
    pub(in crate::metadata) name: String,
    pub(in crate::metadata) attributes: Vec<(String, String)>,
    /// All text directly in it.
    pub(in crate::metadata) text: String,
    pub(in crate::metadata) children: Vec<Element>,
    /// False when the XML ended before its end tag.
    pub(in crate::metadata) complete: bool,
}

impl Element {
    pub(in crate::metadata) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All children of a name.
    pub(in crate::metadata) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Element> {
        let name = name.to_owned();
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(in crate::metadata) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Follows names downwards.
    pub(in crate::metadata) fn at(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Text without white space around it; none of a text that may be cut.
    pub(in crate::metadata) fn trimmed(&self) -> Option<&str> {
        let text = self.text.trim();
        (self.complete && !text.is_empty()).then_some(text)
    }

    /// An attribute, or the text of a child of that name: old versions differ in this.
    pub(in crate::metadata) fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name).or_else(|| self.child(name)?.trimmed())
    }

    /// How many elements of a name there are, at any depth.
    pub(in crate::metadata) fn count(&self, name: &str) -> u64 {
        let own: u64 = self.children.iter().map(|child| child.count(name)).sum();
        own + u64::from(self.name == name)
    }
}
