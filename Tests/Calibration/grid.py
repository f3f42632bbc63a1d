"""The designs that are run: a selection that holds each value of the grid, and every design in which the first release failed.

First those that failed then, so that a run that is cut short has them.
"""

from networks import Network
from pairs import Pairs
from recordings import Design
from studies import Study

EVEN, FEW_NONE, PAPER, PAPER_WHOLE, SMALL = (
    (100, 100, 100), (60, 600, 600), (1200, 150, 430), (12000, 1500, 4300), (20, 20, 20))
SELF_9, NONE_9, OTHER_9 = (1, 3, 1), (3, 1, 1), (1, 1, 3)


def all_units(own, other, units=38):
    return ((units, own, other),)


FAILED_IN_THE_FIRST_RELEASE = [
    # No effect: the index's p rejected up to .95.
    Design(EVEN, 38), Design(EVEN, 200), Design(EVEN, 1000, recordings=0.5),
    Design(PAPER, 38), Design(PAPER, 200), Design(PAPER, 1000, recordings=0.25),
    Design(FEW_NONE, 38), Design(FEW_NONE, 200), Design(FEW_NONE, 1000, recordings=0.25),
    # Plain differences rejected .22 where self varies more.
    Design(EVEN, 38, spread=SELF_9), Design(PAPER, 38, spread=SELF_9),
    # Whole episodes gave p = 1, or .97 rejections without strata.
    Design(EVEN, 38, exchange="whole", icc=0.5), Design(PAPER, 38, exchange="whole", icc=0.5),
    # The interval covered a perfect mirror 4.5 % of the time, and a true 0 never.
    Design(EVEN, 38, effects=all_units(0.3, 0.3)), Design(EVEN, 38, effects=all_units(1, 1)), Design(PAPER, 38, effects=all_units(0.3, 0.3)),
    # Random targets: .24 to .40.
    Network(1), Network(1, episodes=20), Network(1, rows=80, episodes=20),
    # Index and units where one phase alone has an effect.
    Design(EVEN, 38, effects=all_units(0.4, 0)), Design(EVEN, 200, effects=all_units(0.4, 0, 200)),
    # Family-wise error of self-only units: .44 to .72 under a joint deal.
    Design(EVEN, 100, effects=((100, 1, 0),), analyses=("units",), permutations=499, unit_count=40_000),
    Design(EVEN, 200, effects=((200, 1, 0),), analyses=("units",), permutations=499, unit_count=80_000),
]

UNITS_OF_THEIR_OWN = [
    # Class and q with permutations enough for them.
    Design(EVEN, 200, analyses=("units",), permutations=999, unit_count=40_000, note="noise"),
    Design(
        (300, 300, 300), 200, effects=((20, 0.5, 0.5), (80, 0.5, 0)), analyses=("units",), permutations=1999, unit_count=20_000,
        note="mirrors among self-only units"),
    Design((1000, 1000, 1000), 200, effects=((20, 0.5, 0.5),), analyses=("units",), permutations=1999, unit_count=6_000),
    Design(PAPER_WHOLE, 100, effects=((100, 0.1, 0.1),), analyses=("units",), unit_count=2_000, note="at the margin of equivalence"),
]

ABLATION = [
    Network(2), Network(17), Network(2, episodes=20), Network(17, episodes=20), Network(1, rows=1000, episodes=100),
    Network(1, units=64, target=6), Network(8, units=64, target=6),
]

NETWORKS_OF_TWO_LAYERS = [
    Design(EVEN, 38, layers=2, analyses=("similarity", "divergence")),
    Design(EVEN, 17, exchange="within", icc=0.5, layers=2, analyses=("similarity", "divergence", "decode")),
    Design(EVEN, 17, exchange="within", icc=0, layers=2, analyses=("similarity",)),
    Design(EVEN, 17, exchange="whole", icc=0.5, layers=2, analyses=("similarity", "divergence", "decode")),
    Design(PAPER, 38, shape="rectified", exchange="within", icc=0.2, layers=2, analyses=("similarity", "divergence"), recordings=0.5),
    Design(FEW_NONE, 38, shape="saturated", analyses=("divergence", "decode"), recordings=0.25),
    Design(PAPER, 38, shape="rectified", analyses=("divergence", "decode"), recordings=0.25),
    Design(EVEN, 38, effects=all_units(0.5, 0), analyses=("divergence", "decode"), recordings=0.25),
]

GRID = [
    Design(EVEN, 1), Design(EVEN, 17), Design(SMALL, 17), Design(SMALL, 38), Design(PAPER_WHOLE, 38, recordings=0.1),
    Design(EVEN, 38, shape="rectified"), Design(EVEN, 38, shape="saturated"), Design(FEW_NONE, 38, shape="rectified"),
    Design(PAPER, 38, shape="saturated"), Design(PAPER, 38, shape="rectified"), Design(SMALL, 17, shape="rectified"),
    Design(EVEN, 200, spread=SELF_9), Design(FEW_NONE, 38, spread=SELF_9), Design(PAPER, 38, spread=OTHER_9),
    Design(EVEN, 38, spread=NONE_9), Design(PAPER, 38, spread=NONE_9), Design(FEW_NONE, 38, spread=NONE_9),
    Design(EVEN, 38, exchange="whole", icc=0), Design(EVEN, 38, exchange="whole", icc=0.2), Design(EVEN, 200, exchange="whole", icc=0.5),
    Design(FEW_NONE, 38, exchange="whole", icc=0.5), Design(SMALL, 17, exchange="whole", icc=0.5),
    Design(EVEN, 38, exchange="whole", icc=0.5, shape="rectified"), Design(EVEN, 38, exchange="whole", icc=0.5, spread=SELF_9),
    Design(EVEN, 38, exchange="within", icc=0), Design(EVEN, 38, exchange="within", icc=0.2), Design(EVEN, 38, exchange="within", icc=0.5),
    Design(FEW_NONE, 38, exchange="within", icc=0.5), Design(PAPER, 38, exchange="within", icc=0.5),
    Design(SMALL, 17, exchange="within", icc=0.5), Design(PAPER, 38, exchange="within", icc=0.5, spread=SELF_9),
    Design(PAPER_WHOLE, 38, exchange="whole", icc=0.5, recordings=0.1),
    Design(PAPER_WHOLE, 38, exchange="within", icc=0.2, shape="rectified", recordings=0.1),
    Design(FEW_NONE, 38, effects=all_units(0.4, 0)), Design(PAPER, 38, effects=all_units(0, 0.4)), Design(EVEN, 38, effects=all_units(0, 1)),
    Design(EVEN, 38, effects=((19, 0.5, 0), (19, 0, 0.5)), note="other units answer to other"),
    Design(EVEN, 38, exchange="whole", icc=0.5, effects=all_units(0.5, 0)),
    Design(EVEN, 38, exchange="whole", icc=0.5, effects=all_units(0.5, 0.5)),
    Design(EVEN, 38, exchange="within", icc=0.5, effects=all_units(0.3, 0.3)),
    Design(FEW_NONE, 38, effects=all_units(0.3, 0.3)), Design(EVEN, 200, effects=all_units(0.3, 0.3, 200)),
    Design(EVEN, 38, shape="rectified", effects=all_units(0.5, 0.5)), Design(EVEN, 38, spread=SELF_9, effects=all_units(0.3, 0.3)),
    Design(EVEN, 38, effects=((5, 0.1, 0.1),)), Design(EVEN, 38, effects=((5, 0.3, 0.3),)), Design(EVEN, 38, effects=((5, 0.5, 0.5),)),
    Design(EVEN, 38, effects=((5, 1, 1),)), Design(PAPER, 38, effects=((5, 0.5, 0.5),)), Design(EVEN, 38, effects=all_units(0.1, 0.1)),
    Design(PAPER_WHOLE, 38, effects=((5, 0.2, 0.2),), recordings=0.1),
    Design(PAPER_WHOLE, 1000, recordings=0.05, unit_count=10_000),
    # Units that answer alike or by themselves, and whose noise goes together.
    *[Design(EVEN, 38, factors=factors, effects=effects, analyses=("cmni",), note=note)
      for factors in (1, 6) for effects, note in (
          ((), ""), (all_units(0.3, 0.3), ""), (all_units(1, 1), ""), (((10, 0.7, 0.7), (10, 0.7, 0), (9, 0, 0.7)), "both by chance"),
          (((5, 0.5, 0.5),), ""), (((19, 0.5, 0.5),), ""))],
    # Large effects: what the estimate of a standard deviation is off by is in all that is divided by it.
    Design(EVEN, 38, exchange="within", icc=0.5, effects=all_units(1, 1)), Design(PAPER, 38, exchange="within", icc=0.5, effects=all_units(2, 2)),
    Design(SMALL, 17, exchange="within", icc=0.5, effects=all_units(1, 1, 17)), Design(EVEN, 38, exchange="whole", icc=0.5, effects=all_units(1, 1)),
    Design(SMALL, 17, effects=all_units(1, 1, 17)), Design(FEW_NONE, 38, shape="rectified", effects=all_units(0.5, 0.5)),
]

# Effects of self and other that are square to each other: in other units, or with signs that take each other away.
APART, CROSSED = ((19, 0.5, 0), (19, 0, 0.5)), ((19, 0.5, 0.5), (19, 0.5, -0.5))
EVEN_1000 = (1000, 1000, 1000)
DIRECTION = [
    Design(rows, units, analyses=("direction",), **{"recordings": 0.5, **options})
    for rows, units, options in [
        # No effect, and an effect of one phase alone.
        (EVEN, 38, {}), (EVEN, 200, {"recordings": 0.25}), (PAPER, 38, {"recordings": 0.25}), (FEW_NONE, 38, {"recordings": 0.25}), (SMALL, 17, {}),
        (EVEN, 38, {"shape": "rectified"}), (EVEN, 38, {"spread": NONE_9}), (EVEN, 38, {"spread": SELF_9}),
        (EVEN, 38, {"effects": all_units(1, 0)}), (EVEN, 200, {"effects": all_units(1, 0, 200), "recordings": 0.25}),
        (EVEN, 38, {"effects": all_units(0, 0.4)}), (PAPER, 38, {"effects": all_units(0.4, 0), "recordings": 0.25}),
        (FEW_NONE, 38, {"effects": all_units(0, 0.4), "recordings": 0.25}), (SMALL, 17, {"effects": all_units(1, 0, 17)}),
        (EVEN, 38, {"shape": "rectified", "effects": all_units(0.5, 0)}), (EVEN, 38, {"spread": OTHER_9, "effects": all_units(1, 0)}),
        (EVEN, 38, {"spread": NONE_9, "effects": all_units(1, 0)}), (PAPER, 38, {"spread": SELF_9, "effects": all_units(0, 0.4), "recordings": 0.25}),
        (EVEN, 38, {"exchange": "whole", "icc": 0.5}), (EVEN, 38, {"exchange": "within", "icc": 0.5}),
        (PAPER, 38, {"exchange": "whole", "icc": 0.5, "recordings": 0.25}), (PAPER, 38, {"exchange": "within", "icc": 0.5, "recordings": 0.25}),
        (SMALL, 17, {"exchange": "whole", "icc": 0.5}), (SMALL, 17, {"exchange": "within", "icc": 0.5}),
        (EVEN, 38, {"exchange": "whole", "icc": 0.5, "effects": all_units(1, 0)}), (EVEN, 38, {"exchange": "within", "icc": 0.5, "effects": all_units(1, 0)}),
        # Square to each other, opposite, and alike.
        (EVEN, 38, {"effects": APART}), (EVEN, 38, {"effects": CROSSED}), (PAPER, 38, {"effects": APART, "recordings": 0.25}),
        (EVEN, 38, {"effects": APART, "spread": NONE_9}), (EVEN, 38, {"effects": APART, "spread": SELF_9}),
        (EVEN, 38, {"effects": APART, "exchange": "whole", "icc": 0.5}), (EVEN, 38, {"effects": APART, "exchange": "within", "icc": 0.5}),
        (EVEN, 38, {"effects": all_units(0.5, -0.5)}), (EVEN, 38, {"effects": ((19, 0.5, 0.5), (19, 0.5, 0))}),
        (EVEN, 38, {"effects": all_units(0.1, 0.1)}), (EVEN, 38, {"effects": all_units(0.3, 0.3)}), (EVEN, 38, {"effects": all_units(1, 1)}),
        (EVEN, 38, {"effects": ((5, 0.5, 0.5),)}), (PAPER, 38, {"effects": all_units(0.3, 0.3), "recordings": 0.25}),
        (FEW_NONE, 38, {"effects": all_units(0.3, 0.3), "recordings": 0.25}), (SMALL, 17, {"effects": all_units(1, 1, 17)}),
        (EVEN_1000, 38, {"effects": all_units(0.1, 0.1), "recordings": 0.25}), (EVEN_1000, 38, {"effects": CROSSED, "recordings": 0.25}),
        (EVEN, 38, {"effects": all_units(0.5, 0.5), "exchange": "whole", "icc": 0.5}),
        (EVEN, 38, {"effects": all_units(0.5, 0.5), "exchange": "within", "icc": 0.5}),
        (SMALL, 17, {"effects": all_units(1, 1, 17), "exchange": "whole", "icc": 0.5}),
        (EVEN, 38, {"effects": all_units(0.5, 0.5), "shape": "rectified"}), (EVEN, 38, {"effects": all_units(0.3, 0.3), "spread": SELF_9}),
    ]
]

OVERLAP = [
    Pairs(5, 4, 10), Pairs(10, 4, 10), Pairs(), Pairs(30, 4, 10), Pairs(10, 10, by_phase=0.5), Pairs(by_phase=0.5, rectified=True),
    Pairs(30, 4, by_phase=0.5), Pairs(5, 8, by_phase=0.5), Pairs(40, 1, wording=0), Pairs(40, 1, 10, wording=0), Pairs(rows=(1, 20)), Pairs(10, 10, 10, rows=(1, 10)),
    Pairs(10, 4, 10, item=0.3), Pairs(item=0.3), Pairs(item=0.7, by_phase=0.5), Pairs(10, 4, 10, item=0.3, rows=(1, 10)), Pairs(40, 1, 10, item=0.7, wording=0),
]

STOPPING = [
    Design(rows, 38, analyses=("units --stop-early",), permutations=999, **options)
    for rows, options in [
        (EVEN, {}), (SMALL, {}), (PAPER, {"shape": "rectified", "recordings": 0.25}), (EVEN, {"exchange": "within", "icc": 0.5}),
        (EVEN, {"effects": all_units(0.4, 0)}),
    ]
]

STUDIES = [
    Study(seeds, shape=shape) for shape in ("normal", "exponential", "t3") for seeds in (5, 6, 8, 10, 12)
] + [
    Study(10, spread=3), Study(10, shape="t3", spread=3), Study(5, 5), Study(5, 10), Study(10, 5), Study(20, 20, shape="exponential"), Study(5, 7, shape="t3"),
    Study(10, 5, spread=3), Study(6, 6, spread=3), Study(10, effect=1.5), Study(10, 10, effect=1.5), Study(12, shape="exponential", effect=1.5),
]

DESIGNS = FAILED_IN_THE_FIRST_RELEASE + UNITS_OF_THEIR_OWN + ABLATION + NETWORKS_OF_TWO_LAYERS + GRID + DIRECTION + OVERLAP + STOPPING + STUDIES

QUICK = [
    Design(EVEN, 38, effects=APART, analyses=("direction",)), Design(EVEN, 38, effects=all_units(0.3, 0.3), analyses=("direction",)),
    Pairs(10, 4, 10), Pairs(item=0.7, by_phase=0.5), Study(8),
    Design(EVEN, 38), Design(FEW_NONE, 38), Design(EVEN, 38, spread=SELF_9), Design(EVEN, 38, exchange="whole", icc=0.5),
    Design(EVEN, 38, exchange="within", icc=0.5), Design(EVEN, 38, effects=all_units(0.4, 0)), Design(EVEN, 38, effects=all_units(0.3, 0.3)),
    Design(EVEN, 38, effects=((5, 0.5, 0.5),)), Network(1, targets=10), Network(1, rows=80, episodes=20, targets=10),
    Design(EVEN, 17, exchange="within", icc=0.5, layers=2, analyses=("similarity", "divergence", "decode")),
]
