"""Suggest, words of traits: colour to condition, and what a column may be instead, by meaning and language.

Written as ``words_identity`` explains.
``option`` and ``setting`` belong to no concept: a header that holds one is not the concept its other words name.
"""

from chalicelib.suggest.headers import Words

TRAITS: Words = {
    "color": {
        "en": "color colour colors colours clr shade hue",
        "fr": "couleur couleurs coloris teinte",
        "de": "farbe farben farbton farbname farbbezeichnung grundfarbe rahmenfarbe gehausefarbe",
        "es": "color colores tono",
        "it": "colore colori tinta",
        "pt": "cor cores",
        "ca": "color",
        "gl": "cor",
        "eu": "kolorea",
        "ro": "culoare culoarea culori culorii",
        "nl": "kleur kleuren",
        "af": "kleur",
        "sv": "farg farger kulor",
        "da": "farve farver",
        "nb": "farge farger",
        "is": "litur",
        "fi": "vari varit",
        "et": "varv varvus",
        "pl": "kolor kolory barwa kolorystyka barwy kolor_podstawowy",
        "cs": "barva barvy",
        "sk": "farba farby",
        "hu": "szin szine",
        "hr": "boja",
        "sr": "boja боја",
        "sl": "barva",
        "mk": "боја",
        "bg": "цвят цветове",
        "ru": "цвет цвета расцветка cvet tsvet",
        "uk": "колір кольори кольору kolir",
        "be": "колер",
        "kk": "түсі түс",
        "uz": "rangi rang",
        "lv": "krasa",
        "lt": "spalva",
        "sq": "ngjyra",
        "ga": "dath",
        "mt": "kulur",
        "lb": "faarf",
        "el": "χρωμα χρωματα χρωματος xroma chroma",
        "tr": "renk rengi renkler",
        "az": "reng rengi",
        "ka": "ფერი",
        "hy": "գույն",
        "ar": "لون الوان",
        "he": "צבע צבעים",
        "fa": "رنگ",
        "ur": "رنگ",
        "hi": "रंग",
        "bn": "রং",
        "th": "สี",
        "vi": "mau mau_sac",
        "id": "warna",
        "fil": "kulay",
        "sw": "rangi",
        "ja": "色 カラー",
        "zh": "颜色 色 顏色 颜色分类 色号 色彩",
        "ko": "색상 컬러 색 색깔",
    },
    "material": {
        "en": "material materials fabric composition matl mtrl fabric_type fabrics outer_material shell_material "
        "material_type",
        "fr": "matiere matiere_principale composition materiau matieres tissu revetement",
        "de": "material werkstoff materialien zusammensetzung materialangabe stoff obermaterial gewebe aussenmaterial",
        "es": "material composicion materiales tejido tela",
        "it": "materiale composizione materiali tessuto",
        "pt": "material composicao materiais tecido",
        "ca": "material composicio",
        "gl": "material",
        "eu": "materiala",
        "ro": "material compozitie materiale",
        "nl": "materiaal samenstelling stof",
        "af": "materiaal",
        "sv": "material sammansattning tyg",
        "da": "materiale stof",
        "nb": "materiale stoff",
        "is": "efni",
        "fi": "materiaali materiaalit kangas",
        "et": "materjal koostis",
        "pl": "material sklad materialu tworzywo materialy tkanina materialowy sklad_materialowy",
        "cs": "material slozeni latka",
        "sk": "material zlozenie materialy",
        "hu": "anyag osszetetel anyaga alapanyag",
        "hr": "materijal sastav",
        "sr": "materijal sastav материјал састав",
        "sl": "material sestava",
        "mk": "материјал",
        "bg": "материал материали състав",
        "ru": "материал состав материалы состав_материала ткань material sostav материал_изготовления",
        "uk": "матеріал склад_тканини тканина тканини",
        "kk": "материалы",
        "lv": "materials sastavs",
        "lt": "medziaga sudetis",
        "sq": "materiali",
        "ga": "abhar",
        "el": "υλικο συνθεση υλικα",
        "tr": "materyal kumas malzemesi hammadde malzeme_cinsi",
        "az": "material",
        "ka": "მასალა",
        "hy": "նյութ",
        "ar": "خامة المادة_المصنوعة قماش",
        "he": "חומר בד הרכב",
        "fa": "جنس_محصول",
        "hi": "सामग्री",
        "th": "วัสดุ",
        "vi": "chat_lieu",
        "id": "bahan",
        "ja": "素材 材質 原材料",
        "zh": "材质 材料 材質 面料 成分 主要材质",
        "ko": "소재 재질 재료 원단",
    },
    "gender": {
        "en": "gender sex target_gender gndr",
        "fr": "genre sexe sexes genre_cible sexe_cible",
        "de": "geschlecht zielgeschlecht zielgruppe_geschlecht",
        "es": "genero sexo",
        "it": "genere sesso",
        "pt": "genero sexo",
        "ca": "genere sexe",
        "gl": "xenero sexo",
        "eu": "generoa",
        "ro": "gen sex",
        "nl": "geslacht",
        "af": "geslag",
        "sv": "kon",
        "da": "kon",
        "nb": "kjonn",
        "is": "kyn",
        "fi": "sukupuoli",
        "et": "sugu",
        "pl": "plec plci",
        "cs": "pohlavi",
        "sk": "pohlavie",
        "hu": "nem neme",
        "hr": "spol",
        "sr": "pol пол",
        "sl": "spol",
        "mk": "пол",
        "bg": "пол",
        "ru": "пол пола pol",
        "uk": "стать",
        "lv": "dzimums",
        "lt": "lytis",
        "sq": "gjinia",
        "el": "φυλο",
        "tr": "cinsiyet cinsiyeti",
        "az": "cins",
        "ar": "جنس",
        "he": "מגדר מין",
        "fa": "جنسیت",
        "hi": "लिंग",
        "th": "เพศ",
        "vi": "gioi_tinh",
        "id": "jenis_kelamin jantina",
        "ja": "性別 性別区分 対象性別",
        "zh": "性别 性別 适用性别",
        "ko": "성별 성별구분",
    },
    "condition": {
        "en": "condition item_condition cond conditions",
        "fr": "etat condition",
        "de": "zustand",
        "es": "condicion estado_del_producto estado_articulo",
        "it": "condizione condizioni",
        "pt": "condicao",
        "ca": "condicio",
        "ro": "conditie stare",
        "nl": "conditie staat toestand",
        "sv": "skick skicket",
        "da": "stand tilstand standen",
        "nb": "tilstand",
        "is": "astand",
        "fi": "kunto",
        "et": "seisukord",
        "pl": "stan_produktu kondycja stan_towaru stan_przedmiotu",
        "cs": "stav_zbozi",
        "sk": "stav_tovaru",
        "hu": "allapot",
        "hr": "stanje",
        "sr": "stanje_artikla стање_артикла",
        "sl": "stanje",
        "mk": "состојба",
        "bg": "състояние",
        "ru": "состояние",
        "uk": "стан",
        "lv": "stavoklis",
        "lt": "bukle",
        "el": "κατασταση_προϊοντος κατασταση_ειδους",
        "tr": "kondisyon",
        "ar": "حالة_المنتج",
        "he": "מצב",
        "fa": "وضعیت_کالا",
        "th": "สภาพ",
        "vi": "tinh_trang",
        "id": "kondisi keadaan",
        "ja": "状態 コンディション 商品の状態 新品 中古",
        "zh": "新旧 成色 商品状况 新旧程度",
        "ko": "상품상태 제품상태",
    },
    "option": {
        "en": "option options attribute attributes property properties custom field fields modifier feature "
        "metafield value_of personalization choice variation_theme attr attrib attrs attribut udf user_defined opt "
        "opt1 swatch field1 variation_name",
        "fr": "attribut attributs option options valeur caracteristique personnalise champ propriete",
        "de": "attribut attribute eigenschaft merkmal option zusatzfeld freifeld feld benutzerdefiniert auspragungen",
        "es": "atributo atributos opcion opciones propiedad campo personalizado caracteristica",
        "it": "attributo attributi opzione opzioni proprieta campo personalizzato",
        "pt": "atributo atributos opcao opcoes propriedade campo personalizado",
        "ca": "atribut opcio camp",
        "ro": "atribut atribute optiune proprietate camp",
        "nl": "attribuut attributen optie opties eigenschap veld",
        "sv": "attribut egenskap alternativ falt",
        "da": "attribut egenskab valgmulighed felt",
        "nb": "attributt egenskap valg felt",
        "fi": "ominaisuus attribuutti valinta kentta",
        "et": "atribuut omadus valik vali",
        "pl": "atrybut atrybuty opcja opcje wlasciwosc pole cecha parametr",
        "cs": "atribut atributy vlastnost parametr volba pole",
        "sk": "atribut atributy vlastnost parameter volba",
        "hu": "tulajdonsag jellemzo attributum opcio mezo",
        "hr": "atribut atributi opcija svojstvo polje",
        "sr": "atribut atributi opcija osobina polje атрибут опција особина",
        "sl": "atribut lastnost moznost polje",
        "bg": "атрибут атрибути опция опции характеристика свойство параметър поле",
        "ru": "атрибут атрибуты свойство опция параметр характеристика поле",
        "uk": "атрибут властивість опція параметр характеристика поле",
        "lv": "atributs ipasiba opcija",
        "lt": "atributas savybe pasirinkimas",
        "el": "χαρακτηριστικο ιδιοτητα επιλογη",
        "tr": "ozellik nitelik secenek alan",
        "ar": "خيار خاصية سمة خيارات",
        "he": "מאפיין אפשרות שדה",
        "vi": "thuoc_tinh tuy_chon",
        "id": "atribut opsi pilihan",
        "ja": "属性 オプション 項目 項目選択肢 選択肢 選択 選択肢別",
        "zh": "属性 选项 屬性 自定义字段",
        "ko": "옵션 속성 항목",
    },
    "setting": {
        "en": "marketplace "
        "config configuration settings rule rules layout template design theme page display account accounting "
        "grouped upsell upsells cross cross_sells crosssell related similar associated linked linked_to set mode "
        "format action duration template_name feed service method ads adwords grouping ad campaign tracker "
        "inventory_policy inventory_tracker website websites view sitemap robots password author username user "
        "customer_reviews review reviews rating ratings score votes views clicks attribute_set bundle_items "
        "components component ingredients allergens nutrition hazard hazardous certificate certification energy "
        "efficiency patent eligibility audience age pattern style season year occasion sport fit neckline sleeve "
        "country origin made hs tariff customs intrastat commodity harmonized warranty guarantee return returns "
        "refund shipping freight ship carrier postage fragile battery isbn_author edition pages version "
        "revision mid up_sell also_bought coo hts hscode tax_class tax_code abc warranty_period seller_name "
        "shelf_life storage hazmat un_number dangerous lot_number serial serialized batch expiry_tracking "
        "discount_group commission_group gl ledger income_account asset_account expense_account shipping_profile "
        "handling_class size_system size_type royalty buyer planner stocked_by group_permission eco_score "
        "nutri_score cpc bid visibility asin custom_label_0 custom_label_1 custom_label_2 custom_label_3 "
        "custom_label_4 price_unit brand_website price_level price_code price_group total_sales created_by "
        "modified_by updated_by added_by last_modified_by last_sale purchase_unit purchase_uom purchasing_uom "
        "unit_count quantity_interval price_quantity no_cu_per_ou",
        "fr": "reglage modele_page groupes_de_produits produits_suggeres ventes_croisees expedition "
        "classe_d_expedition bouton avis pays origine douane garantie retour saison age composant usage finition "
        "public_cible port nomenclature code_douanier nomenclature_douaniere transporteur saisons duree_de_garantie "
        "classe_energetique normes norme conservation allergenes unite_de_prix cree_par modifie_par unite_prix "
        "unite_de_colisage unite_d_achat derniere_vente date_derniere_vente",
        "de": "kopf "
        "einstellung vorlage konto verwandte zubehor versand versandkosten bewertung bewertungen land ursprung "
        "herkunft zolltarif zolltarifnummer garantie saison jahr stil muster ruckgabe gefahrgut inhaltsstoffe "
        "allergene erlose erloskonto buchung preisliste fracht steuerklasse steuerschlussel versandklasse "
        "altersfreigabe abc_klasse kostenstelle energieeffizienz energieeffizienzklasse seriennummer chargenpflicht "
        "preisgruppe rabattgruppe kundengruppe kundengruppen preiseinheit un_nummer lieferantennummer lieferantennr "
        "lieferanten_nr bildtitel erstellt_von geandert_von angelegt_von bearbeitet_von einkaufseinheit "
        "letzter_verkauf bestelleinheit",
        "es": "configuracion plantilla cuenta relacionados envio valoracion pais origen arancel arancelaria garantia "
        "temporada edad componente patron estilo flete resenas gestionado partida_arancelaria codigo_arancelario "
        "clase_de_impuesto temporadas sat objeto_impuesto seccion_aduanera creado_por modificado_por actualizado_por "
        "unidad_de_compra ultima_venta",
        "it": "configurazione modello_pagina conto correlati spedizione recensioni paese origine dogana garanzia "
        "stagione eta componente stile doganale trasporto nomenclatura_combinata garanzie stagionalita "
        "classe_energetica creato_da modificato_da unita_di_acquisto ultima_vendita esente_iva",
        "pt": "configuracao conta relacionados envio frete avaliacao pais origem garantia estacao idade estilo ncm "
        "ncm_sh aduaneira cest cfop cst csosn tipi gtin_embalagem classe_fiscal meses_garantia valor_do_iva "
        "valor_do_ipi valor_iva criado_por modificado_por atualizado_por alterado_por unidade_de_compra ultima_venda "
        "nome_da_variacao valor_da_variacao",
        "ca": "pais origen garantia temporada enviament",
        "ro": "setare sablon similare transport recenzie tara origine garantie sezon valoare_tva creat_de "
        "unitate_de_achizitie unitate_achizitie",
        "nl": "instelling sjabloon rekening gerelateerd verzending beoordeling land herkomst garantie seizoen "
        "leeftijd douane oorsprong goederencode garantieperiode energielabel aangemaakt_door gewijzigd_door "
        "inkoopeenheid laatste_verkoop",
        "sv": "installning mall relaterade frakt recension land ursprung garanti sasong tullkod ursprungsland "
        "tillverkningsland skapad_av andrad_av postnummer inkopsenhet",
        "da": "indstilling skabelon relaterede fragt anmeldelse land oprindelse garanti toldtarif toldnummer "
        "oprettet_af aendret_af postnummer indkobsenhed",
        "nb": "innstilling mal_side relaterte frakt anmeldelse land opprinnelse garanti tolltariff opprettet_av "
        "endret_av postnummer innkjopsenhet",
        "is": "land uppruni abyrgd",
        "fi": "asetus malli_sivu liittyvat toimituskulu arvostelu maa alkupera alkuperamaa takuu tullinimike "
        "valmistusmaa postinumero ostoyksikko",
        "et": "riik paritolu garantii",
        "pl": "roznica "
        "ustawienia szablon powiazane wysylkowy ocena kraj pochodzenia gwarancja sezon wiek cn pkwiu celny "
        "styl producent_odpowiedzialny gpsr gwarancji okres_gwarancji klasa_energetyczna przesylki cennik_dostawy "
        "jednostka_ceny utworzone_przez utworzyl zmodyfikowal jednostka_zakupu ostatnia_sprzedaz",
        "cs": "nastaveni sablona souvisejici doprava hodnoceni zeme puvod puvodu zaruka sezona vek heureka zbozi_cz "
        "celni zarucni celni_sazebnik recenze merna_cena vytvoril upravil zmenil nakupni_jednotka posledni_prodej "
        "prepocet",
        "sk": "nastavenie sablona suvisiace doprava hodnotenie krajina povod zaruka krajina_povodu zarucna "
        "nakupna_jednotka posledny_predaj",
        "hu": "beallitas sablon kapcsolodo szallitasi_dij ertekeles orszag szarmazas garancia jotallas "
        "szarmazasi_orszag vtsz garancialis letrehozta beszerzesi_egyseg",
        "hr": "zemlja podrijetlo jamstvo garancija carinska tarifa povezani",
        "sr": "zemlja poreklo garancija uvoznik carinska tarifni povezani земља порекло гаранција",
        "sl": "drzava poreklo garancija",
        "mk": "земја потекло гаранција",
        "bg": "настройка шаблон свързани отзиви рейтинг държава произход гаранция сезон възраст тарифен митнически",
        "ru": "настройка шаблон похожие сопутствующие отзывы рейтинг страна происхождения гарантия сезон возраст "
        "тнвэд страна_производства тн_вэд гарантийный сертификат сезонность условия_хранения strana garantiya "
        "единица_цены единица_закупки последняя_продажа",
        "uk": "шаблон схожі супутні відгуки рейтинг країна походження гарантія сезон вік уктзед гарантійний_термін "
        "html_заголовок html_опис одиниця_закупівлі останній_продаж",
        "lv": "valsts izcelsmes garantija",
        "lt": "salis kilmes garantija",
        "el": "χωρα προελευσης εγγυηση αποστολη μεταφορικα",
        "tr": "ayar sablon benzer kargo_ucreti yorum ulke mensei garanti sezon yas gtip garanti_suresi uretim_yeri "
        "olusturan guncelleyen alis_birimi",
        "ar": "بلد منشا ضمان شحن الشحن",
        "he": "ארץ מקור אחריות משלוח",
        "vi": "xuat_xu bao_hanh",
        "id": "negara garansi asal ongkir pengiriman",
        "ja": "設定 関連商品 送料 レビュー 原産国 産地 保証 シーズン 季節 年齢 セット 生産国 製造国 税区分 送料区分1 "
        "配送方法 ポイント付与率 消費期限 賞味期限 関連 おまけ のし 消費税区分 課税区分 作成者 更新者 仕入単位",
        "zh": "设置 模板 关联 运费模板 评价 产地 原产地 保修 季节 年龄 海关 原产国 生产国 质保 保质期 适用年龄 运费 "
        "供货周期 售后 税收分类编码 保存期限 有效期限 税额 稅額 序列号 创建人 修改人 更新人 采购单位",
        "ko": "설정 템플릿 관련상품 배송비 리뷰 원산지 제조국 보증 시즌 연령 원산지정보 배송방법 반품 교환 as 인증 "
        "제조일자 유효기간 적립금 과세여부 과세구분 등록자 수정자 매입단위",
    },
}
"""Meaning to language to words."""
