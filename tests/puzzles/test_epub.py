"""Books: what of them is text, and that a hostile one does no harm."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from puzzles.documents import Document, load_document
from puzzles.epub import read_epub

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
METADATA = """<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The  Lamp</dc:title><dc:title>Second</dc:title>
<dc:creator>A. Writer</dc:creator><dc:creator>B. Other</dc:creator>
<dc:language>en-GB</dc:language></metadata>"""
FILLER = "one two three four five six seven eight nine ten " * 2


def opf(
    items: str, spine: str, more: str = "", metadata: str = METADATA, head: str = ""
) -> str:
    return (
        f'<?xml version="1.0"?>{head}<package xmlns="http://www.idpf.org/2007/opf">{metadata}'
        f"<manifest>{items}</manifest><spine>{spine}</spine>{more}</package>"
    )


def xhtml(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        "<head><title>Not this</title><style>p > a {}</style></head>"
        f"<body>{body}</body></html>"
    )


def packed(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def book(
    *bodies: str | bytes, more: dict[str, str | bytes] | None = None, **parts: str
) -> bytes:
    """An EPUB whose chapters have these bodies; `more` adds to its files or replaces them."""
    items = "".join(
        f'<item id="c{n}" href="text/c{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(bodies))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(bodies)))
    package = opf(
        items + parts.get("items", ""), spine + parts.get("spine", ""), parts.get("opf", "")
    )
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": package,
    }
    for n, body in enumerate(bodies):
        files[f"OEBPS/text/c{n}.xhtml"] = xhtml(body) if isinstance(body, str) else body
    return packed(files | (more or {}))


def parts(document: Document) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text.shown) for chapter in document.chapters]


def text(body: str) -> str:
    """What is read of a body, with enough words before it to make it a chapter."""
    ((_, shown),) = parts(read_epub(book(f"<p>{FILLER}</p>{body}")))
    return shown.removeprefix(FILLER.strip()).lstrip("\n")


NAV_ITEM = (
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
)
NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
NAV = xhtml(
    '<nav epub:type="landmarks"><ol><li>'
    '<a epub:type="cover" href="text/c0.xhtml">C</a></li></ol></nav>'
    '<nav epub:type="toc"><h1>Contents</h1><ol>'
    '<li><a href="text/c1.xhtml">Chapter 1:\n <b>The lamp</b></a></li>'
    '<li><a href="text/c%32.xhtml#">Two</a></li></ol></nav>'
)
NCX = """<?xml version="1.0"?>
<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>
<navPoint id="a"><navLabel><text>Part</text></navLabel><content src="text/c1.xhtml#start"/>
<navPoint id="b"><navLabel><text>One</text></navLabel><content src="text/c1.xhtml"/></navPoint>
</navPoint>
<navPoint id="c"><navLabel><text>Two</text></navLabel><content src="text/../text/c2.xhtml"/>
</navPoint>
</navMap></ncx>"""


def test_a_book_of_version_3() -> None:
    raw = book(
        f"<p>Cover {FILLER}</p>",
        f"<h1>Chapter 1</h1><h2>The Lamp</h2><p>It’s {FILLER}</p>",
        f"<p class='title'>TWO</p><h3>Not the title</h3><p>b {FILLER}</p>",
        f"<p>before</p><h2>Third</h2><p>c {FILLER}</p>",
        more={"OEBPS/nav.xhtml": NAV.replace("<body>", f"<body><p>{FILLER}</p>")},
        items=NAV_ITEM,
        spine='<itemref idref="nav"/>',
    )
    document = read_epub(raw)
    assert (document.title, document.author) == ("The Lamp", "A. Writer, B. Other")
    assert document.language == "en-GB"
    assert parts(document) == [
        ("Chapter 1: The lamp", f"It’s {FILLER}".strip()),
        ("Two", f"Not the title\n\nb {FILLER}".strip()),
        ("Third", f"before\n\nc {FILLER}".strip()),
    ]
    assert document.chapters[0].text.normalized.startswith("It's one")


def test_a_book_of_version_2() -> None:
    guide = (
        '<guide><reference type="toc" href="text/c0.xhtml"/>'
        '<reference type="cover" href="text/c1.xhtml#x"/></guide>'
    )
    raw = book(
        f"<p>Contents {FILLER}</p>",
        f"<p>a {FILLER}</p><h2 id='start'>Part</h2><p>b {FILLER}</p>",
        f"<p>c {FILLER}</p>",
        f"<p>no title {FILLER}</p>",
        more={"OEBPS/toc.ncx": NCX},
        items=NCX_ITEM,
        opf=guide,
    )
    assert parts(read_epub(raw)) == [
        ("One", f"a {FILLER}".strip()),
        ("Part", f"b {FILLER}".strip()),
        ("Two", f"c {FILLER}".strip()),
        ("", f"no title {FILLER}".strip()),
    ]


def test_a_place_in_a_heading_or_a_paragraph_begins_a_chapter() -> None:
    entries = "".join(
        f"<navPoint><navLabel><text>{label}</text></navLabel>"
        f'<content src="text/c0.xhtml#{id}"/></navPoint>'
        for label, id in [("I. One", "i"), ("II. Two", "j"), ("No", "nowhere")]
    )
    raw = book(
        f"<p>{FILLER}</p><h2><a id='i'/>I.<br/>One</h2><p>a <a name='j'>b</a> c</p><p>d</p>",
        more={"OEBPS/toc.ncx": f"<ncx>{entries}</ncx>"},
        items=NCX_ITEM,
    )
    assert parts(read_epub(raw)) == [
        ("", FILLER.strip()),
        ("I. One", "a b c"),
        ("II. Two", "d"),
    ]


def test_what_is_beside_the_text_is_left_out() -> None:
    raw = book(
        f"<p>a {FILLER}</p>",
        "<h1>The Lamp</h1><p>by A. Writer</p>",
        f"<p>b {FILLER}</p>",
        items='<item id="n" href="n.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="p" href="p.svg" media-type="image/svg+xml"/>'
        '<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>',
        spine='<itemref idref="n" linear="no"/><itemref idref="p"/><itemref idref="gone"/>'
        '<itemref idref="unknown"/><itemref/><itemref idref="c0"/>',
        more={
            "OEBPS/n.xhtml": xhtml(f"<p>note {FILLER}</p>"),
            "OEBPS/p.svg": f"<svg>{FILLER}</svg>",
        },
    )
    assert [shown[0] for _, shown in parts(read_epub(raw))] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p>a\n  b\t<i>c</i>d</p>", "a b cd"),
        ("<div>a<p>b</p>c</div>", "a\n\nb\n\nc"),
        ("<p>a<br/>b<br>c</p>", "a\nb\nc"),
        ("<p>a <br/> <br/><br/><br/> b</p>", "a\n\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\n\nc"),
        ("<pre>a\n  b\n\nc</pre><p>d\ne</p>", "a\nb\n\nc\n\nd e"),
        ("<p>a&nbsp;b &eacute;&#233;&#xe9; &amp;lt; &lt;p&gt; &hellip; &#146; &AMP x &foo;</p>",
         "a\u00a0b ééé &lt; <p> … ’ & x &foo;"),
        ("<p>so\u00adft&shy;ly \ufeffzero</p>", "softly zero"),
        ("<p>&nbsp;</p><p> </p><p>a</p>", "a"),
        ("<script>var p = '<p>no</p>';</script><p>a</p><style>no</style>", "a"),
        ("<script src='x'/><p>a</p>", "a"),
        ("<p>a<svg><text>no</text><svg>no</svg>no</svg>b<math><mi>x</mi></math>c</p>", "abc"),
        ("<p>a<svg:svg>no</svg:svg><img src='x' alt='no'/>b</p>", "ab"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢"),
        ("<p>a<sup><a href='#n'>1</a></sup> b<a href='#n'><sup>[12]</sup></a>.</p>", "a b."),
        ("a<a epub:type='noteref' href='#n'>*</a> b<a role='doc-noteref' href='#'>2</a>.",
         "a b."),
        ("<p>19<sup>th</sup> x<sup>2</sup> <a href='#'>a link</a> <a id='x'/>m<sup>2</sup></p>",
         "19th x2 a link m2"),
        ("<p><a href='#'>a<sup>very long note</sup></a></p>", "avery long note"),
        ("<p>a <b>b <i>c</b> d</i><p>e<div>f</p></div>g", "a b c d\n\ne\n\nf\n\ng"),
        ("<p>a < b & c <3 d > e</p>", "a < b & c <3 d > e"),
        ("<p class=\"x>a</p><p>b</p>", ""),
        ("<p>a<![CDATA[b < c]]>d</p>", "ab < c]]>d"),
        ("<p>a<![if x]>b<![endif]>c <!-- no --> <?no?> <!no>d</p>", "abc d"),
        ("<p>a</p><!-- never closed <p>no</p>", "a"),
        ("<p>a</p></svg></p></sup></pre></a></h1>b", "a\n\nb"),
        ("a", "a"),
        ("<p>a\x1b[2J\u202eb&#27;[0m&#x202e;&#xe000;</p>", "a [2Jb[0m"),
    ],
)  # fmt: skip
def test_what_is_text(body: str, expected: str) -> None:
    assert text(body) == expected


def test_a_file_that_ends_in_words() -> None:
    raw = f"<p>{FILLER}</p>last R&D".encode()
    assert parts(read_epub(book(raw))) == [("", f"{FILLER.strip()}\n\nlast R&D")]


def test_a_head_that_never_ends() -> None:
    raw = f"<html><head><title>x<body><p>{FILLER}</p>".replace("<title>x", "<meta>").encode()
    assert parts(read_epub(book(raw))) == [("", FILLER.strip())]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    raw = f"<p>é – {FILLER}</p>".encode(encoding)
    assert parts(read_epub(book(raw))) == [("", f"é – {FILLER}".strip())]


DTD = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://localhost/x.dtd"> %a;]>'


@pytest.mark.parametrize("head", [DTD, OUTSIDE, PARAMETER])
def test_entities_are_refused(head: str) -> None:
    metadata = METADATA.replace("The  Lamp", "&a;")
    package = opf("", "", head=head, metadata=metadata)
    with pytest.raises(InputError, match=r"^OEBPS/book\.opf declares entities, as only"):
        read_epub(book(more={"OEBPS/book.opf": package}))
    container = CONTAINER.replace("<container", head + "<container")
    with pytest.raises(InputError, match=r"^META-INF/container\.xml declares entities"):
        read_epub(book(more={"META-INF/container.xml": container}))
    # A chapter's entities are nothing to the reader of chapters, contents are done without.
    raw = book(
        f"{head}<p>&a; {FILLER}</p>".encode(),
        more={"OEBPS/toc.ncx": head + NCX[NCX.index("<ncx") :]},
        items=NCX_ITEM,
    )
    ((_, shown),) = parts(read_epub(raw))
    assert "root:" not in shown
    assert shown.endswith(FILLER.strip())


def encryption(uri: str, method: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{method}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{uri}"/></enc:CipherData></enc:EncryptedData></encryption>'
    )


def test_a_protected_book_is_refused() -> None:
    aes = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    body = f"<p>{FILLER}</p>"
    for uri in ("OEBPS/text/c0.xhtml", "OEBPS/text/c%30.xhtml"):
        raw = book(body, more={"META-INF/encryption.xml": encryption(uri, aes)})
        with pytest.raises(InputError, match=r"protected against copying \(DRM\)"):
            read_epub(raw)
    with pytest.raises(InputError, match="not valid XML"):
        read_epub(book(body, more={"META-INF/encryption.xml": "<"}))
    for uri, method in [
        ("OEBPS/font.otf", "http://www.idpf.org/2008/embedding"),
        ("OEBPS/text/c0.xhtml", "http://ns.adobe.com/pdf/enc#RC"),
        ("OEBPS/font.otf", aes),
    ]:
        raw = book(body, more={"META-INF/encryption.xml": encryption(uri, method)})
        assert len(read_epub(raw).chapters) == 1


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"text", "no zip archive"),
        (packed({}), "no EPUB, for it has no META-INF/container.xml"),
        (packed({"META-INF/container.xml": "<"}), "container.xml is not valid XML"),
        (packed({"META-INF/container.xml": "<?xml version='1' encoding='x'?><a/>"}), "valid"),
        (packed({"META-INF/container.xml": "<a/>"}), "does not name the book's package"),
        (packed({"META-INF/container.xml": CONTAINER}), "does not name the book's package"),
        (packed({"META-INF/container.xml": CONTAINER.replace("OEBPS", "..")}), "does not name"),
        (book(more={"OEBPS/book.opf": b"\xff\0"}), "book.opf is not valid"),
        (book(more={"OEBPS/book.opf": " " * 99 + "<a" * 2}), "book.opf is not valid"),
        (packed({"../x": "", "META-INF/container.xml": CONTAINER}), r"\.\./x: has a name with"),
        (book("a", more={"OEBPS/text/c0.xhtml": b"\0" * 9_000_000}), "100 times its size"),
        (book("", more={"META-INF/container.xml": os.urandom(3_000_001)}), "over 3 MB"),
    ],
)  # fmt: skip
def test_what_is_no_book(raw: bytes, part: str) -> None:
    with pytest.raises(InputError, match=part) as raised:
        read_epub(raw)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "href",
    ["../../secret.xhtml", "/OEBPS/secret.xhtml", "file:///OEBPS/secret.xhtml",
     "..%2f../secret.xhtml", "http://localhost/secret.xhtml", "%2e%2e/%2e%2e/secret.xhtml",
     "\\secret.xhtml", ""],
)  # fmt: skip
def test_a_reference_out_of_the_archive_means_nothing(href: str) -> None:
    item = f'<item id="s" href="{href}" media-type="application/xhtml+xml"/>'
    secret = xhtml(f"<p>secret {FILLER}</p>")
    raw = book(
        f"<p>{FILLER}</p>",
        items=item,
        spine='<itemref idref="s"/>',
        more={"secret.xhtml": secret, "OEBPS/secret.xhtml": secret},
    )
    assert len(read_epub(raw).chapters) == 1


def test_a_reference_within_the_archive() -> None:
    item = '<item id="s" href="./text/../../Ünï%20x.xhtml" media-type="text/html"/>'
    raw = book(
        items=item,
        spine='<itemref idref="s"/>',
        more={"U\u0308nï x.xhtml": f"<p>{FILLER}</p>"},
    )
    assert len(read_epub(raw).chapters) == 1


def test_a_book_of_tags_only_is_refused() -> None:
    noise = os.urandom(20_000).hex()
    with pytest.raises(InputError, match="over 1,000,000 tags"):
        read_epub(book(f"<p>{noise}" + "<" * 600_000, f"<p>{noise}" + "<" * 400_000))


def test_a_book_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(book(f"<p>{FILLER}</p>"))
    assert load_document(tmp_path / "a.epub").title == "The Lamp"
    untitled = opf("", "", metadata="")
    (tmp_path / "a.epub").write_bytes(book(more={"OEBPS/book.opf": untitled}))
    with pytest.raises(InputError, match=r"a\.epub has no text"):
        load_document(tmp_path / "a.epub")


PIECES = [
    *("<p>", "</p>", "<h1 id='a'>", "</h1>", "<sup>", "</sup>", "<a href='#'>", "</a>", "a "),
    *("<", "&amp;", "<br/>", "<svg>", "</svg>", "<script>", "</script>", "<!--", "-->", "<!["),
    *("]]>", "<!", "<?", "<![CDATA[", '"', "'", "<p a=", "/>", "\n", "<pre>", "</pre>", "</"),
    *("&#", "<body>"),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_any_chapter_is_read(body: str) -> None:
    for found in read_epub(book(f"<p>{FILLER}</p>" + body)).chapters:
        assert not set("\x1b\r\u202e") & set(found.text.shown)


@given(st.data())
def test_any_frame_is_a_book_or_refused(data: st.DataObject) -> None:
    raw = opf(NAV_ITEM + NCX_ITEM, '<itemref idref="nav"/>')
    at, end = sorted(data.draw(st.integers(0, len(raw))) for _ in range(2))
    changed = (
        raw[:at] + data.draw(st.text(st.sampled_from("<>/&\"' ax:"), max_size=4)) + raw[end:]
    )
    try:
        read_epub(
            book(f"<p>{FILLER}</p>", more={"OEBPS/book.opf": changed, "OEBPS/toc.ncx": NCX})
        )
    except InputError as error:
        assert str(error).isprintable()


MANY = 150_000


@pytest.mark.parametrize(
    "hostile",
    ["<!" * MANY, "<!--" * MANY, "<a " * MANY, "</" * MANY, "<" * MANY,
     "<![" * MANY, "<sup>" * 40_000, "<a href='" * 40_000, "&" * MANY,
     "<p a='\"" * 40_000,
     "<svg>" * 40_000, "<pre>" + "\n" * MANY, " " * MANY, "<b> </b>" * 100_000,
     "<script>" + "</" * MANY, "<?" * MANY, "<br>" * 40_000, "<a b " + "c=d\"" * 40_000,
     "<p>" * 40_000, "&#" * MANY, "<a" + " " * MANY, "<a" + "/" * MANY],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_no_chapter_takes_long(hostile: str) -> None:
    # Noise, so that it is not refused for how well it packs.
    noise = "<!-- " + os.urandom(40_000).hex() + " -->"
    raw = book(f"<p>{FILLER}</p>{noise}{hostile}")
    started = time.process_time()
    read_epub(raw)
    assert time.process_time() - started < 5
