// A counter, for the QuickJS engine. What must last from one message to the next stands in the
// actor's state.

import state from "theater:host/state@0.1.0";

const LARGEST = 0xffff_ffff;

/** The count that the state holds, or 0 if there is none yet. A u64 is a number here. */
function load() {
  const stored = state.get("count");
  if (stored === null) return 0;
  if (stored.tag !== "u64") throw new TypeError(`the state holds a ${stored.tag} as count`);
  return stored.val;
}

// The tools take a u32 for a signed number; `>>> 0` and `| 0` put that right.
export const counter = {
  increment(by) {
    const sum = load() + (by >>> 0);
    if (sum > LARGEST) throw new RangeError(`${sum} does not fit into 32 bits`);
    state.set("count", { tag: "u64", val: sum });
    return sum | 0;
  },

  value() {
    return load() | 0;
  },
};
