"""AVI video: a RIFF form with `hdrl` and `movi`, with the further AVIX forms of OpenDML."""

from forensic.carve import riff
from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

CHECKED = ("chunk-tree",)


def measure(medium: Medium) -> Extent | None:
    form = riff.walk(medium, b"AVI ")
    if form is None or not form.kinds or form.kinds[0] != b"hdrl":
        return None
    if not form.whole or b"movi" not in form.kinds:
        return truncated(form.proven, "avi", CHECKED, reason=CUT if form.cut else BROKEN, claimed=form.claimed)
    end = form.claimed
    while (more := riff.walk(medium, b"AVIX", end)) is not None:
        if not more.whole:
            reason = CUT if more.cut else BROKEN
            return truncated(end + more.proven, "avi", CHECKED, reason=reason, claimed=end + more.claimed)
        end += more.claimed
    return Extent(end, "avi", checked=CHECKED)


FORMAT = Format(
    name="avi",
    suffixes=("avi",),
    signatures=(Signature(rb"RIFF.{4}AVI LIST"),),
    measure=measure,
    specification="Microsoft, AVI RIFF File Reference; OpenDML AVI File Format Extensions 1.02",
)
