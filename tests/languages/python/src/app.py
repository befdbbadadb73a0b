"""A counter. What must last from one message to the next stands in the actor's state."""

from wit_world.exports import Counter as Contract
from wit_world.imports import state

LARGEST = 0xFFFF_FFFF


def load() -> int:
    """The count that the state holds, or 0 if there is none yet."""
    match state.get("count"):
        case None:
            return 0
        case state.Value_U64(count):
            return count
        case other:
            raise TypeError(f"the state holds {other} as count")


class Counter(Contract):
    def increment(self, by: int) -> int:
        total = load() + by
        if total > LARGEST:
            raise OverflowError(f"{total} does not fit into 32 bits")
        state.set("count", state.Value_U64(total))
        return total

    def value(self) -> int:
        return load()
