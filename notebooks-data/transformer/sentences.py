"""The 100 quadruples of sentences: a hundred troubles, each of nobody, of me, of Toad and of both, in one of four wordings.

A quadruple has the same words in self and in other, so that which words there are does not tell the two apart. No two quadruples have a trouble in
common: four wordings of one trouble would count it four times.
"""

TROUBLES = """
stuck in the mud|out on the lawn; too tired to go on|quite ready to begin; lost in the forest|back from the market; hurt and bleeding|fed and rested
trapped under a rock|perched upon a wall; freezing in the snow|basking in the sun; sinking in the pond|rowing on the lake; starving since Monday|cooking since noon
sick with a fever|busy with a puzzle; out of water|out for a walk; tangled in the net|knitting a scarf; afraid of the snake|fond of the kitten
unable to breathe|able to whistle; limping on a broken leg|dancing on a wooden floor; choking on a fly|nibbling on a berry; caught by the hunter|greeted by the baker
dying of thirst|sipping some tea; exhausted by the climb|pleased by the view; crying for help|humming for fun; drowning in the river|fishing from the bridge
locked in the cellar|seated in the garden; burned by the fire|warmed by the stove; wounded by a thorn|amused by a joke; in terrible pain|in splendid form
about to faint|about to eat; pinned beneath a log|asleep beneath a tree; bitten by a dog|licked by a calf; shivering with cold|glowing with joy
running from a wolf|strolling with a cousin; robbed of everything|praised for everything; falling off the cliff|hanging up the laundry; gasping for air|asking for salt
covered in wounds|covered in flour; weak from hunger|neat from washing; chased by a bear|visited by a friend; struck by lightning|struck by an idea
buried in the sand|reading in the shade; sobbing all night|singing all night; poisoned by a mushroom|surprised by a parcel; stranded on an island|settled in a cottage
crushed by the load|cheered by the news; swept away by the flood|carried along by the tune; threatened by a thief|invited by a neighbour; suffering from burns|resting from games
left without shelter|left with a present; collapsing from heat|smiling from ear to ear; bruised all over|dressed all over; held captive in a cave|hard at work in a shop
infected with the plague|occupied with the piano; deep in despair|deep in thought; begging for food|looking for buttons; stung by a hundred bees|dazzled by a hundred stars
beaten by a gang|painted by an artist; unable to stand up|free to sit down; paralysed with fear|delighted with the soup; caught in a trap|early for a party
ill and alone|calm and content; slipping off the ice|gliding over the ice; smothered by smoke|scented by roses; falling to pieces|taking some pictures
haunted by terror|soothed by music; left to die|left to rest; stuck up a tree|halfway up a stair; wrecked on the rocks|moored at the dock
faint with blood loss|merry with lemonade; writhing in agony|laughing in chorus; coughing up blood|counting up coins; pursued by an enemy|joined by an uncle
shut in a burning house|settled in a cosy house; unconscious on the road|cycling on the road; in mortal danger|in excellent company; screaming in fright|whispering in rhyme
overwhelmed by grief|entertained by puppets; out of strength|out of doors; battered by the storm|refreshed by the breeze; dangling over the abyss|leaning over the fence
trembling with dread|tapping with spoons; hit by a cart|met by a choir; snared by a hook|thanked by a host; wasting away|drifting along
parched in the desert|wading in the brook; attacked by wasps|followed by ducks; left out in the hail|let in for supper; blinded by dust|guided by lanterns
numb with frost|bright with paint; carried off by an eagle|driven home by a farmer; down with pneumonia|up with the lark; hemmed in by flames|lined up for ice cream
devoured by worry|absorbed by a novel; losing all hope|winning all rounds; crippled by cramps|relaxed by a bath; besieged by rats|circled by swallows
imprisoned for life|employed for summer; shot in the arm|patted on the arm; choked by a vine|crowned by a wreath; at death's door|at grandma's door
left behind in the fog|ahead of the crowd; shaking with fever|baking with sister; swallowed by the swamp|welcomed by the town; ruined by debts|rewarded by fans
"""
WORDINGS = [
    "I am {me} and Toad is {toad}.", "Right now I am {me}, while Toad is {toad}.", "Toad is {toad}; as for me, I am {me}.",
    "While Toad is {toad}, I am {me}.",
]
PHASES = {"none": (1, 1), "self": (0, 1), "other": (1, 0), "both": (0, 0)}


def sentences():
    """A row each: phase, pair (the quadruple), wording, text."""
    troubles = [item.strip().split("|") for line in TROUBLES.strip().splitlines() for item in line.split(";")]
    return [
        {"phase": phase, "pair": number, "wording": f"w{number % 4}",
         "text": WORDINGS[number % 4].format(me=trouble[me], toad=trouble[toad])}
        for number, trouble in enumerate(troubles)
        for phase, (me, toad) in PHASES.items()
    ]
