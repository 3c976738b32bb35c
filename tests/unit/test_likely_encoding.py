"""Which encoding a file has that is not UTF-8: by its bytes, letters and words, and what its names may be."""

import codecs
import io
import random

import pytest

from chalicelib.errors import UnreadableFile
from chalicelib.formats.encodings import codec_named, public_name
from chalicelib.formats.likely_encoding import gather, likely_encoding

WESTERN = (
    "sku,name\nA,Men\u2019s shirt\n",
    "a;b\nx;12,50 \u20ac\n",
    "sku,name\nA,Caf\u00e9\n",
    "sku,name\nA,na\u00efve\n",
    "Artikel;Größe\n1;groß\n",
    "sku;name\n1;\u00dcbertopf\n",
    "SKU;NAME\n1;GR\u00d6SSE\n",
    "Référence;Désignation\n1;Été “x” – 3€\n",
    "codigo;descripcion\n1;Niño pequeño\n",
    "description;price\nJALAPEñO;1\nESPAñOL;2\nCASTAñAS;3\n",  # what programs make of capitals that know ASCII only
    "sku;name\n1;MONITOR 27¨ HD\n2;CABLE 6´ NEGRO\n3;5 AÑOS\n",
    "Varenr;Navn\n1;Rød kål\n2;Blå skærm\n",
    "id,nome\n1,Ação São João\n",
    "sku,name\n1,Acme\u00ae Bolt\u2122\n",
    "sku,name\n1,Size 5 \u2013 large\n",
    "sku,name\n1,25\u00b0C, 3 m\u00b2 \u00bd\n",
)
CENTRAL = (
    "kod;nazwa\n1;Krzesło ogrodowe żółte\n2;Stół dębowy\n3;Półka ścienna\n",
    "sku;nazwa\n1;Łóżko\n",
    "kód;název\n1;Židle dřevěná\n2;Stůl\n",
    "Cikkszám;Megnevezés\n1;Fűnyíró gép\n2;Kerti szék zöld, erős\n",
    "Šifra;Naziv\n1;Čaša\n2;Kuća za pse\n3;Žuti ćilim\n",
    "cod;denumire;preţ\n1;Masă şi scaun\n2;Lampă\n",
)
TURKISH = ("ürün kodu;ürün adı\n1;Sandalye kırmızı\n2;Işıklı masa\n", "sku;isim\n1;İstanbul Halısı\n")
CYRILLIC = (
    "артикул;наименование\n1;Стул деревянный\n2;Стол\n",
    "sku,name\n1,Лампа\n",
    "АРТИКУЛ;НАЗВА\n1;Їжа для котів\n",
)
GREEK = ("Κωδικός;Περιγραφή\n1;Καρέκλα ξύλινη\n",)
BALTIC = (
    "Prekė;Kaina\n1;Kėdė medinė žalia\n2;Šaukštas, ąžuolas\n",
    "Preces kods;Nosaukums\n1;Krēsls zaļš\n2;Galds ar kājām\n",
)
HEBREW = ("שם;מחיר\nכיסא עץ;10\nשולחן;20\n",)
ARABIC = ("اسم;السعر\nكرسي خشبي;10\nطاولة;20\n",)
THAI = ("รหัสสินค้า,ชื่อสินค้า,ราคา\n1,เก้าอี้ไม้,10\n2,โต๊ะ,20\n",)
JAPANESE = (
    "商品コード,商品名,価格\n1001,椅子 木製,1200\n1002,机 鉄製,5000\n",
    "品番,品名\n1,パイプ椅子（黒）\n",
)
HALF_WIDTH = ("ｺｰﾄﾞ,ﾒｲｼｮｳ\n1,ﾊﾟｲﾌﾟｲｽ\n2,ﾂｸｴ\n", "品番,品名\n1,ﾃｰﾌﾞﾙ 白\n")
SIMPLIFIED = ("商品编号,名称,价格\n1,木制椅子,10\n2,桌子,20\n3,红色台灯\n",)
TRADITIONAL = ("商品編號,名稱,價格\n1,木製椅子,10\n2,桌子,20\n3,紅色檯燈\n",)
KOREAN = ("상품코드,상품명,가격\n1,나무 의자,10\n2,책상,20\n",)

BY_ENCODING = {
    "cp1252": WESTERN,
    "cp1250": CENTRAL,
    "cp1254": TURKISH,
    "cp1251": CYRILLIC,
    "koi8_r": CYRILLIC[:2],
    "cp866": CYRILLIC[:2],
    "cp1253": GREEK,
    "cp1257": BALTIC,
    "cp1255": HEBREW,
    "cp1256": ARABIC,
    "cp874": THAI,
    "cp932": (*JAPANESE, *HALF_WIDTH),
    "euc_jp": JAPANESE,
    "gb18030": SIMPLIFIED,
    "big5": TRADITIONAL,
    "cp949": KOREAN,
    "mac_roman": ("Référence;Désignation\n1;Été à la plage\n2;Chaise en chêne\n", "sku,name\n1,caf\u00e9\n"),
    "cp850": ("Artikel;Größe\n1;groß schön\n2;Tür\n",),
    "cp852": CENTRAL[:1],
    "iso8859_2": ("kod;nazwa\n1;Krzesło ogrodowe żółte\n2;Stół dębowy, mąka\n3;Półka ścienna\n",),
}


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in BY_ENCODING.items() for text in texts])
def test_a_text_is_read_as_it_was_written(encoding, text, times):
    content = (text * times).encode(encoding)
    guess = likely_encoding(io.BytesIO(content))
    assert guess is not None
    assert content.decode(guess.encoding) == text * times


SIGNS = (
    "10 €|€ 10|25 °C|Acme®|½ inch|1/2´|6´ cable|don´t|Men’s|5 – 10|5–10|“best”|„gut“|«bon»|3 m²|x × y|100 µm|§ 5"
    "|• point|wait…|Acme™|© 2026|Nº 5|±5|£5|3¾|20’|12”|10‰|soft\u00a0space|90° elbow|Ø10 mm|¡Hola!|naïve|Ángel"
)
WORDS = {
    "cp1252": "AÑO|Página|PIÑA|CAFÉ|Café|Œuf de Pâques|FENÊTRE À GUILLOTINE|CRÈME BRÛLÉE|Gürtel, groß|KÜHLSCHRANK|TÜR"
    "|Öl|MAÇÃ|maçã|Pão de queijo|FEIJÃO|LIMÕES|Qualità|QUALITÀ|Geïsoleerd|Smörgås|SMÖRGÅS|RØDKÅL|Rød|BLÅBÆR|ÆGTE LÆDER"
    "|PÖYTÄ|Þorskur íslenskt|¿Qué?|Noël|L’été|NIÑO PEQUEÑO",
    "cp1250": "ŁÓŻKO|Żarówka|ŻARÓWKA|Mleko łaciate|świeca|ŚWIECA|Płyta|ŻÓŁTY SER|Růže|ŠROUB|Šroubovák plochý|TĚSNĚNÍ"
    "|Szőnyeg|SZŐNYEG|Fűnyíró|Csővég|ČAŠA|KUĆIŠTE|ŽARULJA|Mărime şi culoare|BÝVANIE, STOLIČKA ĽAHKÁ",
    "cp1254": "KIRMIZI IŞIK|Işık|KUMAŞ|BÜYÜK ŞİŞE|ayakkabı|DOĞAL TAŞ",
    "cp1257": "KĖDĖ ŽALIA|Lentyna ąžuolinė|Krēsls, galds ar kājām",
    "cp1251": "Стул|СТУЛ ДЕРЕВЯННЫЙ|Крісло|КРІСЛО ЖОВТЕ|Ключ гаечный|№ 5 Болт|Ябълка|ШТ|шт|Г-образный",
    "koi8_r": "Стул деревянный|ГАЙКА БОЛТ",
    "cp866": "Стул деревянный|ГАЙКА БОЛТ",
    "cp1253": "Καρέκλα|ΚΑΡΕΚΛΑ ΞΥΛΙΝΗ",
    "cp1255": "שולחן",
    "cp1256": "كرسي خشبي|طاولة",
    "cp874": "เก้าอี้ไม้",
    "cp932": "椅子|テーブル",
    "gb18030": "木制椅子",
    "big5": "木製椅子",
    "cp949": "나무 의자",
    "mac_roman": "CRÈME BRÛLÉE|Größe|GRÖSSE|café|Maçã",
    "cp850": "Größe schön|GRÖSSE, TÜR|CAFÉ CRÈME|PEQUEÑO NIÑO",
    "cp852": "Krzesło żółte|KRZESŁO ŻÓŁTE",
    "iso8859_2": "MĄKA ŚWIEŻA|Krzesło, mąka ścienna",
}


@pytest.mark.parametrize("times", [1, 30])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((encoding, word) for encoding, words in WORDS.items() for word in words.split("|")),
        *(("cp1252", sign) for sign in SIGNS.split("|")),
    ],
)
def test_one_odd_cell_tells_as_well(encoding, text, times):
    content = ("sku;name;price\n" + f"1;{text};10.50\n2;Plain;5\n" * times).encode(encoding)
    guess = likely_encoding(io.BytesIO(content))
    assert guess is not None
    assert text in content.decode(guess.encoding)


def test_few_words_name_their_rival():
    guess = likely_encoding(io.BytesIO("sku;name\n1;Křeslo\n".encode("cp1250")))
    assert guess is not None
    assert (guess.encoding, guess.rival, guess.example) == ("cp1252", "cp1250", ("Køeslo", "Křeslo"))


@pytest.mark.parametrize("content", ["sku,name\nA,Größe", "Größe"])
def test_the_last_line_counts_though_nothing_ends_it(content):
    assert gather(io.BytesIO(content.encode("cp1252"))).lines == [content.split("\n")[-1].encode("cp1252")]


def test_the_first_odd_byte_may_come_late():
    content = b"sku,name\n" + b"A,plain\n" * 200_000 + "B,Krzesło\nC,Stół dębowy\nD,Żółta półka\n".encode("cp1250")
    guess = likely_encoding(io.BytesIO(content))
    assert guess is not None
    assert guess.encoding == "cp1250"


def test_an_encoding_that_cannot_read_the_whole_file_is_none_of_it():
    content = "sku,name\nA,Café\n".encode("cp1252") + b"B,plain\n" * 100_000 + "C,Müller \x8d\n".encode("latin-1")
    guess = likely_encoding(io.BytesIO(content))
    assert guess is None or guess.encoding != "cp1252"


def test_two_readings_that_cannot_be_told_apart_are_both_told():
    guess = likely_encoding(io.BytesIO("sku,name\n1,Şapka\n".encode("cp1254")))
    assert guess is not None
    assert (guess.encoding, guess.rival, guess.example) == ("cp1254", "cp1250", ("Şapka", "Ţapka"))
    assert 'It could also be windows-1250, which would make "Ţapka" of "Şapka"' in guess.note()


@pytest.mark.parametrize(
    "content",
    [
        "sku,name\nA,Größe\nB,Müller\n".encode() + b"C,Stra\xdfe\n",
        b"sku,n\xc3\xa9\nA,x\xc3,\xc3\xa9\n",
    ],
)
def test_damaged_utf8_is_nothing_else(content):
    assert gather(io.BytesIO(content)).is_damaged_utf8
    assert likely_encoding(io.BytesIO(content)) is None


def test_rubbish_is_no_text():
    rnd = random.Random(3)
    words = [bytes(rnd.choices(range(0x80, 0x100), k=rnd.randint(2, 9))) for _ in range(300)]
    assert likely_encoding(io.BytesIO(b"sku,name\n" + b"\n".join(words))) is None


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "codec"),
    [
        ("windows-1252", "cp1252"),
        ("Windows1250", "cp1250"),
        ("CP-1251", "cp1251"),
        ("ANSI", "cp1252"),
        ("latin1", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("iso-8859-15", "iso8859-15"),
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("windows-31j", "cp932"),
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("euc-kr", "cp949"),
        ("utf8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("us-ascii", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("macintosh", "mac-roman"),
        ("dos-850", "cp850"),
    ],
)
def test_an_encoding_has_many_names(said, codec):
    assert codec_named(said) == codec


@pytest.mark.parametrize(
    "said", ["klingon", "base64", "punycode", "utf-7", "iso-2022-jp", "hz", "utf\0-8", "windows-9"]
)
def test_what_no_file_can_have_is_refused(said):
    with pytest.raises(UnreadableFile):
        codec_named(said)


@pytest.mark.parametrize("encoding", [*BY_ENCODING, "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "iso8859_15"])
def test_a_public_name_can_be_said(encoding):
    name = codecs.lookup(encoding).name
    assert codec_named(public_name(name)) == name
    assert codec_named(public_name(encoding)) == name
