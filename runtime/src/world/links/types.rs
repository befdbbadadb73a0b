//! Whether two functions have the same types, which come from different packages.

use super::super::signature;
use std::collections::HashSet;
use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind, TypeId};

/// The innermost types in which two functions differ, as WIT; none if they can call each other. Names
/// of types and of parameters do not matter, those of fields and cases do: they are what the values
/// are written with.
pub(super) fn differ(
    (ours, wanted): (&Resolve, &Function),
    (theirs, offered): (&Resolve, &Function),
) -> Option<(String, String)> {
    let mut comparison = Comparison { ours, theirs, same: HashSet::new() };
    if wanted.params.len() != offered.params.len()
        || wanted.result.is_some() != offered.result.is_some()
    {
        return Some(comparison.functions(wanted, offered));
    }
    let params = wanted.params.iter().zip(&offered.params).map(|(a, b)| (a.ty, b.ty));
    let mut pairs = params.chain(wanted.result.zip(offered.result));
    pairs.find_map(|(a, b)| comparison.types(&a, &b))
}

struct Comparison<'r> {
    ours: &'r Resolve,
    theirs: &'r Resolve,
    /// Pairs that were found to be the same, so that no pair is compared twice.
    same: HashSet<(TypeId, TypeId)>,
}

type Difference = Option<(String, String)>;

impl<'r> Comparison<'r> {
    fn functions(&self, wanted: &Function, offered: &Function) -> (String, String) {
        (signature::function(self.ours, wanted), signature::function(self.theirs, offered))
    }

    fn types(&mut self, a: &Type, b: &Type) -> Difference {
        let (a, b) = (resolved(self.ours, *a), resolved(self.theirs, *b));
        let (Type::Id(a_id), Type::Id(b_id)) = (a, b) else {
            return (a != b).then(|| (self.shown(self.ours, a), self.shown(self.theirs, b)));
        };
        if self.same.contains(&(a_id, b_id)) {
            return None;
        }
        let found = self.definitions(a_id, b_id);
        if found.is_none() {
            self.same.insert((a_id, b_id));
        }
        found
    }

    fn definitions(&mut self, a: TypeId, b: TypeId) -> Difference {
        use TypeDefKind::{Enum, Flags, List, Option as Optional, Record, Result, Tuple, Variant};
        let (ours, theirs) = (self.ours, self.theirs);
        let here = || Some((self.shown(ours, Type::Id(a)), self.shown(theirs, Type::Id(b))));
        let (a_def, b_def): (&'r TypeDef, &'r TypeDef) = (&ours.types[a], &theirs.types[b]);
        // The parts whose types are to be compared, and whether everything else is the same.
        let (parts, same): (Vec<(Type, Type)>, bool) = match (&a_def.kind, &b_def.kind) {
            (Record(x), Record(y)) => {
                let names = x.fields.iter().map(|f| &f.name).eq(y.fields.iter().map(|f| &f.name));
                (x.fields.iter().zip(&y.fields).map(|(x, y)| (x.ty, y.ty)).collect(), names)
            }
            (Variant(x), Variant(y)) => {
                let shape = |c: &wit_parser::Case| (c.name.clone(), c.ty.is_some());
                let names = x.cases.iter().map(shape).eq(y.cases.iter().map(shape));
                let cases = x.cases.iter().zip(&y.cases);
                (cases.filter_map(|(x, y)| x.ty.zip(y.ty)).collect(), names)
            }
            (Enum(x), Enum(y)) => {
                let names = x.cases.iter().map(|c| &c.name).eq(y.cases.iter().map(|c| &c.name));
                (Vec::new(), names)
            }
            (Flags(x), Flags(y)) => {
                let names = x.flags.iter().map(|f| &f.name).eq(y.flags.iter().map(|f| &f.name));
                (Vec::new(), names)
            }
            (Tuple(x), Tuple(y)) => {
                let parts = x.types.iter().copied().zip(y.types.iter().copied());
                (parts.collect(), x.types.len() == y.types.len())
            }
            (Optional(x), Optional(y)) | (List(x), List(y)) => (vec![(*x, *y)], true),
            (Result(x), Result(y)) => {
                let same = x.ok.is_some() == y.ok.is_some() && x.err.is_some() == y.err.is_some();
                (x.ok.zip(y.ok).into_iter().chain(x.err.zip(y.err)).collect(), same)
            }
            // What else there is cannot pass over a link, which is reported as such.
            _ => (Vec::new(), a_def.kind == b_def.kind),
        };
        if !same {
            return here();
        }
        parts.iter().find_map(|(a, b)| self.types(a, b))
    }

    fn shown(&self, resolve: &Resolve, ty: Type) -> String {
        match ty {
            Type::Id(id) if resolve.types[id].name.is_some() => signature::definition(resolve, id),
            ty => signature::ty(resolve, &ty),
        }
    }
}

/// A type behind its other names.
fn resolved(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(other) = resolve.types[id].kind
    {
        ty = other;
    }
    ty
}
