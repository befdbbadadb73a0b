// A counter, for the StarlingMonkey engine. What must last from one message to the next stands in
// the actor's state.

import { get, set } from "theater:host/state@0.1.0";

const LARGEST = 0xffff_ffffn;

/** The count that the state holds, or 0n if there is none yet. A u64 is a BigInt here. */
function load() {
  const stored = get("count");
  if (stored === undefined) return 0n;
  if (stored.tag !== "u64") throw new TypeError(`the state holds a ${stored.tag} as count`);
  return stored.val;
}

export const counter = {
  increment(by) {
    const sum = load() + BigInt(by);
    if (sum > LARGEST) throw new RangeError(`${sum} does not fit into 32 bits`);
    set("count", { tag: "u64", val: sum });
    return Number(sum);
  },

  value() {
    return Number(load());
  },
};
