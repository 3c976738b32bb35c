"""Letters and words of languages: what tells one encoding's text from another's rubbish.

In: nothing. Out: `LANGUAGES`, with the letters beyond ASCII that each writes (the commonest first) and a few words that
stand in headers and cells of catalogues. Only their rank counts, so that no table of somebody's texts is needed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

_FALLING = 0.8
"""A letter's share falls with its rank to this power: slower than words, as letters do."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language as it is written.

    Attributes:
        letters: the small letters that are not ASCII, the commonest first; of another script all of them.
        words: small-lettered words of catalogues, also such as are all ASCII.
        prior: the logarithm of how rare its files are, beside its neighbours'.
        ends_words: its letters stand at the end of words.
        accented: letters of which a word of small letters has one, unless it is short.
        followers: letter to the only letters that come after it within a word, for some of them.
    """

    name: str
    letters: str
    words: frozenset[str]
    prior: float = 0.0
    ends_words: bool = False
    followers: Mapping[str, str] = field(default_factory=dict)
    accented: frozenset[str] = frozenset()
    costs: Mapping[str, float] = field(init=False)
    """Letter to the logarithm of its share among ``letters``."""

    def __post_init__(self) -> None:
        weights = [(rank + 1) ** -_FALLING for rank in range(len(self.letters))]
        total = sum(weights)
        costs = {letter: math.log(weight / total) for letter, weight in zip(self.letters, weights, strict=True)}
        object.__setattr__(self, "costs", costs)

    @property
    def is_latin(self) -> bool:
        """Its other letters are ASCII's."""
        return self.letters[0] < "\u0370"


def _language(
    name: str,
    letters: str,
    words: str,
    *,
    prior: float = 0.0,
    ends_words: bool = False,
    followers: Mapping[str, str] | None = None,
    accented: str = "",
) -> Language:
    return Language(name, letters, frozenset(words.split()), prior, ends_words, followers or {}, frozenset(accented))


_FOLLOWERS = {"õ": "e", "ã": "oesi", "œ": "uisdntcl"}
"""Of the western languages that write them: elsewhere they are rubbish of Hungarian, Romanian and Polish letters."""

_WESTERN = (
    _language(
        "German",
        "üäöß",
        "artikel artikelnummer bezeichnung größe farbe höhe länge gewicht menge hersteller preis beschreibung für und"
        " mit lieferbar verfügbar stück kategorie währung einkaufspreis verkaufspreis",
    ),
    _language(
        "French",
        "éèàêçâôîûëùïœ",
        "référence désignation libellé prix marque catégorie quantité couleur hauteur largeur poids modèle pour avec"
        " été qualité produit numéro unité coloré être délai",
        followers=_FOLLOWERS,
    ),
    _language(
        "Spanish",
        "óíáéñúü",
        "código descripción precio nombre categoría artículo referencia tamaño año marca proveedor para con color"
        " cantidad algodón niño niños línea número unidad español española años página pequeño",
    ),
    _language(
        "Portuguese",
        "ãçáéóíõêâúôà",
        "código descrição preço nome categoria referência tamanho marca para com cor quantidade não açúcar peça"
        " promoção produto unidade estoque",
        followers=_FOLLOWERS,
    ),
    _language(
        "Italian",
        "àèùòìé",
        "codice descrizione prezzo nome categoria quantità marca colore peso altezza larghezza per con articolo"
        " disponibilità unità giacenza qualità è più",
        ends_words=True,
    ),
    _language(
        "Dutch",
        "ëéïöüèê",
        "artikelnummer omschrijving prijs naam merk kleur gewicht voorraad categorie met voor hoogte breedte"
        " geïsoleerd",
    ),
    _language(
        "Swedish",
        "äåöé",
        "artikelnummer benämning pris namn varumärke färg storlek höjd längd vikt för och med på beskrivning lager",
    ),
    _language(
        "Danish",
        "øåæé",
        "varenummer beskrivelse pris navn mærke farve størrelse højde længde vægt og til på med antal køb rød blå",
    ),
    _language("Norwegian", "øåæé", "varenummer beskrivelse pris navn merke farge størrelse høyde vekt og til på med"),
    _language("Finnish", "äöåšž", "tuote nimi hinta kuvaus väri koko määrä tuotenumero pituus leveys paino ja varasto"),
    _language("Icelandic", "íáðóöúþéæý", "vörunúmer heiti verð lýsing litur stærð og fyrir með þyngd", prior=-3.0),
    _language("Western European", "éäöüóáíàèçãñêåøæßúâôëîûïõœùìòýšžÿðþ", "", followers=_FOLLOWERS),
)
_CENTRAL = (
    _language(
        "Polish",
        "łążęóśćńź",
        "nazwa cena opis kod ilość producent marka kategoria symbol stan waga kolor wysokość szerokość długość"
        " rozmiar dla ze krzesło stół zł sztuk indeks towaru",
    ),
    _language(
        "Czech",
        "íáéěřýčžšůúťďňó",
        "název cena popis kód množství výrobce značka kategorie barva velikost výška šířka hmotnost pro skladem kč"
        " zboží číslo",
    ),
    _language(
        "Slovak",
        "íáéýčžšúľťňôďäóĺŕ",
        "názov cena popis kód množstvo výrobca značka kategória farba veľkosť výška šírka hmotnosť pre skladom",
    ),
    _language(
        "Hungarian",
        "áéőöíóüúű",
        "megnevezés ár cikkszám leírás név gyártó márka kategória mennyiség szín méret súly készlet bruttó nettó"
        " és termék magasság szélesség",
    ),
    _language(
        "Croatian and Slovene",
        "čšžćđ",
        "naziv cijena cena opis šifra količina proizvođač proizvajalec marka kategorija boja barva veličina težina"
        " teža zaliha za artikl artikel",
    ),
    _language(
        "Romanian",
        "ăîâţşțș",
        "denumire preţ preț descriere cod cantitate producător marcă categorie culoare mărime"
        " greutate stoc pentru şi și cu",
    ),
    _language("Central European", "áéíóčšžłöüýąęćřěňőśúżůđűńźťôăďâîäľţşĺŕ", ""),
)
_TURKISH = (
    _language(
        "Turkish",
        "ıİşüöçğâî",
        "ürün adı fiyat fiyatı açıklama kodu barkod marka kategori renk beden stok miktar ağırlık için ve adet"
        " yükseklik genişlik satış",
    ),
)
_BALTIC = (
    _language(
        "Lithuanian",
        "ėšųžįčūąę",
        "pavadinimas kaina aprašymas kodas kiekis gamintojas spalva dydis svoris prekė prekės ir su",
    ),
    _language(
        "Latvian", "āīēšūņļžķčģ", "nosaukums cena apraksts kods daudzums ražotājs krāsa izmērs svars prece un ar"
    ),
    _language("Estonian", "äõüöšž", "nimetus hind kirjeldus kood kogus tootja värv suurus kaal toode ja laos"),
    _language("Baltic", "āėšīūēžųčņįļąķęäõüöģ", ""),
)
_CYRILLIC = (
    _language(
        "Russian",
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        "артикул наименование цена описание название код бренд категория количество цвет размер вес остаток"
        " производитель для и с шт штрихкод товара",
    ),
    _language(
        "Ukrainian",
        "оаниівтерскдлмпузяьбгйчхцжїшюєщфґ",
        "артикул назва ціна опис код бренд категорія кількість колір розмір вага залишок виробник для та товару",
    ),
    _language(
        "Bulgarian",
        "аиотенрсвлкдпмзгъубячщцжйхшюфь",
        "артикул наименование цена описание код марка категория количество цвят размер тегло наличност за и със",
    ),
    _language(
        "Serbian and Macedonian", "аоиенртсјувкмдлпгзбчшцњжљхћђфџќѓѕ", "назив цена опис шифра количина боја тежина"
    ),
)
_GREEK = (
    _language(
        "Greek",
        "αοιετσνηυρπκμλςωάόίγδέήχθφύβξώζψϊϋΐΰ",
        "κωδικός περιγραφή τιμή όνομα κατηγορία ποσότητα χρώμα μέγεθος βάρος προϊόν μάρκα για και με απόθεμα",
        accented="άέήίόύώΐΰ",
    ),
)
_HEBREW = (
    _language("Hebrew", "יוהלארמתבשןםנדעקפכגחסטצזךףץ", "שם מחיר תיאור קוד כמות צבע מידה משקל מותג מוצר של ברקוד"),
)
_ARABIC = (
    _language(
        "Arabic",
        "اليمنوهرتبدسعكقحفةجطشصخأذزضإثغىءئآظؤ",
        "اسم السعر الوصف رقم الكمية اللون الحجم الوزن المنتج العلامة من في الفئة كود باركود",
    ),
    _language("Persian", "اينردهموتبسشلکزفگعخقجآحپصطچضذظثغژئ", "نام قیمت توضیحات کد رنگ وزن محصول برند و از"),
)
_THAI = (
    _language(
        "Thai",
        "านรอก่เงม้ยลวดทสัีตะปบิคหุแ์จพืำชูขใไซโ็ถผภศณญธษฟฉึฝฐฎฮฬ๊๋ฆฏฑฒฃฅฤฯๆ",
        "",
    ),
)

LANGUAGES: Mapping[str, tuple[Language, ...]] = {
    "western": _WESTERN,
    "central": _CENTRAL,
    "turkish": _TURKISH,
    "baltic": _BALTIC,
    "cyrillic": _CYRILLIC,
    "greek": _GREEK,
    "hebrew": _HEBREW,
    "arabic": _ARABIC,
    "thai": _THAI,
}

COMMON_KOREAN = frozenset(
    "이다의가는을에하고를한지은도로서사기어리자나시대일정인아들있수보스제부상전해그동적여성주장과공유국원비무경조신안연구화관계중용모"
    "라마면세소물들년게오터만명개내니바드으트치선미회발생우방음할교체문학회품코드격량재단위색크규분류제조브랜설번호무게의책상"
)
COMMON_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发"
    "成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己"
    "话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山"
    "五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲"
    "品名称价格商数量规颜色尺寸重克装包盒型号码条编库存单位描述类产地牌材质黑红蓝绿色米厘毫升套个只双件货款式销售采购供应"
)
COMMON_TRADITIONAL = frozenset(
    "的一是不了在人有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可裡後小麼心多天而能好都然沒日於起還發"
    "成事只作當想看文無開手用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己"
    "話兒者向情部正名定女問力機給等幾很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山"
    "五太水萬市眼體別處總才場師書比住員九笑性通目華報立馬命張活難神數件安表原車白應路期叫死常提感金何更反合放做系計或司利受光王果親"
    "品名稱價格商數量規顏色尺寸重克裝包盒型號碼條編庫存單位描述類產地牌材質黑紅藍綠色米厘毫升套個隻雙件貨款式銷售採購供應"
)
