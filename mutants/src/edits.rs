//! The edits of one file: texts that are put into it, each beside the expression it is about.

use proc_macro2::Span;
use std::collections::{BTreeSet, HashMap};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A line and a column, both from 1 on.
pub type Position = (usize, usize);

/// A mutant as it is listed.
#[derive(Clone)]
pub struct Mutant {
    pub id: usize,
    /// "FnValue", "BinaryOperator", "UnaryOperator", "MatchArm", "MatchArmGuard" or "StructField".
    pub genre: String,
    pub replacement: String,
    pub start: Position,
    pub end: Position,
}

/// A text that is put in at an offset. At one offset what closes comes first, the narrower before the wider; then the
/// switch of a function; then what opens, the wider before the narrower.
struct Insertion {
    at: usize,
    group: u8,
    order: i64,
    text: String,
}

pub struct Edits<'a> {
    source: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    mutants: &'a [Mutant],
    by_place: HashMap<(Position, Position), Vec<&'a Mutant>>,
    insertions: Vec<Insertion>,
    done: BTreeSet<usize>,
}

/// Asks whether a mutant is on.
fn on(id: usize) -> String {
    format!("crate::mutant::on({id})")
}

/// Says whether a condition has `let` in it, which only `if` and `while` take.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn place(span: Span) -> (Position, Position) {
    ((span.start().line, span.start().column + 1), (span.end().line, span.end().column + 1))
}

impl<'a> Edits<'a> {
    /// Finds the edits of a file's mutants.
    pub fn of(source: &'a str, mutants: &'a [Mutant]) -> syn::Result<Self> {
        let file = syn::parse_file(source)?;
        let mut constants = Constants(Vec::new());
        constants.visit_file(&file);
        let mut lines = vec![0];
        lines.extend(source.match_indices('\n').map(|(at, _)| at + 1));
        let constant = |it: &&Mutant| constants.0.iter().any(|(start, end)| *start <= it.start && it.end <= *end);
        let mut by_place: HashMap<_, Vec<_>> = HashMap::new();
        for mutant in mutants.iter().filter(|mutant| !constant(mutant)) {
            by_place.entry((mutant.start, mutant.end)).or_default().push(mutant);
        }
        let mut edits = Self { source, lines, mutants, by_place, insertions: Vec::new(), done: BTreeSet::new() };
        edits.visit_file(&file);
        for mutant in mutants.iter().filter(|mutant| mutant.genre == "FnValue" && !constant(mutant)) {
            let at = edits.offset((mutant.start.0, mutant.start.1 - 1));
            let text = format!("if {} {{ return {}; }} ", on(mutant.id), mutant.replacement);
            edits.insertions.push(Insertion { at, group: 1, order: 0, text });
            edits.done.insert(mutant.id);
        }
        Ok(edits)
    }

    /// Returns the text with its edits, and the mutants that have none.
    pub fn written(mut self) -> (String, Vec<usize>) {
        self.insertions.sort_by_key(|insertion| (insertion.at, insertion.group, insertion.order));
        let (mut text, mut from) = (String::new(), 0);
        for insertion in &self.insertions {
            text.push_str(&self.source[from..insertion.at]);
            text.push_str(&insertion.text);
            from = insertion.at;
        }
        text.push_str(&self.source[from..]);
        (text, self.mutants.iter().map(|mutant| mutant.id).filter(|id| !self.done.contains(id)).collect())
    }

    /// Returns the offset of a line (from 1) and a column (from 0, in characters).
    fn offset(&self, (line, column): (usize, usize)) -> usize {
        let start = self.lines[line - 1];
        let rest = &self.source[start..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    fn range(&self, span: Span) -> (usize, usize) {
        let end = |at: proc_macro2::LineColumn| self.offset((at.line, at.column));
        (end(span.start()), end(span.end()))
    }

    fn text(&self, span: Span) -> &str {
        let (start, end) = self.range(span);
        &self.source[start..end]
    }

    /// Puts texts before and after an expression.
    fn wrap(&mut self, span: Span, open: String, close: String) {
        let (start, end) = self.range(span);
        // Of two of one width the later is the inner one.
        let (width, nth) = ((end - start) as i64 * 1_000_000, self.insertions.len() as i64);
        self.insertions.push(Insertion { at: start, group: 2, order: nth - width, text: open });
        self.insertions.push(Insertion { at: end, group: 0, order: width - nth, text: close });
    }

    /// Takes the mutants of a genre at a place.
    fn take(&mut self, span: Span, genre: &str) -> Vec<&'a Mutant> {
        let here = self.by_place.get(&place(span)).into_iter().flatten().copied();
        here.filter(|mutant| mutant.genre == genre).collect()
    }

    /// Switches one binary operator for another.
    fn switch(&mut self, expression: &syn::ExprBinary, mutant: &Mutant) {
        let (operator, on) = (self.text(expression.op.span()).to_owned(), on(mutant.id));
        let negated = || ("((".to_owned(), format!(") ^ {on})"));
        match (operator.as_str(), mutant.replacement.as_str()) {
            ("&&", "||") | ("||", "&&") if has_let(&expression.left) || has_let(&expression.right) => return,
            ("==", "!=") | ("!=", "==") => {
                let (open, close) = negated();
                self.wrap(expression.span(), open, close);
            }
            // De Morgan: where all three are negated, one is the other.
            ("&&", "||") | ("||", "&&") => {
                for span in [expression.span(), expression.left.span(), expression.right.span()] {
                    let (open, close) = negated();
                    self.wrap(span, open, close);
                }
            }
            (_, other) => {
                let (left, right) = (self.text(expression.left.span()), self.text(expression.right.span()));
                let assigns = operator.ends_with('=') && !["==", "<=", ">=", "!="].contains(&operator.as_str());
                let mutated =
                    if assigns { format!("{left} {other} {right}") } else { format!("({left}) {other} ({right})") };
                self.wrap(expression.span(), format!("(if {on} {{ {mutated} }} else {{ "), " })".into());
            }
        }
        self.done.insert(mutant.id);
    }

    /// Switches a match arm off, or its guard.
    fn switch_arm(&mut self, arm: &syn::Arm, mutant: &Mutant) {
        let on = on(mutant.id);
        match (mutant.genre.as_str(), mutant.replacement.as_str(), &arm.guard) {
            ("MatchArmGuard", "true", Some((_, guard))) => self.wrap(guard.span(), format!("{on} || ("), ")".into()),
            (_, _, Some((_, guard))) => self.wrap(guard.span(), format!("!{on} && ("), ")".into()),
            (_, _, None) => {
                let (_, at) = self.range(arm.pat.span());
                self.insertions.push(Insertion { at, group: 2, order: 0, text: format!(" if !{on} ") });
            }
        }
        self.done.insert(mutant.id);
    }
}

impl<'ast> Visit<'ast> for Edits<'_> {
    fn visit_expr_binary(&mut self, expression: &'ast syn::ExprBinary) {
        for mutant in self.take(expression.op.span(), "BinaryOperator") {
            self.switch(expression, mutant);
        }
        visit::visit_expr_binary(self, expression);
    }

    fn visit_expr_unary(&mut self, expression: &'ast syn::ExprUnary) {
        for mutant in self.take(expression.op.span(), "UnaryOperator") {
            let on = on(mutant.id);
            if matches!(expression.op, syn::UnOp::Not(_)) {
                self.wrap(expression.span(), "((".into(), format!(") ^ {on})"));
            } else {
                let open = format!("(if {on} {{ {} }} else {{ ", self.text(expression.expr.span()));
                self.wrap(expression.span(), open, " })".into());
            }
            self.done.insert(mutant.id);
        }
        visit::visit_expr_unary(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let mut mutants = self.take(arm.span(), "MatchArm");
        if let Some((_, guard)) = &arm.guard {
            mutants.extend(self.take(guard.span(), "MatchArmGuard"));
        }
        for mutant in mutants {
            self.switch_arm(arm, mutant);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        let (start, end) = place(field.span());
        let of_field = |it: &&Mutant| it.genre == "StructField" && it.start == start && it.end >= end;
        for mutant in self.mutants.iter().filter(of_field).cloned().collect::<Vec<_>>() {
            let default = format!("if {} {{ Default::default() }} else {{ ", on(mutant.id));
            if field.colon_token.is_some() {
                self.wrap(field.expr.span(), default, " }".into());
            } else {
                let (_, at) = self.range(field.span());
                let text = format!(": {default}{} }}", self.text(field.member.span()));
                self.insertions.push(Insertion { at, group: 2, order: 0, text });
            }
            self.done.insert(mutant.id);
        }
        visit::visit_field_value(self, field);
    }
}

/// Gathers what is computed when the program is compiled, where no switch can be asked.
struct Constants(Vec<(Position, Position)>);

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.0.extend(function.sig.constness.map(|_| place(function.span())));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.0.extend(function.sig.constness.map(|_| place(function.span())));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_const(&mut self, constant: &'ast syn::ItemConst) {
        self.0.push(place(constant.span()));
    }

    fn visit_impl_item_const(&mut self, constant: &'ast syn::ImplItemConst) {
        self.0.push(place(constant.span()));
    }
}
