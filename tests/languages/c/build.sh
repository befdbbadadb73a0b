# The bindings of the world, and the module that `theater build` turns into a component.
set -eu
wit-bindgen c wit --world actor --out-dir build/bindings
zig cc -target wasm32-wasi -mexec-model=reactor -Os -g -I build/bindings \
  src/counter.c build/bindings/actor.c build/bindings/actor_component_type.o -o build/core.wasm
