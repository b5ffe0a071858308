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
    /// An element without anything.
    pub(in crate::metadata) fn new(name: &str) -> Element {
        Element { name: name.to_owned(), complete: true, ..Element::default() }
    }

    /// An element with a text.
    pub(in crate::metadata) fn of_text(name: &str, text: &str) -> Element {
        Element { text: text.to_owned(), ..Element::new(name) }
    }

    /// Gives it another name.
    pub(in crate::metadata) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Sets an attribute, over one of that name.
    pub(in crate::metadata) fn set(&mut self, name: &str, value: &str) {
        self.attributes.retain(|(key, _)| key != name);
        self.attributes.push((name.to_owned(), value.to_owned()));
    }

    /// Takes all children of a name out.
    pub(in crate::metadata) fn take_all(&mut self, name: &str) -> Vec<Element> {
        let (taken, left) =
            std::mem::take(&mut self.children).into_iter().partition(|child| child.name == name);
        self.children = left;
        taken
    }

    /// Takes out what [`Element::value`] gives: the attribute, and children of that name that are
    /// nothing but a text.
    pub(in crate::metadata) fn take_value(&mut self, name: &str) -> Option<String> {
        let value = self.value(name).map(str::to_owned);
        self.attributes.retain(|(key, _)| key != name);
        let is_text = |child: &Element| child.children.is_empty() && child.attributes.is_empty();
        self.children.retain(|child| child.name != name || !is_text(child));
        value
    }

    /// The first child of a name, made when there is none.
    pub(in crate::metadata) fn child_mut(&mut self, name: &str) -> &mut Element {
        let known = self.children.iter().position(|child| child.name == name);
        let index = known.unwrap_or_else(|| {
            self.children.push(Element::new(name));
            self.children.len() - 1
        });
        &mut self.children[index]
    }

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
