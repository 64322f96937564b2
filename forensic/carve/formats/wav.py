"""WAVE sound: a RIFF form with `fmt ` and `data`."""

from forensic.carve import riff
from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

CHECKED = ("chunk-tree",)


def measure(medium: Medium) -> Extent | None:
    form = riff.walk(medium, b"WAVE")
    if form is None or b"fmt " not in form.kinds:
        return None
    if form.whole and b"data" in form.kinds:
        return Extent(form.claimed, "wav", checked=CHECKED)
    return truncated(form.proven, "wav", CHECKED, reason=CUT if form.cut else BROKEN, claimed=form.claimed)


FORMAT = Format(
    name="wav",
    suffixes=("wav",),
    signatures=(Signature(rb"RIFF.{4}WAVE"),),
    measure=measure,
    specification="Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0, 1991",
    blind=True,
)
