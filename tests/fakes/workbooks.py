"""Makes small workbooks, in the simplest form that the standards allow."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Tables = Mapping[str, Sequence[Sequence[Any]]]
"""Rows of cells by sheet. A cell is a plain value, or a number with the code of its format."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def make_xlsx(tables: Tables) -> bytes:
    """A workbook of Excel."""
    codes = [
        *dict.fromkeys(cell[1] for rows in tables.values() for row in rows for cell in row if isinstance(cell, tuple))
    ]
    names = list(tables)
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
    relations = "".join(f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>' for n, _ in enumerate(names, 1))
    formats = "".join(
        f"<numFmt numFmtId={quoteattr(str(200 + n))} formatCode={quoteattr(c)}/>" for n, c in enumerate(codes)
    )
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n, _ in enumerate(codes))
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        "xl/styles.xml": f"<s><numFmts>{formats}</numFmts><cellXfs><xf/>{styles}</cellXfs></s>",
    }
    for n, rows in enumerate(tables.values(), 1):
        files[f"xl/worksheets/sheet{n}.xml"] = _sheet(rows, codes)
    return _packed(files)


def _sheet(rows: Sequence[Sequence[Any]], codes: list[str]) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(65 + n)}{number}", cell, codes) for n, cell in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(place: str, cell: Any, codes: list[str]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return f'<c r="{place}" s="{codes.index(cell[1]) + 1}"><v>{cell[0]!r}</v></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def make_ods(tables: Tables) -> bytes:
    """A spreadsheet of LibreOffice."""
    sheets = ""
    for name, rows in tables.items():
        lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        sheets += f"<table:table table:name={quoteattr(name)}>{lines}</table:table>"
    spaces = " ".join(f'xmlns:{name}="{name}"' for name in ("office", "table", "text"))
    content = f"<office:document-content {spaces}><office:body>{sheets}</office:body></office:document-content>"
    return _packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def _ods_cell(cell: Any) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, bool):
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
    if isinstance(cell, str):
        text = "".join("<text:s/>" if mark == " " else escape(mark) for mark in cell)
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'


def _packed(files: Mapping[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()
