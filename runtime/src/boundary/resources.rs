use super::Abort;
use crate::handlers::Context;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use wasmtime::component::Resource;

/// How many resources one turn may have open at one time.
pub const MAX_OPEN: usize = 1024;

/// The numbers below this one are for resources that every turn has under the same number, see
/// [`Resources::place`].
pub const FIRST_OF_TURN: u32 = 64;

/// The host's side of the resources that a component holds handles of: streams, pollables, files.
///
/// It lives for one turn: what is open when the turn ends is closed with it. Numbers are never given
/// twice in one instance's life ([`Resources::follow`]), so a handle that a component kept from an
/// earlier turn finds nothing, and never another resource.
///
/// A resource may belong to another one ([`Resources::open_child`]): a pollable to its stream, a
/// stream to its file. The parent cannot be closed before its children, as WASI wants it.
///
/// In replay nothing is ever in here: handles are made from the recorded numbers, and only functions
/// of [`super::Source::Actor`] are called.
pub struct Resources {
    entries: HashMap<u32, Entry>,
    next: u32,
}

struct Entry {
    value: Box<dyn Any + Send>,
    parent: Option<u32>,
    children: u32,
}

impl Resources {
    /// The resources of a fresh instance's turn: none.
    pub fn new() -> Self {
        Self { entries: HashMap::new(), next: FIRST_OF_TURN }
    }

    /// Goes on where an earlier turn in the same instance stopped, with numbers that it did not give.
    pub fn follow(&mut self, earlier: &Self) {
        self.next = earlier.next;
    }

    /// How many are open, those with fixed numbers included.
    pub fn open_count(&self) -> usize {
        self.entries.len()
    }

    /// Whether one more is too many. For functions that have an error code of their own to say so.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= MAX_OPEN
    }

    /// Puts a resource under a number of its own, below [`FIRST_OF_TURN`]. Every turn must do so
    /// before the component runs: then a component that keeps its handles over turns (standard
    /// streams, folders) goes on using them. It cannot be closed.
    pub fn place<T: Any + Send>(&mut self, number: u32, value: T) {
        debug_assert!(number < FIRST_OF_TURN, "the number belongs to the turn");
        self.entries.insert(number, Entry { value: Box::new(value), parent: None, children: 0 });
    }

    /// Opens a resource.
    ///
    /// # Errors
    ///
    /// When as many are open as may be.
    pub fn open<T: Any + Send>(&mut self, value: T) -> Result<Resource<T>, Abort> {
        self.add(value, None)
    }

    /// Opens a resource that belongs to another one.
    ///
    /// # Errors
    ///
    /// When the other one is not open, or as many are open as may be.
    pub fn open_child<T: Any + Send, P: Any>(
        &mut self,
        value: T,
        parent: &Resource<P>,
    ) -> Result<Resource<T>, Abort> {
        let parent = parent.rep();
        if parent >= FIRST_OF_TURN && !self.entries.contains_key(&parent) {
            return Err(unknown(parent));
        }
        let child = self.add(value, Some(parent))?;
        if let Some(parent) = self.entries.get_mut(&parent) {
            parent.children += 1;
        }
        Ok(child)
    }

    fn add<T: Any + Send>(&mut self, value: T, parent: Option<u32>) -> Result<Resource<T>, Abort> {
        if self.is_full() {
            return Err(Abort::Size(format!(
                "it has {MAX_OPEN} resources open at one time, and asked for one more"
            )));
        }
        let number = self.next;
        self.next = number
            .checked_add(1)
            .ok_or_else(|| Abort::Size("it has opened more than 2^32 resources".to_owned()))?;
        self.entries.insert(number, Entry { value: Box::new(value), parent, children: 0 });
        Ok(Resource::new_own(number))
    }

    /// The resource that a handle stands for.
    ///
    /// # Errors
    ///
    /// When it is not open in this turn.
    pub fn get<T: Any>(&self, handle: &Resource<T>) -> Result<&T, Abort> {
        let entry = self.entries.get(&handle.rep());
        entry.and_then(|entry| entry.value.downcast_ref()).ok_or_else(|| unknown(handle.rep()))
    }

    /// The resource that a handle stands for, to be changed.
    ///
    /// # Errors
    ///
    /// When it is not open in this turn.
    pub fn get_mut<T: Any>(&mut self, handle: &Resource<T>) -> Result<&mut T, Abort> {
        let entry = self.entries.get_mut(&handle.rep());
        entry.and_then(|entry| entry.value.downcast_mut()).ok_or_else(|| unknown(handle.rep()))
    }

    /// Closes a resource and gives it back. Nothing if it belongs to an earlier turn of the
    /// instance, with which it was closed, or has a number of its own and stays.
    ///
    /// # Errors
    ///
    /// When others that belong to it are still open.
    pub fn close<T: Any>(&mut self, handle: &Resource<T>) -> Result<Option<T>, Abort> {
        let number = handle.rep();
        let Some(entry) = self.entries.get(&number) else { return Ok(None) };
        if number < FIRST_OF_TURN {
            return Ok(None);
        }
        if entry.children > 0 {
            return Err(Abort::Trap(format!(
                "it dropped the resource #{number} while others that belong to it were open"
            )));
        }
        if !entry.value.is::<T>() {
            return Err(unknown(number));
        }
        let closed = self.entries.remove(&number);
        if let Some(parent) = closed.as_ref().and_then(|entry| entry.parent)
            && let Some(parent) = self.entries.get_mut(&parent)
        {
            parent.children -= 1;
        }
        Ok(closed.and_then(|entry| entry.value.downcast().ok()).map(|value| *value))
    }
}

/// What a resource does when it is dropped, if it only has to be closed: for [`super::Binder::resource`].
///
/// # Errors
///
/// When others that belong to it are still open.
pub fn close<T: Any>(context: &mut Context, handle: Resource<T>) -> Result<(), Abort> {
    context.resources.close(&handle).map(drop)
}

fn unknown(number: u32) -> Abort {
    Abort::Trap(format!("it used the resource #{number}, which is not open in this turn"))
}

impl Default for Resources {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut numbers: Vec<&u32> = self.entries.keys().collect();
        numbers.sort();
        f.debug_struct("Resources").field("open", &numbers).field("next", &self.next).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_handle_finds_its_resource_and_no_other() {
        let mut resources = Resources::new();
        let text = resources.open("text".to_owned()).unwrap();
        assert_eq!(resources.get(&text).unwrap(), "text");
        let wrong: Resource<u64> = Resource::new_own(text.rep());
        assert!(resources.get(&wrong).is_err() && resources.get_mut(&wrong).is_err());
        assert!(resources.close(&wrong).is_err());
        assert_eq!(resources.close(&text).unwrap().as_deref(), Some("text"));
        assert!(matches!(resources.get(&text), Err(Abort::Trap(_))), "use after drop");
        assert_ne!(resources.open(String::new()).unwrap().rep(), text.rep());
    }

    #[test]
    fn a_handle_of_an_earlier_turn_finds_nothing() {
        let mut first = Resources::new();
        first.place(1, 0_u8);
        let old = first.open("old".to_owned()).unwrap();
        let mut second = Resources::new();
        second.follow(&first);
        let new = second.open("new".to_owned()).unwrap();
        assert_ne!(old.rep(), new.rep());
        assert!(second.get(&old).is_err());
        assert_eq!(second.close(&old).unwrap(), None, "it was closed with its turn");
        assert_eq!(second.open_count(), 1, "what has a number of its own is placed for each turn");
    }

    #[test]
    fn a_parent_outlives_its_children() {
        let mut resources = Resources::new();
        let parent = resources.open(1_u8).unwrap();
        let child = resources.open_child(2_u16, &parent).unwrap();
        assert!(matches!(resources.close(&parent), Err(Abort::Trap(_))));
        assert_eq!(resources.close(&child).unwrap(), Some(2));
        assert_eq!(resources.close(&parent).unwrap(), Some(1));
        assert!(resources.open_child(3_u16, &parent).is_err());
    }

    #[test]
    fn a_fixed_number_stays() {
        let mut resources = Resources::new();
        resources.place(2, 'e');
        let handle: Resource<char> = Resource::new_own(2);
        assert_eq!(resources.close(&handle).unwrap(), None);
        assert_eq!(resources.get(&handle).unwrap(), &'e');
    }

    #[test]
    fn no_more_are_open_than_may_be() {
        let mut resources = Resources::new();
        let open: Vec<_> = (0..MAX_OPEN).map(|number| resources.open(number).unwrap()).collect();
        assert!(matches!(resources.open(0), Err(Abort::Size(_))));
        resources.close(&open[7]).unwrap();
        resources.open(7_u64).unwrap();
    }
}
