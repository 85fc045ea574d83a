"""HTML and the narrative of CDA to plain text.

lxml parses; the walk is our own and linear. Converters that lay tables out pad every cell to the
width of its column: one long cell and ten thousand rows then make gigabytes.

Blocks begin a new line, cells of a row are set apart by " | ", items of a list begin with "- ",
scripts and styles are left out, and white space is one space except in <pre>.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from lxml import etree, html

from services.core.errors import InvalidMessage


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _set(
    "address article aside blockquote body br caption center dd div dl dt fieldset figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html item li list main nav ol p paragraph pre "
    "section table tbody tfoot thead title tr ul"
)
_ITEMS = frozenset(["li", "item"])
_CELLS = frozenset(["td", "th"])
_LEFT_OUT = _set("head script style template noscript object svg math iframe")
_PRESERVED = frozenset(["pre", "textarea"])
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_MANY_LINES = re.compile(r"\n[ \n]*\n")
_ROOT = "ClinicalDocument"
_READ = frozenset([("title", _ROOT), ("title", "section"), ("text", "section")])
_DECLARED = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_INVALID_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


def html_to_text(markup: str) -> str:
    """The text that a browser would show, roughly.

    Raises:
        InvalidMessage: "invalid-attachment".
    """
    markup = _INVALID_IN_XML.sub(" ", _DECLARATION.sub("", markup))
    if not markup.strip():
        return ""
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True)
    root = None
    with suppress(etree.LxmlError, ValueError):
        root = etree.fromstring(markup, parser)
    if root is None:
        raise InvalidMessage("invalid-attachment", "not HTML")
    return _text(root)


def cda_to_text(
    data: bytes, read_body: Callable[[str, bytes, bool], str], *, is_text: bool = False
) -> str:
    """Titles and narratives of a CDA document in their order; of another XML document its text.

    Args:
        data: the document.
        read_body: the text of a body that is no XML, from its media type, its bytes, and whether
            these are text in UTF-8 whatever the type says.
        is_text: whether the document is UTF-8 whatever it declares.

    Raises:
        InvalidMessage: "invalid-attachment" if it is no XML or declares entities,
            "unsupported-attachment" if its body is elsewhere or compressed, "no-text", or what
            `read_body` raises.
    """
    if _DECLARED.search(data):
        raise InvalidMessage("invalid-attachment", "XML with a document type is not read")
    parser = etree.XMLParser(
        encoding="utf-8" if is_text else None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root = None
    with suppress(etree.LxmlError, ValueError):
        root = etree.fromstring(data, parser)
    if root is None:
        raise InvalidMessage("invalid-attachment", "not XML")
    if _name(root) != _ROOT:
        return _text(root)
    parts = [text for text in _narratives(root, read_body) if text]
    if not parts:
        raise InvalidMessage("no-text", "the CDA document has no narrative")
    return "\n".join(parts)


def _narratives(
    root: etree._Element, read_body: Callable[[str, bytes, bool], str]
) -> Iterator[str]:
    """Texts of the document's title, of its sections and of a body that is no XML."""
    for element in root.iter(etree.Element):
        name, parent = _name(element), _name(element.getparent())
        if (name, parent) in _READ:
            yield _text(element)
        elif name == "text" and parent == "nonXMLBody":
            yield _body(element, read_body)


def _body(element: etree._Element, read_body: Callable[[str, bytes, bool], str]) -> str:
    media_type = element.get("mediaType", "text/plain")
    if any(_name(child) == "reference" for child in element):
        raise InvalidMessage("unsupported-attachment", "a document by reference is not fetched")
    if element.get("compression"):
        raise InvalidMessage("unsupported-attachment", "a compressed body is not read")
    content = "".join(element.itertext())
    if element.get("representation", "TXT") != "B64":
        return read_body(media_type, content.encode(), True)
    data: bytes | None = None
    with suppress(binascii.Error, ValueError):
        data = base64.b64decode("".join(content.split()), validate=True)
    if data is None:
        raise InvalidMessage("invalid-attachment", "the body of the CDA document is not base64")
    return read_body(media_type, data, False)


def _text(root: etree._Element) -> str:
    pieces: list[str] = []
    skipped: etree._Element | None = None
    preserved = 0
    for action, element in etree.iterwalk(root, events=("start", "end")):
        name = _name(element)
        if action == "start":
            if skipped is None and name in _LEFT_OUT:
                skipped = element
            if skipped is None:
                preserved += name in _PRESERVED
                pieces.append(_before(name))
                pieces.append(_words(element.text, preserved))
            continue
        if skipped is None:
            preserved -= name in _PRESERVED
            pieces.append(_after(name))
        elif skipped is element:
            skipped = None
        if skipped is None and element is not root:
            pieces.append(_words(element.tail, preserved))
    return _tidy("".join(pieces))


def _before(name: str) -> str:
    if name in _ITEMS:
        return "\n- "
    return "\n" if name in _BLOCKS else ""


def _after(name: str) -> str:
    if name in _CELLS:
        return " | "
    return "\n" if name in _BLOCKS and name != "br" else ""


def _words(text: str | None, preserved: int) -> str:
    if not text:
        return ""
    return text if preserved else _SPACE.sub(" ", text)


def _tidy(text: str) -> str:
    lines = (line.strip().removesuffix("|").strip() for line in text.split("\n"))
    return _MANY_LINES.sub("\n", "\n".join(lines)).strip()


def _name(element: etree._Element | None) -> str:
    """The local name; "" for what is no element (a comment, an entity)."""
    if element is None or not isinstance(element.tag, str):
        return ""
    return element.tag.rpartition("}")[2]
