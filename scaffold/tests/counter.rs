//! The counter template, run by wasmtime with the smallest host that there can be.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use theater_scaffold::build::build;
use theater_scaffold::new::{NewOptions, Vcs, create};
use wasmtime::component::{Component, Linker, Val};
use wasmtime::{Config, Engine, Store};

type State = BTreeMap<String, Val>;

struct Counter {
    engine: Engine,
    component: Component,
    linker: Linker<State>,
    state: State,
}

impl Counter {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my-actor");
        let options = NewOptions {
            path,
            name: None,
            template: "counter".into(),
            language: "wat".into(),
            vcs: Vcs::None,
        };
        let built = build(&create(&options).unwrap().path).unwrap();
        let mut config = Config::new();
        config.concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, fs::read(built.component).unwrap()).unwrap();
        let mut linker = Linker::<State>::new(&engine);
        let mut instance = linker.instance("theater:host/state@0.1.0").unwrap();
        instance
            .func_new("get", |store, _, arguments, results| {
                let Val::String(key) = &arguments[0] else { unreachable!() };
                results[0] = Val::Option(store.data().get(key).cloned().map(Box::new));
                Ok(())
            })
            .unwrap();
        instance
            .func_new("set", |mut store, _, arguments, _| {
                let Val::String(key) = &arguments[0] else { unreachable!() };
                store.data_mut().insert(key.clone(), arguments[1].clone());
                Ok(())
            })
            .unwrap();
        Self { engine, component, linker, state: State::new() }
    }

    /// One call in a fresh instance. The state is kept unless it traps.
    fn call(&mut self, function: &str, arguments: &[Val]) -> Result<u32, wasmtime::Error> {
        let mut store = Store::new(&self.engine, self.state.clone());
        let instance = self.linker.instantiate(&mut store, &self.component)?;
        let interface = self.component.get_export_index(None, "local:my-actor/counter").unwrap();
        let index = self.component.get_export_index(Some(&interface), function).unwrap();
        let mut results = [Val::Bool(false)];
        instance.get_func(&mut store, index).unwrap().call(&mut store, arguments, &mut results)?;
        self.state = store.into_data();
        match results[0] {
            Val::U32(count) => Ok(count),
            ref other => panic!("{other:?}"),
        }
    }

    fn increment(&mut self, by: u32) -> Result<u32, wasmtime::Error> {
        self.call("increment", &[Val::U32(by)])
    }

    fn value(&mut self) -> Result<u32, wasmtime::Error> {
        self.call("value", &[])
    }

    fn stored(&self) -> Option<u64> {
        match self.state.get("count")? {
            Val::Variant(case, payload) => match (case.as_str(), payload.as_deref()) {
                ("u64", Some(Val::U64(count))) => Some(*count),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn it_counts_in_the_state() {
    let mut counter = Counter::new();
    assert_eq!(counter.value().unwrap(), 0);
    assert_eq!(counter.stored(), None);
    assert_eq!(counter.increment(5).unwrap(), 5);
    assert_eq!(counter.increment(2).unwrap(), 7);
    assert_eq!(counter.value().unwrap(), 7);
    assert_eq!(counter.stored(), Some(7));
}

#[test]
fn it_traps_instead_of_wrapping_around() {
    let mut counter = Counter::new();
    assert_eq!(counter.increment(u32::MAX).unwrap(), u32::MAX);
    assert_eq!(counter.increment(0).unwrap(), u32::MAX);
    for by in [1, 2, u32::MAX] {
        let error = counter.increment(by).unwrap_err();
        let trap = error.downcast_ref::<wasmtime::Trap>();
        assert_eq!(trap, Some(&wasmtime::Trap::UnreachableCodeReached));
    }
    assert_eq!(counter.value().unwrap(), u32::MAX);
}

#[test]
fn it_traps_on_a_state_that_it_did_not_write() {
    let text = Val::Variant("text".into(), Some(Box::new(Val::String("seven".into()))));
    let number = |count| Val::Variant("u64".into(), Some(Box::new(Val::U64(count))));
    let signed = Val::Variant("s64".into(), Some(Box::new(Val::S64(7))));
    for stored in [text, signed, number(1 << 32), number(u64::MAX)] {
        let mut counter = Counter::new();
        counter.state.insert("count".into(), stored);
        assert!(counter.value().is_err() && counter.increment(1).is_err());
    }
}
