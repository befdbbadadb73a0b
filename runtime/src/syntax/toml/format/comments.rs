//! Comments at the ends of lines: those that the writer has put into one column stay in one.

/// The columns of comments, found by a walk over a text.
pub(super) struct Columns<'t> {
    text: &'t str,
    /// How long the line is so far in the one layout, in characters.
    width: usize,
    /// How many lines there are before it in the one layout.
    lines: usize,
    found: Vec<Found>,
}

/// A comment at the end of a line.
struct Found {
    /// The gap before it.
    gap: usize,
    /// Its line and column as the writer has them.
    line: usize,
    column: usize,
    /// How long its line is before it in the one layout.
    width: usize,
    /// How many lines are before that one.
    lines: usize,
}

impl<'t> Columns<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, width: 0, lines: 0, found: Vec::new() }
    }

    /// Goes over what is to stand in a gap.
    pub fn gap(&mut self, wanted: &str) {
        self.lines += wanted.matches('\n').count();
        match wanted.rsplit_once('\n') {
            Some((_, indent)) => self.width = indent.len(),
            None => self.width += wanted.len(),
        }
    }

    /// Goes over a token.
    pub fn token(&mut self, token: &str) {
        self.lines += token.matches('\n').count();
        match token.rsplit_once('\n') {
            Some((_, last)) => self.width = last.chars().count(),
            None => self.width += token.chars().count(),
        }
    }

    /// Takes in a comment, behind a space.
    pub fn found(&mut self, gap: usize, start: usize) {
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        // Lines are told apart by where they start; whether they are neighbours is seen later.
        let column = self.text[line_start..start].chars().count();
        let (width, lines) = (self.width, self.lines);
        self.found.push(Found { gap, line: line_start, column, width, lines });
    }

    /// The gaps before comments that stand in one column, and how many spaces each is to have.
    pub fn aligned(self) -> Vec<(usize, usize)> {
        let next_line = |line: usize| self.text[line..].find('\n').map(|at| line + at + 1);
        let follows = |one: &Found, next: &Found| {
            // Neighbours before which the layout puts an empty line are none any more.
            let stay = one.lines + 1 == next.lines;
            stay && one.column == next.column && next_line(one.line) == Some(next.line)
        };
        let groups = self.found.chunk_by(follows).filter(|group| group.len() > 1);
        let spaces = groups.flat_map(|group| {
            let widest = group.iter().map(|one| one.width).max().unwrap_or_default();
            group.iter().map(move |one| (one.gap, widest - one.width + 1))
        });
        spaces.collect()
    }
}
