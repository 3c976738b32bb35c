"""The words that cells are written in: yes and no, months, and what a price is for.

Out: look-ups by case-folded word. Built by language, from how people of it write; a word that means two things (the
``listopad`` of Prague and of Zagreb) is in the look-up with both, for the reader to refuse.
"""

from collections.abc import Mapping

_YES = (
    "true t yes y 1 on x ✓ ✔ ☑ √ ○ ok o.k. o wahr vrai vero verdadero verdadeiro verdader waar sant sand sann tosi "
    "tõsi prawda pravda igaz adevărat adevarat doğru dogru истина так правда αληθές taisnība tiesa oui ja j já si "
    "sí sì s sim tak ano áno igen da kyllä joo evet да д ναι bai jah jā taip tá はい 有 "
    "有り あり 是 对 對 真 예 네 참 có đúng "
    "ya ใช่ จริง हाँ हां נכן כן نعم صحيح بله بلی evət bəli иә այո კი ndiyo"
)
_NO = (
    "false f no n 0 off ✗ ✘ ☐ × falsch faux falso fals falsk onwaar usann epätosi väär fałsz falsz nepravda hamis "
    "yanlış yanliş yanlis ложь неправда ψευδές aplams klaidinga netiesa non nein não nao nee nie ne nem nu nej nei "
    "ei hayır hayir нет не н ні όχι ez nē níl いいえ 無 無し なし 否 无 不 不是 错 錯 "
    "假 아니요 아니오 아님 거짓 không sai tidak bukan hindi "
    "ไม่ ไม่ใช่ เท็จ नहीं לא لا خطأ خیر نه xeyr yox жоқ ոչ არა hapana"
)
_ACTIVE = (
    "active enabled published aktiv aktiviert actif activé activo activado activa attivo attiva ativo "
    "ativa actief aktywny aktywna aktywne aktywny aktívny aktivní aktivno aktivan aktivna aktiivinen aktiivne "
    "aktīvs aktyvus activ aktif активен активна активно активный активна активний ενεργό ενεργός "
    "有効 公開 启用 啟用 上架 활성 "
    "사용 aktív نشط فعال"
)
_INACTIVE = (
    "inactive disabled unpublished inaktiv deaktiviert inactif désactivé inactivo desactivado inactiva "
    "inattivo disattivo disattivato inattiva inativo inativa inactief nieaktywny nieaktywna nieaktywne neaktívny "
    "neaktivní neaktivno neaktivan neaktivna epäaktiivinen mitteaktiivne neaktīvs neaktyvus inactiv pasif "
    "неактивен неактивна неактивно неактивный неактивна неактивний ανενεργό ανενεργός 無効 非公開 "
    "禁用 停用 下架 비활성 미사용 "
    "inaktív"
)


def _meaning(yes: str, no: str) -> dict[str, bool]:
    """Word to what it says."""
    words: dict[str, bool] = dict.fromkeys(yes.split(), True)
    return words | dict.fromkeys(no.split(), False)


STATES = _meaning(_ACTIVE, _INACTIVE)
"""States a record is in. They say yes or no only where both are used: beside ``active`` a shop may have ``draft``."""

BOOLEANS = STATES | _meaning(_YES, _NO)

PLACEHOLDERS = frozenset(
    "- -- --- – — . .. ... … / ? ?? n/a #n/a na n.a. n.a n/d nd n.d. s/d s/n n/v n.v. #nv k.a. k.a k/a #n/d #n/b "
    "null (null) <null> \\n none nil nan undefined tbd tba n/b nvt n.v.t. b.d. brak нет н/д 無し なし 暂无 无".split()
)
"""What people and programs write, case-folded, where there is no value. Only a text field keeps it as one."""

_MONTHS_BY_LANGUAGE = (
    # Full names, then the forms they have in dates, then short ones. One line a language and kind, January first.
    "january february march april may june july august september october november december",  # en
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "- - - - - june july - sept - - -",
    "januar februar märz april mai juni juli august september oktober november dezember",  # de
    "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "jän feber maerz - - - - - sept - - -",
    "jänner - mär - - - - - - - - -",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",  # fr
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "jan fev - - - - juill aout - - - dec",
    "- fevrier - - - - - - - - - decembre",
    "- fév - - - - jui - - - - -",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",  # es
    "ene feb mar abr may jun jul ago sept oct nov dic",
    "- - - - - - - - setiembre - - -",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",  # it
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",  # pt
    "jan fev mar abr mai jun jul ago set out nov dez",
    "- - marco - - - - - - - - -",
    "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",  # ca
    "januari februari maart april mei juni juli augustus september oktober november december",  # nl
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "januari februari mars april maj juni juli augusti september oktober november december",  # sv
    "jan feb mar apr maj jun jul aug sep okt nov dec",
    "januar februar marts april maj juni juli august september oktober november december",  # da
    "januar februar mars april mai juni juli august september oktober november desember",  # no
    "jan feb mar apr mai jun jul aug sep okt nov des",
    "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu",  # fi
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta - - -",
    "- - - - - - - - - lokakuuta marraskuuta joulukuuta",
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember",  # et
    "janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris",  # lv
    "sausis vasaris kovas balandis gegužė birželis liepa rugpjūtis rugsėjis spalis lapkritis gruodis",  # lt
    "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio",
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",  # pl
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",  # cs
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "led úno bře dub kvě čvn čvc srp zář říj lis pro",
    "január február marec apríl máj jún júl august september október november december",  # sk
    "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    "január február március április május június július augusztus szeptember október november december",  # hu
    "jan febr márc ápr máj jún júl aug szept okt nov dec",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",  # ro
    "ian feb mar apr mai iun iul aug sept oct noi dec",
    "siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac",  # hr
    "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca",
    "sij velj ožu tra svi lip srp kol ruj lis stu pro",
    "januar februar marec april maj junij julij avgust september oktober november december",  # sl
    "januarja februarja marca aprila maja junija julija avgusta septembra oktobra novembra decembra",
    "januar februar mart april maj jun jul avgust septembar oktobar novembar decembar",  # sr
    "јануар фебруар март април мај јун јул август септембар октобар новембар децембар",
    "януари февруари март април май юни юли август септември октомври ноември декември",  # bg
    "јануари февруари март април мај јуни јули август септември октомври ноември декември",  # mk
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",  # ru
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "- февр - - - - - - сент - нояб -",
    "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",  # uk
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος οκτώβριος - -",  # el
    "- - - - - - - - - - νοέμβριος δεκέμβριος",
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου - -",
    "- - - - - - - - - - νοεμβρίου δεκεμβρίου",
    "ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",  # tr
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "januari februari maret april mei juni juli agustus september oktober november desember",  # id
    "januari februari mac april mei jun julai ogos september oktober november disember",  # ms
)
_MONTHS_OF_A_YEAR = 12


def _months() -> dict[str, frozenset[int]]:
    """Case-folded word to the numbers of the months it names."""
    found: dict[str, set[int]] = {}
    for line in _MONTHS_BY_LANGUAGE:
        for number, word in enumerate(line.split(), start=1):
            if word != "-":
                found.setdefault(word.casefold(), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


MONTHS: Mapping[str, frozenset[int]] = _months()

PIECES = frozenset(
    "st stk stck stück stuck stueck pc pcs piece pieces ea each unit units item items u ud uds unid unidad un pz "
    "pza pieza pezzo pezzi pièce pce szt sztuka ks kus kusy db darab kom buc шт штука τεμ adet ad tk gab vnt kpl "
    "kappale styck 個 点 台 本 枚 个 件 只 개 cái chiếc pieza pça peça".split()
)
"""What one of something is called: a price for it is the price."""
