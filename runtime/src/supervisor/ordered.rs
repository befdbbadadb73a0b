use std::collections::{BTreeMap, HashMap};

/// Things by name that keep the order in which they came. Finding and removing one takes no longer where there are many.
#[derive(Debug)]
pub(crate) struct Ordered<T> {
    things: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

impl<T> FromIterator<(String, T)> for Ordered<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(things: I) -> Self {
        let mut ordered = Self::default();
        things.into_iter().for_each(|(name, thing)| ordered.push(name, thing));
        ordered
    }
}

impl<T> Ordered<T> {
    /// Puts one behind all others, in place of one that has its name.
    pub fn push(&mut self, name: String, thing: T) {
        self.remove(&name);
        self.places.insert(name.clone(), self.next);
        self.things.insert(self.next, (name, thing));
        self.next += 1;
    }

    pub fn remove(&mut self, name: &str) -> Option<T> {
        let place = self.places.remove(name)?;
        self.things.remove(&place).map(|(_, thing)| thing)
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.things.get(self.places.get(name)?).map(|(_, thing)| thing)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.things.get_mut(self.places.get(name)?).map(|(_, thing)| thing)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.things.values().map(|(name, thing)| (name.as_str(), thing))
    }

    /// The names of one and of all behind it; of all, if there is none of this name.
    pub fn names_from(&self, name: &str) -> Vec<String> {
        let first = self.places.get(name).copied().unwrap_or_default();
        self.things.range(first..).map(|(_, (name, _))| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_list_of_pairs(steps in proptest::collection::vec((any::<bool>(), 0..6u8), 0..40)) {
            let (mut ordered, mut list) = (Ordered::default(), Vec::new());
            for (number, (adds, name)) in steps.into_iter().enumerate() {
                let name = name.to_string();
                let before = list.iter().position(|(other, _)| *other == name);
                let before = before.map(|index| list.remove(index).1);
                match adds {
                    true => {
                        list.push((name.clone(), number));
                        ordered.push(name.clone(), number);
                    }
                    false => prop_assert_eq!(ordered.remove(&name), before),
                }
                prop_assert!(ordered.iter().eq(list.iter().map(|(name, number)| (name.as_str(), number))));
                let found = list.iter().position(|(other, _)| *other == name);
                prop_assert_eq!(ordered.get(&name).copied(), found.map(|index| list[index].1));
                let from = list[found.unwrap_or_default()..].iter().map(|(name, _)| name.clone());
                prop_assert_eq!(ordered.names_from(&name), from.collect::<Vec<_>>());
            }
        }
    }
}
