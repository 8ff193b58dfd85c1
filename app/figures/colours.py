"""Colour ramps by their anchors: sequential for evidence, diverging for signed values."""

PALETTES: dict[str, list[str]] = {
    "inferno": [
        "#000004", "#160b39", "#420a68", "#6a176e", "#932667", "#bc3754",
        "#dd513a", "#f37819", "#fca50a", "#f6d746", "#fcffa4",
    ],
    "viridis": [
        "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c",
        "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725",
    ],
    "cividis": [
        "#00224e", "#083370", "#35456c", "#4f576c", "#666970", "#7d7c78",
        "#948e77", "#aea371", "#c8b866", "#e5cf52", "#fee838",
    ],
    "greys": ["#000000", "#ffffff"],
    "jet": ["#000080", "#0000ff", "#0080ff", "#00ffff", "#80ff80", "#ffff00", "#ff8000", "#ff0000", "#800000"],
    "blue-red": [
        "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7",
        "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
    ],
    "purple-green": [
        "#40004b", "#762a83", "#9970ab", "#c2a5cf", "#e7d4e8", "#f7f7f7",
        "#d9f0d3", "#a6dba0", "#5aae61", "#1b7837", "#00441b",
    ],
}  # fmt: skip
"""Perceptually even but for jet, which people know from papers and may want to compare with."""

RAMPS = {
    "sequential": ["inferno", "viridis", "cividis", "greys", "jet"],
    "diverging": ["blue-red", "purple-green"],
}
