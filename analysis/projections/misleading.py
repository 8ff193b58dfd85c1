"""Where a picture misleads, in sentences for somebody who sees one for the first time."""

from analysis.embeddings import Quality

STRANGERS = 0.3  # share of strangers among neighbours
TRUSTED = 0.9  # trustworthiness and continuity
DISTANCES = 0.6  # Shepard correlation
MOVED = 0.25  # displacement over seeds
MISSED = 0.25  # displacement of samples that were placed again

LOCAL = {"umap": "UMAP", "aligned_umap": "UMAP", "tsne": "t-SNE", "pacmap": "PaCMAP"}
"""Methods that keep neighbourhoods and make the rest fit."""

SHARES = (
    (0.95, "Nearly all"),
    (0.85, "Nine in ten"),
    (0.77, "Eight in ten"),
    (0.71, "Three in four"),
    (0.63, "Two in three"),
    (0.55, "Six in ten"),
    (0.45, "Half of the"),
    (0.36, "Four in ten"),
    (0.0, "One in three"),
)
"""From this share on, in words."""


def warnings(quality: Quality, method: str) -> tuple[str, ...]:
    """What a picture must not be read for, the gravest first. A number that is not defined says nothing."""
    found = [_neighbours(quality), _invented(quality), _torn(quality), _distances(quality, method)]
    found += [_seeds(quality), _placing(quality), _told(method)]
    return tuple(sentence for sentence in found if sentence)


def in_words(share: float) -> str:
    return next(words for least, words in SHARES if share >= least)


def _neighbours(quality: Quality) -> str:
    share = 1 - quality.overlap
    if not share >= STRANGERS:
        return ""
    of = in_words(share)
    verb, noun = ("is", "a stranger") if of.startswith("One") else ("are", "strangers")
    return f"{of} neighbours here {verb} {noun} in the features: do not read single neighbours from this picture."


def _invented(quality: Quality) -> str:
    if not quality.trustworthiness < TRUSTED:
        return ""
    return (
        f"Samples that the network keeps far apart lie side by side here (trustworthiness "
        f"{quality.trustworthiness:.2f}): one group in the picture may be several."
    )


def _torn(quality: Quality) -> str:
    if not quality.continuity < TRUSTED:
        return ""
    return (
        f"Samples that are neighbours in the features are torn apart here (continuity {quality.continuity:.2f}): "
        "several groups in the picture may be one."
    )


def _distances(quality: Quality, method: str) -> str:
    poor = quality.shepard < DISTANCES
    if name := LOCAL.get(method):
        more = f" Here they agree poorly with the features (Shepard correlation {quality.shepard:.2f})." if poor else ""
        return (
            f"{name} keeps neighbours, not distances: how large a group is, and how far from others, says little.{more}"
        )
    if not poor:
        return ""
    return (
        f"Far and near in the picture agree poorly with far and near in the features (Shepard correlation "
        f"{quality.shepard:.2f}): do not compare distances between groups."
    )


def _seeds(quality: Quality) -> str:
    if not quality.stability > MOVED:
        return ""
    return (
        f"With another seed a typical sample lands {quality.stability:.0%} of the picture's radius away: where groups "
        "lie is partly chance, so trust only what comes back with every seed."
    )


def _placing(quality: Quality) -> str:
    if not quality.placement > MISSED:
        return ""
    return (
        f"Samples that were left out and placed again missed their place by {quality.placement:.0%} of the picture's "
        "radius, typically: read an upload's place as a rough one, and look at its neighbours instead."
    )


def _told(method: str) -> str:
    if method != "lda":
        return ""
    return "LDA was told the classes and looks for what parts them: they are less apart in the features than here."
