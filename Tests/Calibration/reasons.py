"""Why a cell breaks the rule, where it is known: a sentence for docs/calibration.md."""


def reason(cell):
    for analysis, column, verdict, part, sentence in KNOWN:
        if cell.analysis == analysis and cell.column == column and cell.verdict == verdict and part in cell.design:
            return sentence
    return "Not explained."


# Analysis, column, verdict, what the design's name holds, sentence.
KNOWN = [
]
