//! A small writer of indented XML.

/// Collects one document.
pub(crate) struct Xml {
    text: String,
    /// Names, and where the content starts.
    open: Vec<(&'static str, usize)>,
}

/// Attributes in the order in which they are written.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Xml {
    pub(crate) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into(), open: Vec::new() }
    }

    /// Opens an element that [`Xml::close`] ends.
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.indent();
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.open.push((name, self.text.len()));
    }

    /// Ends the innermost open element.
    pub(crate) fn close(&mut self) {
        if let Some((name, content)) = self.open.pop() {
            if content == self.text.len() {
                self.text.truncate(content - ">\n".len());
                self.text.push_str("/>\n");
                return;
            }
            self.indent();
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push_str(">\n");
        }
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.indent();
        self.tag(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element with text, on one line.
    pub(crate) fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.indent();
        self.tag(name, attributes);
        self.text.push('>');
        self.escaped(text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// XML that is written as it stands.
    pub(crate) fn verbatim(&mut self, xml: &str) {
        self.text.push_str(xml);
        self.text.push('\n');
    }

    /// Ends everything that is open.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.text.push_str("  ");
        }
    }

    fn tag(&mut self, name: &str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.escaped(value);
            self.text.push('"');
        }
    }

    /// Line ends and tabs are written as references, which attributes and text alike keep.
    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\t' => self.text.push_str("&#9;"),
                '\n' => self.text.push_str("&#10;"),
                '\r' => self.text.push_str("&#13;"),
                other => self.text.push(other),
            }
        }
    }
}
