// A counter. What must last from one message to the next stands in the actor's state.

#include "actor.h"
#include <stdlib.h>

// The count that the state holds, or 0 if there is none yet.
static uint64_t load(void) {
  actor_string_t key;
  theater_host_state_value_t stored;
  actor_string_set(&key, "count");
  if (!theater_host_state_get(&key, &stored)) return 0;
  if (stored.tag != THEATER_HOST_STATE_VALUE_U64) abort();
  return stored.val.u64;
}

uint32_t exports_local_counter_counter_increment(uint32_t by) {
  uint64_t sum = load() + by;
  // A sum that does not fit ends the turn: nothing of it takes effect.
  if (sum > UINT32_MAX) abort();
  actor_string_t key;
  actor_string_set(&key, "count");
  theater_host_state_value_t value = {.tag = THEATER_HOST_STATE_VALUE_U64, .val.u64 = sum};
  theater_host_state_set(&key, &value);
  return (uint32_t)sum;
}

uint32_t exports_local_counter_counter_value(void) {
  return (uint32_t)load();
}
