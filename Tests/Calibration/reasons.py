"""Why a cell breaks the rule, where it is known: a sentence for docs/calibration.md."""


def reason(cell):
    for analysis, column, verdict, parts, sentence in KNOWN:
        if (cell.analysis, cell.column, cell.verdict) == (analysis, column, verdict) and any(part in cell.design for part in parts):
            return sentence
    return "Not explained."


UNEQUAL = (
    "Where variances differ, the permutation of a studentised difference holds its level only as rows grow in number: with ninefold variance "
    "in 60 or 100 rows it is a little above, at .01 by a quarter to a half.")
FOUR_BLOCKS = "Four blocks in each of two phases can be dealt in 70 ways, so that no p over all of them is below 1/70; what is below .01 is by the draw."
CHANCE = "This permutation is exact in this design; of all cells run, one in fifty is beyond two standard errors by chance."

SHARED = (
    "This permutation is exact in this design. The recordings of a batch share a seed, and so their permutations: all of its units are above or below together, "
    "which the standard error leaves out. With a seed for each recording p_self of 20/20/20, 17 units came to .050 (.002), of 100/100/100, 200 units, whole to .049 (.001).")

# Analysis, column, verdict, any of what the design's name holds, sentence.
KNOWN = [
    ("cmni", "ci", "wide", ("20/20/20, 17 units, normal, w",),
     "Two blocks of a phase in each half leave t with one degree of freedom."),
    ("cmni", "ci", "wide", ("",),
     "(se₁ + se₂)/2 is the standard error of the mean of two fully correlated estimates; those of the two orders of the halves are less correlated."),
    ("ablate", "p_value", "below", (" of 17 ",),
     "With fewer than 99 reference sets no p can be .01, and a layer of 17 units seldom has 99 that match."),
    ("ablate", "ci", "short", ("episodes",),
     "Ten episodes of four rows are evaluated, and an effect lies in a few of these rows: expanded percentiles are a little short still."),
    ("units", "p_self", "above", ("sd ",), UNEQUAL),
    ("units", "p_other", "above", ("sd ",), UNEQUAL),
    ("units", "p_interaction", "above", ("sd ",), UNEQUAL),
    ("units", "p_self", "below", ("20/20/20, 17 units, normal, whole",), FOUR_BLOCKS),
    ("units", "p_other", "below", ("20/20/20, 17 units, normal, whole",), FOUR_BLOCKS),
    ("units", "p_interaction", "below", ("20/20/20, 17 units, normal, whole",), FOUR_BLOCKS),
    ("units", "g_other", "short", ("38 units 2/2",),
     "A pooled variance of rows that hang together by a half, in 37 blocks, is a little too small in the mean, and g too large by one part in 70."),
    ("similarity", "p_value", "above", ("rectified",),
     "cka_biased counts the noise of stratum means in both phases; rectified activations vary more in strata whose mean is higher, so that this noise is alike in both. "
     "cka leaves out what of it is on the diagonal, and is above at .01 alone."),
    ("direction", "ci", "wide", ("",),
     "Where both directions are one, N and √(D₁D₂) have one error, which Fieller's interval leaves out but for the noise of the weights: that alone makes it wide."),
    ("overlap", "p_value, mse", "below", ("",), CHANCE),
    ("overlap", "p_value, cosine", "below", ("",), CHANCE),
    ("overlap", "p_value, correlation", "below", ("",), CHANCE),
    ("units", "p_self", "above", ("",), SHARED),
    ("units", "p_other", "above", ("",), SHARED),
    ("units", "p_interaction", "above", ("",), SHARED),
]
