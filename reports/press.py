"""Typesets one paper in a process of its own, because the typesetter keeps its memory.

Run as a script by path, without our packages: FOLDER holds `main.typ` and all that it reads, the paper becomes
`out.pdf` there. The words of an error go to stderr.
"""

import sys
from pathlib import Path

import typst


def press(folder: Path, *, tags: bool) -> None:
    """PDF/A-3b (ISO 19005-3), with the fonts of FOLDER/fonts alone."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder / "fonts")])
    compiler = typst.Compiler(str(folder / "main.typ"), root=str(folder), font_paths=fonts, ignore_system_fonts=True)
    compiler.compile(output=str(folder / "out.pdf"), format="pdf", pdf_standards=["a-3b"], pdf_tags=tags)


if __name__ == "__main__":
    try:
        press(Path(sys.argv[1]), tags=sys.argv[2] == "tagged")
    except typst.TypstError as error:
        sys.exit(" ".join(error.message.split()))
