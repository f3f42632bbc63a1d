"""The columns of rows that are tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import to_numpy
from mirrorscope.columns import column_array
from mirrorscope.errors import BadValue

if TYPE_CHECKING:
    from mirrorscope.torch_rows import Tokens


class Expansion:
    """How values of examples become values of rows: by token, and by call."""

    def __init__(self, examples: int, calls: int, mask: NDArray[np.bool_] | None = None) -> None:
        self.examples = examples
        self.calls = calls
        # [examples, tokens] where rows are tokens.
        self.mask = mask

    @staticmethod
    def of(tokens: Tokens, rows: int, calls: int) -> Expansion:
        """That of a forward pass whose rows are its tokens; of one that shows none, its examples."""
        if tokens.shape is None:
            return Expansion(rows, calls)
        mask = np.ones(tokens.shape, dtype=bool) if tokens.mask is None else tokens.mask.numpy()
        return Expansion(tokens.shape[0], calls, mask)

    @property
    def is_by_token(self) -> bool:
        return self.mask is not None

    def values(self, name: str, given: Any) -> Any:
        """Values for each row; a single one stays as it is."""
        array = column_array(name, given, 2)
        if array.ndim == 0:
            return given
        if self.mask is not None and array.shape == self.mask.shape and name != "inputs":
            array = array[self.mask]
        elif len(array) != self.examples:
            raise BadValue(
                f"column {name} has {len(array)} values for a forward pass of {self.examples} examples; give one for each, or a single one "
                "for all."
            )
        elif self.mask is not None:
            array = array[np.nonzero(self.mask)[0]]
        return np.concatenate([array] * self.calls)


def token_columns(expansion: Expansion, tokens: Any, first_example: int) -> dict[str, NDArray[Any]]:
    """`example`, `position`, `from_end` and, where they are known, `token` of each row."""
    mask = expansion.mask
    assert mask is not None
    example = np.nonzero(mask)[0]
    counts = mask.sum(axis=1)
    position = (np.cumsum(mask, axis=1) - 1)[mask]
    columns = {"example": first_example + example, "position": position, "from_end": position - counts[example]}
    if tokens is not None:
        try:
            array, _ = to_numpy(tokens)
        except ValueError:
            raise BadValue(
                "tokens are not as many in each example; give [examples, tokens], filled up where attention_mask has padding."
            ) from None
        if array.shape != mask.shape:
            raise BadValue(f"tokens have shape {list(array.shape)}; give [examples, tokens], here {list(mask.shape)}.")
        columns["token"] = array[mask]
    return {name: np.concatenate([values] * expansion.calls) for name, values in columns.items()}
