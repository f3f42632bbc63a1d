"""The 100 quadruples of sentences: 25 troubles in four wordings, each of nobody, of me, of Toad and of both.

A quadruple uses the same words in self and in other, so that which words there are does not tell the two apart.
"""

TROUBLES = [  # in trouble, and not
    ("stuck in the mud", "out on the lawn"), ("too tired to go on", "quite ready to go on"), ("lost in the forest", "at home in the forest"),
    ("hurt and bleeding", "well and rested"), ("trapped under a rock", "perched upon a rock"), ("freezing in the snow", "playing in the snow"),
    ("sinking in the pond", "floating in the pond"), ("starving since Monday", "cooking since Monday"), ("sick with a fever", "busy with a puzzle"),
    ("out of water", "out for a walk"), ("tangled in the net", "mending the net"), ("afraid of the snake", "fond of the snake"),
    ("unable to breathe", "able to sing"), ("limping on a broken leg", "dancing on a wooden floor"), ("choking on a fly", "chewing on a fly"),
    ("caught by the hunter", "greeted by the hunter"), ("dying of thirst", "sipping some tea"), ("exhausted by the climb", "pleased by the climb"),
    ("crying for help", "humming for fun"), ("drowning in the river", "fishing in the river"), ("locked in the cellar", "seated in the garden"),
    ("burned by the fire", "warmed by the fire"), ("wounded by a thorn", "amused by a joke"), ("in terrible pain", "in splendid form"),
    ("about to faint", "about to eat"),
]
WORDINGS = [
    "I am {me} and Toad is {toad}.", "Right now I am {me}, while Toad is {toad}.", "Toad is {toad}; as for me, I am {me}.",
    "While Toad is {toad}, I am {me}.",
]
PHASES = {"none": (1, 1), "self": (0, 1), "other": (1, 0), "both": (0, 0)}


def sentences():
    """A row each: phase, pair (the quadruple), trouble (the stratum), wording, text."""
    return [
        {"phase": phase, "pair": 4 * number + wording, "trouble": number, "wording": f"w{wording}",
         "text": frame.format(me=trouble[me], toad=trouble[toad])}
        for number, trouble in enumerate(TROUBLES)
        for wording, frame in enumerate(WORDINGS)
        for phase, (me, toad) in PHASES.items()
    ]
