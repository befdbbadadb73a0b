//! A WIT text with its tree and its names. Where a text is another state of one that is known, what is the same in both is
//! taken over: completion asks at each key.

use super::Index;
use std::sync::Arc;
use theater_runtime::syntax::wit::{Node, Tree};

/// A WIT text, its tree and its names.
#[derive(Debug)]
pub struct Parsed {
    text: String,
    tree: Tree,
    index: Arc<Index>,
}

impl Parsed {
    /// A text, whatever is in it.
    pub fn of(text: &str) -> Self {
        let tree = Tree::of(text);
        let index = Arc::new(Index::of_tree(&tree.root()));
        Self { text: text.to_owned(), tree, index }
    }

    /// Another text, made the faster the more of it is as in this one.
    pub fn again(&self, text: &str) -> Self {
        let (tree, reparsed) = self.tree.again(&self.text, text);
        let index = Arc::new(self.index.again(&tree.root(), &reparsed));
        Self { text: text.to_owned(), tree, index }
    }

    /// The root of the tree.
    pub fn root(&self) -> Node {
        self.tree.root()
    }

    /// The names.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }
}
